"""Bodies that are read while they are sent."""

import asyncio
import hashlib
import tracemalloc
from pathlib import Path

import pytest

from headgate.net import BrokenAnswer, Client, FileBody
from headgate.net.body import PIECE

from .conftest import Run
from .upstream import OK, Peer, Upstream, ask

MEGABYTE = 1 << 20


def _file(folder: Path, size: int) -> Path:
    path = folder / "recording"
    path.write_bytes(bytes(range(256)) * (size // 256))
    return path


def test_a_file_arrives_between_what_stands_around_it(run: Run, tmp_path: Path) -> None:
    path = _file(tmp_path, 3 * MEGABYTE)

    async def play() -> None:
        body = FileBody(b"before", str(path), 3 * MEGABYTE, b"after")

        async def receive(peer: Peer) -> None:
            # On a kept connection, too, and the same body twice.
            for _ in range(2):
                request = await peer.answer(OK)
                assert request.headers["content-length"] == str(len(body))
                assert request.body == b"before" + path.read_bytes() + b"after"

        async with Upstream(receive) as upstream:
            client = Client()
            for _ in range(2):
                assert (await ask(client, upstream.target(), body)).body == b"ok"
            assert upstream.accepted == 1
            await client.close()

    run(play())


def test_a_large_file_is_never_held(run: Run, tmp_path: Path) -> None:
    path = _file(tmp_path, 25 * MEGABYTE)

    async def play() -> None:
        async def receive(peer: Peer) -> None:
            head = await peer.request_head()
            left, seen = int(head.headers["content-length"]), hashlib.sha256()
            while left:
                piece = await peer.reader.read(65536)
                seen.update(piece)
                left -= len(piece)
            assert seen.digest() == hashlib.sha256(path.read_bytes()).digest()
            peer.send(OK)

        async with Upstream(receive) as upstream:
            client = Client()
            tracemalloc.start()
            try:
                sending = asyncio.create_task(
                    ask(client, upstream.target(), FileBody(b"", str(path), 25 * MEGABYTE, b""))
                )
                highest = 0
                while not sending.done():
                    highest = max(highest, tracemalloc.get_traced_memory()[0])
                    tracemalloc.reset_peak()
                    await asyncio.sleep(0)
            finally:
                tracemalloc.stop()
            assert (await sending).body == b"ok"
            assert highest < 5 * MEGABYTE
            await client.close()

    run(play())


@pytest.mark.parametrize("left", [0, PIECE + 1])
def test_a_file_that_is_shorter_than_it_was_breaks_the_request(run: Run, tmp_path: Path, left: int) -> None:
    path = _file(tmp_path, MEGABYTE)
    body = FileBody(b"before", str(path), MEGABYTE, b"after")
    path.write_bytes(bytes(left))

    async def play() -> None:
        async def receive(peer: Peer) -> None:
            await peer.wait_closed_by_client()

        async with Upstream(receive) as upstream:
            client = Client()
            with pytest.raises(BrokenAnswer):
                await ask(client, upstream.target(), body)
            await client.close()

    run(play())


def test_a_file_that_is_gone_breaks_the_request(run: Run, tmp_path: Path) -> None:
    async def play() -> None:
        async def receive(peer: Peer) -> None:
            await peer.wait_closed_by_client()

        async with Upstream(receive) as upstream:
            client = Client()
            with pytest.raises(BrokenAnswer):
                await ask(client, upstream.target(), FileBody(b"", str(tmp_path / "none"), 10, b""))
            await client.close()

    run(play())
