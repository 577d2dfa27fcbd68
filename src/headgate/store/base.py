"""
What keeps runs, written as promises. Every store obeys all of them; one suite checks that.

A run is kept in three steps: its `Head` when it begins, its events as they happen, and the whole
of it when it ends. The engine hands over what all runs have to say at once, as one batch of
segments, and shows a run's events to readers only after `append` has returned.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from headgate.events import AnyEvent
from headgate.store.streams import Change, KeptStream
from headgate.store.subscriptions import Link, Subscription


class Hook(msgspec.Struct, frozen=True, array_like=True):
    """Somebody to be told when a run is over."""

    url: str
    kind: str
    """Which of the dialects' forms the message has."""
    ends: tuple[str, ...] = ()
    """Of which ends it wants to hear, as their status; () is all."""


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a run from its first moment; fields are added at the end only, with defaults."""

    run: str
    owner: str
    """The name of the key that made it; only that key may read it."""
    created: float
    """Unix seconds."""
    format: str
    """The dialect's format it was asked in."""
    model: str
    """The model as it was asked for."""
    request: bytes
    """The request's fields as JSON, without anything secret."""
    keep: bool = False
    """Whether it goes on without its client."""
    names: tuple[str, ...] = ()
    """Other names it is found by; of two runs with the same name the newer one has it."""
    note: bytes = b""
    """What the dialect that made it wants to remember, as JSON; nothing secret either."""
    retention: float | None = None
    """How many seconds after its end it is kept; None is as long as all others."""
    hooks: tuple[Hook, ...] = ()
    own_key: bool = False
    """Its caller brought a provider's key, which is kept nowhere: so it cannot be asked again."""
    fingerprint: bytes = b""
    """Of the request that made it, when that may come again."""
    limits: tuple[float | None, ...] = ()
    """How long its provider may take, where the request said so; as `Wishes` takes them apart."""


class End(msgspec.Struct, frozen=True):
    """What is known of a run once it is over."""

    head: Head
    ended: float
    status: str
    """finished, failed or stopped."""
    provider: str
    model: str
    """The model that answered, as its provider names it."""
    input_tokens: int
    output_tokens: int
    events: Sequence[AnyEvent]
    """The whole log."""
    cost: float | None = None
    """US dollars; None where nobody knows."""
    estimated: bool | None = None
    """Whether the tokens were counted by us; None for a run without any, which is not the same as one of none."""

    @property
    def hooks(self) -> list[Hook]:
        """Those of its hooks that want to hear of such an end."""
        return [hook for hook in self.head.hooks if not hook.ends or self.status in hook.ends]


class Segment(msgspec.Struct, frozen=True):
    """The next events of one run."""

    run: str
    first: int
    """The number of the first of them; 0 for the first of the run."""
    events: Sequence[AnyEvent]
    head: Head | None = None
    """With the run's first segment, and only then."""
    end: End | None = None
    """With the run's last segment, and only then."""


class Record(msgspec.Struct, frozen=True):
    """A run as it was kept; `ended` is None for one that nobody has ended."""

    head: Head
    events: list[AnyEvent]
    ended: float | None = None


class Summary(msgspec.Struct, frozen=True):
    """A run that is over, as a list shows it: without its request and its log."""

    run: str
    created: float
    ended: float
    format: str
    asked: str
    status: str
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cost: float | None = None
    estimated: bool | None = None
    """As in its `End`; a run of an older Headgate never says."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs a list shows; None is any."""

    status: str | None = None
    provider: str | None = None
    model: str | None = None
    """As it was asked for, or as the provider names it."""
    format: str | None = None
    since: float | None = None
    """Made at that time or later."""
    until: float | None = None
    """Made before that time."""


class Delivery(msgspec.Struct, kw_only=True):
    """A message that a run is over, on its way to one hook."""

    id: int
    run: str
    owner: str
    url: str
    kind: str
    created: float
    due: float | None
    """When it is to be tried next; None when it is over."""
    tries: int = 0
    status: str = "waiting"
    """waiting, delivered or given_up."""
    note: str = ""
    """How the last try went."""


class Try(msgspec.Struct, frozen=True):
    """One try to deliver a message."""

    at: float
    status: int
    """The HTTP status of the answer; 0 when there was none."""
    error: str
    seconds: float


class Member(msgspec.Struct, frozen=True):
    """Somebody who may be on a channel that is not for everybody."""

    channel: str
    user: str
    mode: str = ""
    """What a dialect wants to know of it."""


