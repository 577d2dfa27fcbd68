"""
A stream while somebody uses it.

What is asked of it is judged at once, against all that was said before, kept or not; so nobody's order is
anybody's chance. It is kept a moment later, with everybody else's, and shown only then.
"""

from typing import Any, NamedTuple

from headgate.errors import BadRequest, TooLarge
from headgate.formats.json_lines import to_lines
from headgate.runs.crowd import FEW, Crowd
from headgate.runs.run import Follower
from headgate.store.streams import Appended, KeptStream, Mark, StreamHead
from headgate.streams.bounds import Bounds
from headgate.streams.errors import (
    ClosedStream,
    ProducerGap,
    SeqRegression,
    StaleEpoch,
    TooMany,
    WrongBeginning,
    WrongKind,
)
from headgate.streams.recent import Recent
from headgate.streams.wishes import Addition, main_type

JSON = "application/json"

EACH = 40e-6
"""Seconds between two rounds for each reader of a crowd: they are also told where they are, which takes as long again
as what they read."""

SLACK = 60.0
"""Seconds by which a stream may be kept longer than it must: that it was used is not written down each time."""


class Kept(NamedTuple):
    """What came of an addition, once it is kept."""

    end: int
    """The place after it; of one that had come before, the end of the stream."""
    is_closed: bool
    is_new: bool
    """Whether it had not come before."""
    mark: Mark | None
    """Where its producer is."""


class Stream:
    """One stream; made by the library."""

    __slots__ = (
        "_crowd",
        "_kept_due",
        "due",
        "end",
        "followers",
        "head",
        "id",
        "is_closed",
        "is_json",
        "is_leaving",
        "is_lost",
        "keeping",
        "last_read",
        "name",
        "producers",
        "recent",
        "seq",
        "shown",
        "used",
    )

    def __init__(self, id: int, head: StreamHead, end: int, due: float | None) -> None:
        self.id, self.head, self.end, self.due = id, head, end, due
        self.name = f"{id:x}-{int(head.created * 1000):x}"
        """What stands for it, and for no other stream at the same address."""
        self.is_json = main_type(head.kind) == JSON
        self.is_closed = self.is_leaving = self.is_lost = False
        self.shown = end
        """How much readers may see: the place after the last byte that is kept, and one more once it is closed."""
        self.seq: bytes | None = None
        self.producers: dict[str, Mark] = {}
        self.recent = Recent(end)
        self.followers: set[Follower[Stream]] = set()
        self.last_read: tuple[str, int, bool, Any] | None = None
        """What was read last, by what was asked for: all who are woken together ask for the same."""
        self.keeping = 0
        """How much of what happened to it is still to be kept."""
        self.used = 0.0
        """When somebody asked for it last, by the loop's clock."""
        self._kept_due = due
        self._crowd: Crowd | None = None

    @classmethod
    def kept(cls, kept: KeptStream) -> "Stream":
        """A stream as the store has it."""
        stream = cls(kept.id, kept.head, kept.end, kept.due)
        stream.seq, stream.producers = kept.seq, dict(kept.producers)
        stream.is_closed = kept.is_closed
        stream.shown += kept.is_closed
        return stream

    @property
    def shown_end(self) -> int:
        """The place after the last byte that readers may see."""
        return self.shown - self.shows_closed

    @property
    def shows_closed(self) -> bool:
        """Whether readers may know that it is closed."""
        return self.shown > self.end

    # What is added.

    def judge(self, addition: Addition, bounds: Bounds) -> Appended | None:
        """
        What happens to it; None when it has happened before.

        Raises what is wrong with the addition.
        """
        mark = addition.mark
        if self.is_closed:
            self._judge_closed(addition)
            return None
        if addition.data:
            if addition.kind is None:
                raise BadRequest("'Content-Type' is missing.", param="content-type", code="missing_content_type")
            if addition.kind != self.head.kind and main_type(addition.kind) != main_type(self.head.kind):
                raise WrongKind(self.head.kind)
        elif not addition.closes:
            raise BadRequest("There is nothing to append: the body is empty.", code="empty_append")
        if mark is not None and self._judge_mark(mark, bounds):
            return None
        if addition.seq is not None and self.seq is not None and addition.seq <= self.seq:
            raise SeqRegression
        data = self.own_form(addition.data)
        if addition.data and not data:
            raise BadRequest("There is nothing to append: the array is empty.", code="empty_append")
        if self.end + len(data) - self.head.first > bounds.size:
            raise TooLarge(f"A stream may have {bounds.size} bytes ([streams] max_size).", code="stream_too_large")
        return Appended(self.id, self.end, data, addition.seq, mark, addition.closes)

    def own_form(self, data: bytes) -> bytes:
        """Some data as it is kept; raises BadRequest."""
        return to_lines(data) if self.is_json and data else data

    def _judge_closed(self, addition: Addition) -> None:
        """Raises what is wrong, unless it has come before, as what has closed the stream, or would only close it."""
        mark = addition.mark
        if mark is not None:
            known = self.producers.get(mark.producer)
            if known is not None and mark.epoch < known.epoch:
                raise StaleEpoch(known.epoch)
            if known is not None and mark.epoch == known.epoch and mark.seq <= known.seq:
                return
        elif addition.closes and not addition.data:
            return
        raise ClosedStream(self.end)

    def _judge_mark(self, mark: Mark, bounds: Bounds) -> bool:
        """Whether the producer has said this before."""
        known = self.producers.get(mark.producer)
        if known is None:
            if mark.seq:
                raise ProducerGap(0, mark.seq)
            if len(self.producers) >= bounds.producers:
                raise TooMany(f"A stream may have {bounds.producers} producers.", code="too_many_producers")
            return False
        if mark.epoch < known.epoch:
            raise StaleEpoch(known.epoch)
        if mark.epoch > known.epoch:
            if mark.seq:
                raise WrongBeginning
            return False
        if mark.seq > known.seq + 1:
            raise ProducerGap(known.seq + 1, mark.seq)
        return mark.seq <= known.seq

    def grow(self, change: Appended) -> None:
        """It happened; readers see it when it is kept."""
        if change.data:
            self.end += len(change.data)
            self.recent.add(change.data)
        if change.seq is not None:
            self.seq = change.seq
        if change.mark is not None:
            self.producers[change.mark.producer] = change.mark
        if change.closes:
            self.is_closed = True

    # How long it is kept.

    def use(self, now: float) -> float | None:
        """Somebody reads or writes; returns until when that it was used should be written down, if it should."""
        if self.head.ttl is None:
            return None
        self.due = now + self.head.ttl
        if self._kept_due is not None and self.due <= self._kept_due:
            return None
        self._kept_due = self.due + min(SLACK, self.head.ttl)
        return self._kept_due

    def is_due(self, now: float) -> bool:
        """Whether it is to be forgotten."""
        return self.due is not None and self.due <= now

    # Who reads.

    def show(self, upto: int) -> None:
        """Let readers see it as far as that."""
        if upto > self.shown:
            self.shown = upto

    def wake(self) -> None:
        """Wake whoever waits."""
        if len(self.followers) > FEW:
            if self._crowd is None:
                self._crowd = Crowd(self.followers, EACH)
            self._crowd.wake()
            return
        for follower in self.followers:
            follower.wake(True)

    def leave(self, follower: "Follower[Stream]") -> None:
        """A reader is done."""
        self.followers.discard(follower)
        if not self.followers:
            self.last_read = None

    def send_away(self) -> None:
        """Nobody can follow it any more."""
        for follower in list(self.followers):
            follower.leave()
