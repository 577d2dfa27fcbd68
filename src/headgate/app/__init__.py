"""
The composition root: builds everything, top to bottom, and runs it.

Nobody else names a concrete store or provider. To see what Headgate is made of, read `building.build`.
"""

from headgate.app.building import build
from headgate.app.serving import replay, serve

__all__ = ["build", "replay", "serve"]
