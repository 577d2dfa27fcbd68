"""What is new on several channels, in the order it was said."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from headgate.channels.channel import Channel
from headgate.channels.cursors import write_cursor
from headgate.channels.frames import groups
from headgate.channels.log import Entry
from headgate.channels.messages import Form

MOST = 250
"""Messages in one piece: who comes late, or does not read, must not make us hold much, nor hold up the others."""

MOST_BYTES = 256 * 1024


def enough(entries: Sequence[Entry], first: int, upto: int) -> int:
    """How far one piece goes: at least one entry, and not too many."""
    upto = min(upto, first + MOST)
    size = 0
    for index in range(first, upto):
        size += entries[index].size
        if size > MOST_BYTES and index > first:
            return index
    return upto


class Item(NamedTuple):
    """Something to be told, and what its order is found by."""

    number: int
    is_said: bool
    """False for a gap that ends with that number: it is told first."""
    order: int
    """Of its channel among the connection's."""
    channel: Channel
    entry: Entry | None


def merged(news: Mapping[Channel, int]) -> list[Item]:
    """
    What comes after each channel's place, and whatever is too much for one piece left away.

    What was said on several of the channels is told once. Of each number there is everything or nothing.
    """
    # No more is looked at of any channel than is told: there may be many, with much on each.
    items = heapq.merge(*(_of(channel, place, order) for order, (channel, place) in enumerate(news.items())))
    told: list[Item] = []
    size = 0
    for item in items:
        if told and item.number > told[-1].number and (len(told) >= MOST or size > MOST_BYTES):
            break
        if item.is_said and told and told[-1].is_said and item.number == told[-1].number:
            continue
        told.append(item)
        size += 0 if item.entry is None else item.entry.size
    return told


def _of(channel: Channel, place: int, order: int) -> Iterator[Item]:
    log = channel.log
    if place < log.lost:
        yield Item(log.lost, False, order, channel, None)
    for index in range(log.after(place), len(log.entries)):
        entry = log.entries[index]
        yield Item(entry.number, True, order, channel, entry)


def written(items: Sequence[Item], form: Form, epoch: str, *, joined: bool) -> bytes:
    """Their frames, neighbours of one channel joined."""
    pieces = []
    done = 0
    for (channel, is_said), some in groupby(items, lambda item: (item.channel, item.is_said)):
        neighbours = list(some)
        done += len(neighbours)
        frames = channel.frames(form)
        if not is_said:
            # Something else that is still to be told may have the number with which the gap ends.
            is_alone = done == len(items) or items[done].number > neighbours[-1].number
            cursor = write_cursor(epoch, neighbours[-1].number - (not is_alone))
            pieces.append(form.gap(channel.id, cursor, channel.gap))
            continue
        entries = [item.entry for item in neighbours if item.entry is not None]
        if joined:
            pieces += [frames.made(message, entry.number) for message, entry in groups(entries)]
        else:
            pieces += [frames.frame(entry) for entry in entries]
    return b"".join(pieces)
