"""Text that ends in the middle of a letter: its readers wait for the rest, and nobody works meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from headgate.dialects.streams.sources import Listener, StreamSource
from headgate.streams import Addition, Library, Stream, Wish
from tests.streams.house import text, working


@asynccontextmanager
async def reading(data: bytes) -> AsyncIterator[tuple[Library, Stream, StreamSource]]:
    """A reader of a stream of text."""
    async with working() as streams:
        stream, _ = await streams.create("alice", "talk", Wish(kind="text/plain", data=data))
        listener = Listener(stream)
        yield streams, stream, StreamSource(streams, stream, listener, as_text=True)
        stream.leave(listener)


@pytest.mark.parametrize("begun", [b"\xe2", b"\xe2\x82", b"\xf0\x9f\x90", b"\xff"])
def test_whoever_waits_for_the_rest_of_a_letter_waits(begun: bytes) -> None:
    """A piece without it ends at the tail, and only what comes then is news."""

    async def main() -> None:
        async with reading(b"One" + begun) as (streams, stream, source):
            for offset in ("-1", f"{0:016}_{3:016}"):
                piece = await source.read(offset)
                assert (piece.data, piece.is_tail) == (b"One" if offset == "-1" else b"", True)
                assert not await source.news(piece, 0.01)
            waiting = asyncio.ensure_future(source.news(piece, None))
            await streams.append(stream, text(b"\x82\xac\xac"))
            assert await waiting
            assert (await source.read(piece.next)).data

    asyncio.run(main())


def test_what_never_became_a_letter_is_told_at_the_end() -> None:
    """When the stream is closed there is nothing left to wait for."""

    async def main() -> None:
        async with reading(b"One\xe2") as (streams, stream, source):
            piece = await source.read("-1")
            await streams.append(stream, Addition(data=b"", kind=None, closes=True))
            assert await source.news(piece, None)
            rest = await source.read(piece.next)
            assert (rest.data, rest.is_closed) == (b"\xe2", True)

    asyncio.run(main())