class Room(msgspec.Struct, frozen=True):
    """How much room a store takes, how much is left, and how much it has to do; in bytes, unless said otherwise."""

    used: int
    free: int | None
    """What the disk has left; None for a store that is on none."""
    written: int = 0
    """What was handed to a disk since the store was opened."""
    waiting: int = 0
    """How many deliveries are still to be made."""


class Store(Protocol):
    """Keeps runs. Each method raises StoreError when it cannot keep its promise."""

    secret: bytes
    """32 bytes that are made once and known to nobody else; there after `open`."""
    next_stream: int
    """A number that no stream has, nor any after it; there after `open`."""

    async def open(self) -> list[Record]:
        """
        Take possession, and return the runs that an earlier owner left without an end.

        From here on every write of an earlier owner is refused (Fenced). The runs returned stay kept
        until a segment ends them. Raises StoreError when another process holds the store.
        """

    async def append(self, batch: Sequence[Segment], changes: Sequence[Change] = ()) -> None:
        """
        Keep all segments and all that happened to streams, or none.

        When it returns they survive a crash of this process (and of the machine, as far as the store
        promises that). Segments of one run come in order and without gaps, and so does what is appended to one
        stream. The end of a run also keeps its names and one waiting delivery for each of its hooks that wants to
        hear of such an end.
        """

    async def get(self, run: str, owner: str) -> Record | None:
        """An owner's run that is over; None when it is unknown, another's, unfinished or was forgotten."""

    async def named(self, name: str) -> Record | None:
        """The run that is over and has that name, whoever's it is."""

    async def recent(
        self, owner: str, *, limit: int, before: str | None = None, filter: Filter | None = None
    ) -> list[Summary]:
        """An owner's runs that are over, newest first; `before` is a run's id, itself left out."""

    async def delete(self, run: str, owner: str) -> bool:
        """Forget an owner's run that is over, with its names and deliveries; False when there is none."""

    async def expire(self, now: float, retention: float) -> int:
        """
        Forget some of the runs that were kept for long enough, oldest first.

        Says how many; 0 when none is left. A run with a message still to be delivered stays.
        """

    async def room(self) -> Room:
        """How much room is taken, and left."""

    async def due(self, now: float, limit: int) -> list[Delivery]:
        """Deliveries to be tried now, those first that have waited longest."""

    async def next_due(self) -> float | None:
        """When the next delivery is to be tried; None when none waits."""

    async def deliveries(self, run: str, owner: str) -> list[Delivery]:
        """All deliveries of an owner's run, in the order of its hooks."""

    async def update_delivery(self, delivery: Delivery, tried: Try | None = None) -> None:
        """Keep where a delivery stands now, and the try that brought it there."""

    async def put_off(self, deliveries: Sequence[Delivery]) -> None:
        """Keep where several deliveries stand now, none of which was tried."""

    async def tries(self, delivery: int) -> list[Try]:
        """What was tried for a delivery, in order."""

    async def members(self) -> list[Member]:
        """Everybody who belongs to a channel, in the order they were added."""

    async def add_members(self, members: Sequence[Member]) -> None:
        """Keep all of them, or none; who belongs to the channel already has the new mode, and the old place."""

    async def remove_members(self, members: Sequence[Member]) -> None:
        """Forget all of them, whatever their modes, or none; it is no error when some are not known."""

    async def stream(self, owner: str, name: str) -> KeptStream | None:
        """An owner's stream of that name, also one that is gone; None when there is none."""

    async def read_stream(self, stream: int, first: int, upto: int, limit: int) -> bytes:
        """
        A stream's own bytes from one place on, before another, at most so many of them.

        It may be fewer, but not none where there are any.
        """

    async def count_streams(self, owner: str) -> int:
        """How many streams an owner has, with those that are gone."""

    async def due_streams(self, now: float, limit: int) -> list[tuple[str, str]]:
        """Some streams that may be forgotten by now, each as its owner and its name."""

    async def stream_ends(self, owner: str) -> list[tuple[str, int]]:
        """All streams of an owner that are not gone, each with the place after its last byte."""

    async def subscriptions(self) -> list[tuple[Subscription, list[Link]]]:
        """All subscriptions of everybody, with all their links."""

    async def keep_subscription(
        self, subscription: Subscription, links: Sequence[Link] = (), unlinked: Sequence[str] = ()
    ) -> None:
        """Keep how a subscription stands, the links of it that changed, and which are no more; all, or nothing."""

    async def forget_subscription(self, owner: str, id: str) -> None:
        """Forget a subscription, with its links."""

    async def close(self) -> None:
        """Let go of the store; what was appended stays."""
