"""GET /v1/runs/{id}/audio: the sound of a speech once more, from any byte on, also while it is made."""

import asyncio
import re
from bisect import bisect_right
from itertools import accumulate

from headgate.dialects.voices.speaking import AT_ONCE
from headgate.errors import BadRequest, NotFound
from headgate.events import Audio
from headgate.formats import openai_speech
from headgate.formats.voices import SPEECH
from headgate.runs import Engine, Run
from headgate.web.answers import Following, check_outcome, write_log
from headgate.web.http import Request

__all__ = ["AT_ONCE", "SPEECH", "send"]

HELD = 4
"""Events of a sound that is over that are held for a client that reads slowly: a quarter of a megabyte."""

_RANGE = re.compile(rb"bytes=(\d{0,15})-(\d{0,15})")


class Unsatisfiable(BadRequest):
    """Bytes that the sound does not have."""

    status = 416
    code = "range_not_satisfiable"


async def send(engine: Engine, run: Run, request: Request) -> None:
    """The sound of that run."""
    if run.head.format != SPEECH:
        raise NotFound("This run is no speech, so it has no sound.", code="no_sound")
    call = openai_speech.read(run.head.request)
    offset = _offset(request)
    with Following(engine, run, request) as follower:
        while not run.shows_output:
            # What it is, is known with its first bytes.
            if not await follower.news(run.shown) and follower.is_gone:
                return
        if run.first_output is None:
            check_outcome(run)
        kind = openai_speech.content_type(call, run.started).encode("latin-1", "replace")
        if run.is_over:
            await _send_whole(run, offset, kind, request)
            return
        frames = _Rest(run, offset)
        await write_log(run, frames, 0, follower, request, cuts=True, kind=kind, keep_alive=b"", at_once=AT_ONCE)


class _Rest:
    """The sound from a byte on."""

    def __init__(self, run: Run, offset: int) -> None:
        self._run, self._left = run, offset

    def __call__(self, first: int, upto: int) -> bytes:
        """What the events from one up to another have of it."""
        data = b"".join([event.data for event in self._run.events[first:upto] if type(event) is Audio])
        skipped = min(self._left, len(data))
        self._left -= skipped
        return data[skipped:] if skipped else data


async def _send_whole(run: Run, offset: int, kind: bytes, request: Request) -> None:
    sounds = [event.data for event in run.events if type(event) is Audio]
    ends = list(accumulate(map(len, sounds), initial=0))
    size = ends[-1]
    first, last, is_part = _wanted(request, size, offset)
    headers = b"accept-ranges: bytes\r\n"
    if is_part:
        headers += b"content-range: bytes %d-%d/%d\r\n" % (first, last, size)
    if not request.begin_sized(206 if is_part else 200, last + 1 - first, headers, kind=kind):
        return
    for start in range(bisect_right(ends, first) - 1, len(sounds), HELD):
        before, data = ends[start], b"".join(sounds[start : start + HELD])
        is_last = before + len(data) > last
        await request.write(data[max(0, first - before) : last + 1 - before], more=not is_last)
        if is_last or request.is_left:
            return
        # A socket that takes everything lets nobody else have a turn.
        await asyncio.sleep(0)
    await request.write(b"", more=False)


def _wanted(request: Request, size: int, offset: int) -> tuple[int, int, bool]:
    """The first byte and the last, and whether that is a part by `Range`; raises Unsatisfiable."""
    found = _RANGE.fullmatch(request.headers.get(b"range", b""))
    if offset or found is None or found[1] == found[2] == b"":
        if offset > size:
            raise Unsatisfiable(f"The sound has {size} bytes.", param="offset")
        return offset, size - 1, False
    if not found[1]:
        first, last = max(0, size - int(found[2])), size - 1
    else:
        first, last = int(found[1]), min(int(found[2] or size), size - 1)
    if first > last:
        raise Unsatisfiable(f"The sound has {size} bytes.")
    return first, last, True


def _offset(request: Request) -> int:
    text = request.query().get("offset", "0")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise BadRequest("'offset' must be a number of bytes.", param="offset", code="invalid_value")
    return int(text)
