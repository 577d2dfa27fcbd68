"""Subscriptions: who is to be woken when something comes on streams, and how far they are with it."""

from headgate.streams.waking.desk import Desk
from headgate.streams.waking.limits import Limits
from headgate.streams.waking.signing import Signer
from headgate.streams.waking.wish import Wish

__all__ = ["Desk", "Limits", "Signer", "Wish"]
