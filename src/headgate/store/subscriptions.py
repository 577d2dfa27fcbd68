"""What is kept of subscriptions to streams: what was wished, how far somebody is, and who is at it."""

import msgspec


class Subscription(msgspec.Struct, frozen=True):
    """One of an owner's; what it is made of is nobody's business here."""

    owner: str
    id: str
    wish: bytes
    """As it was made, and never again."""
    state: bytes
    """As it is now."""


class Link(msgspec.Struct, frozen=True):
    """How far a subscription is with one stream."""

    stream: str
    """Its name."""
    acked: str
    """The offset up to which everything was done."""
    is_explicit: bool
    """Whether it was asked for by its name."""
