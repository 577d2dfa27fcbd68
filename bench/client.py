"""One client of a load: a connection that asks, checks every word of the answer, and notes the times."""

import asyncio
import re
import time
from array import array

import httptools
from typing_extensions import override

LONG_GAP = 0.2
"""Seconds of silence that a person who reads along notices."""

WORD = re.compile(rb" word(\d)")
CYCLE = b"0123456789" * 2000
"""The numbers of the words as they must come; far more than one read of a socket can hold."""

END = b"data: [DONE]"


class Tally:
    """What all clients of one server saw."""

    def __init__(self) -> None:
        self.whole = self.broken = self.words = self.long_gaps = 0
        self.firsts, self.gaps = array("d"), array("d")
        self.trouble = ""

    def note_broken(self, trouble: str) -> None:
        """An answer that was not as it must be."""
        self.broken += 1
        self.trouble = self.trouble or trouble

    def note_gap(self, seconds: float) -> None:
        """The time between two arrivals of words."""
        self.gaps.append(seconds)
        self.long_gaps += seconds > LONG_GAP


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, request: bytes, words: int, tally: Tally) -> None:
        self._request, self._tally = request, tally
        self._wanted = words
        """How many words an answer must have; 0 when it is not a stream."""
        self._over: asyncio.Future[str] | None = None
        self.is_open = False
        self._transport: asyncio.Transport

    async def ask(self) -> None:
        """Ask once; returns when the answer is over, good or bad."""
        self._parser = httptools.HttpResponseParser(self)
        self._rest, self._got, self._is_ended = b"", 0, False
        self._over = asyncio.get_running_loop().create_future()
        self._last = self._asked = time.perf_counter()
        self._transport.write(self._request)
        trouble = await self._over
        if trouble:
            self._tally.note_broken(trouble)
        else:
            self._tally.whole += 1

    def close(self) -> None:
        """Hang up."""
        if self.is_open:
            self._transport.abort()

    # What the event loop calls.

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport, self.is_open = transport, True

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        self._finish("the connection was closed in the middle of an answer")

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    # What the parser calls.

    def on_body(self, body: bytes) -> None:
        if self._wanted:
            self._read(self._rest + body, time.perf_counter())
        elif not self._got:
            self._got = 1
            self._tally.firsts.append(time.perf_counter() - self._asked)

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.is_open = False
        status = self._parser.get_status_code()
        if status != 200:
            self._finish(f"status {status}")
        elif self._wanted and self._got != self._wanted:
            self._finish(f"{self._got} words of {self._wanted}, or in the wrong order")
        elif self._wanted and not self._is_ended:
            self._finish("a stream without its end mark")
        else:
            self._finish("")

    def _read(self, data: bytes, now: float) -> None:
        """Count the words of all whole frames, as long as they come in order."""
        last = data.rfind(b"\n\n")
        end = last + 2 if last >= 0 else 0
        self._rest = data[end:]
        numbers = b"".join(WORD.findall(data, 0, end))
        if numbers:
            at = self._got % 10
            if numbers != CYCLE[at : at + len(numbers)]:
                self._finish(f"a word lost or out of order after {self._got} words")
                self.close()
                return
            if self._got:
                self._tally.note_gap(now - self._last)
            else:
                self._tally.firsts.append(now - self._asked)
            self._last = now
            self._got += len(numbers)
            self._tally.words += len(numbers)
        self._is_ended = END in data[-40:]

    def _finish(self, trouble: str) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(trouble)
