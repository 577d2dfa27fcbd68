"""BetterForms' streaming to channels: what is asked there, and what channels are told of an answer."""

from headgate.formats.betterforms.actions import action, delta, end, failure, functions, thread
from headgate.formats.betterforms.requests import Asked, call, read, stopped

__all__ = ["Asked", "action", "call", "delta", "end", "failure", "functions", "read", "stopped", "thread"]
