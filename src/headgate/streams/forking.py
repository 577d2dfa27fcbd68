"""From where a new stream is forked."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from headgate.formats import json_lines
from headgate.store.base import Store
from headgate.streams.errors import BadFork, GoneStream, OtherStream, WrongKind
from headgate.streams.offsets import place_of
from headgate.streams.reading import is_between, read
from headgate.streams.stream import Stream
from headgate.streams.wishes import Branch, main_type

MAX_INHERITED = 100
"""How many streams one may have bytes of: each is a look at the store for those who read all of it."""


class Base(NamedTuple):
    """Where a fork begins."""

    source: Stream
    place: int
    inherits: tuple[tuple[int, int], ...]


async def base_of(find: Callable[[str], Awaitable[Stream]], store: Store, branch: Branch, kind: str | None) -> Base:
    """The base that a branch means, in a stream that can be found by its name; raises what is wrong with it."""
    try:
        source = await find(branch.name)
    except GoneStream:
        raise OtherStream("it was deleted, so nothing more can be forked from it") from None
    if kind is not None and main_type(kind) != main_type(source.head.kind):
        raise WrongKind(source.head.kind)
    place = source.shown_end if branch.offset is None else place_of(branch.offset)
    if place is None:
        raise BadFork("'Stream-Fork-Offset' must be an offset that the stream has told.", param="stream-fork-offset")
    if place > source.shown_end:
        raise BadFork("'Stream-Fork-Offset' is after the end of the stream.", param="stream-fork-offset")
    if not await is_between(store, source, place):
        raise BadFork("'Stream-Fork-Offset' is in the middle of a message.", param="stream-fork-offset")
    place = await _after(store, source, place, branch.sub)
    inherits = _cut((*source.head.inherits, (source.id, place)), place)
    if len(inherits) > MAX_INHERITED:
        raise BadFork(f"A stream may have bytes of {MAX_INHERITED} others.")
    return Base(source, place, inherits)


def _cut(inherits: tuple[tuple[int, int], ...], place: int) -> tuple[tuple[int, int], ...]:
    """Those of the streams that are read up to there."""
    cut: list[tuple[int, int]] = []
    before = 0
    for stream, upto in inherits:
        if before < place:
            cut.append((stream, min(upto, place)))
        before = upto
    return tuple(cut)


async def _after(store: Store, source: Stream, place: int, sub: int) -> int:
    """The place so many bytes, or messages, after another."""
    if not source.is_json:
        if place + sub > source.shown_end:
            raise _too_far()
        return place + sub
    while sub:
        lines = await read(store, source, place)
        if not lines:
            raise _too_far()
        found = json_lines.after(lines, sub)
        if found >= 0:
            return place + found
        sub -= lines.count(b"\n")
        place += len(lines)
    return place


def _too_far() -> BadFork:
    return BadFork("'Stream-Fork-Sub-Offset' is after the end of the stream.", param="stream-fork-sub-offset")
