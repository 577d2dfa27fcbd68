"""The gateway that keeps every answer."""

__version__ = "0.1.0"
