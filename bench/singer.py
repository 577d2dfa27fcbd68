"""
A fast fake of OpenAI's speech endpoint: every request gets the same sound, piece by piece.

    python -m bench.singer PORT GAP_MS PIECE PIECES

PIECES pieces of PIECE bytes, each GAP_MS after the one before; 0 sends them as fast as they are taken. It ends with
its standard input, and so with whoever started it.
"""

import asyncio
import os
import sys
import threading

import httptools
import uvloop
from typing_extensions import override

from bench.upstream import BACKLOG, end_with_input

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ntransfer-encoding: chunked\r\n\r\n"
_HEALTH = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Song:
    """What everybody gets."""

    def __init__(self, gap: float, piece: int, pieces: int) -> None:
        self.gap, self.pieces = gap, pieces
        self.piece = b"%x\r\n%b\r\n" % (piece, os.urandom(piece))


class Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self, song: Song, loop: asyncio.AbstractEventLoop) -> None:
        self._song, self._loop = song, loop
        self._parser = httptools.HttpRequestParser(self)
        self._is_paused = self._is_late = False
        self._transport: asyncio.Transport

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    @override
    def pause_writing(self) -> None:
        """Nobody reads; what a slow reader gets comes late, instead of filling our memory."""
        self._is_paused = True

    @override
    def resume_writing(self) -> None:
        self._is_paused = False
        if self._is_late:
            self._is_late = False
            self._sing()

    def on_message_complete(self) -> None:
        """A request is whole."""
        if self._parser.get_method() == b"GET":
            self._transport.write(_HEALTH)
            return
        self._transport.write(_HEAD)
        self._given, self._due = 0, self._loop.time()
        self._sing()

    def _sing(self) -> None:
        song = self._song
        while not self._transport.is_closing():
            if self._is_paused:
                self._is_late = True
                return
            if self._given == song.pieces:
                self._transport.write(b"0\r\n\r\n")
                return
            self._transport.write(song.piece)
            self._given += 1
            if song.gap:
                # By the time it was due, not by the time it came: one late piece must not delay all others.
                self._due += song.gap
                self._loop.call_at(self._due, self._sing)
                return


async def _serve(port: int, song: Song) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(song, loop), "127.0.0.1", port, backlog=BACKLOG)
    await server.serve_forever()


if __name__ == "__main__":
    threading.Thread(target=end_with_input, daemon=True).start()
    port, gap, piece, pieces = sys.argv[1:]
    uvloop.run(_serve(int(port), Song(float(gap) / 1000, int(piece), int(pieces))))
