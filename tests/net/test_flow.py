"""Back-pressure: who pauses makes the upstream wait."""

import asyncio

from headgate.net import Client, Flow
from tests.waiting import a_while, turns, until

from .conftest import Run
from .upstream import OK, Kept, Peer, Upstream, always_ok, ask

PIECE = bytes(100_000)
PIECES = 400


def flow_of(kept: Kept) -> Flow:
    assert kept.flow is not None
    return kept.flow


def test_a_pause_makes_the_upstream_wait_and_a_resume_lets_it_go_on(run: Run) -> None:
    async def play() -> None:
        sent = 0

        async def stream(peer: Peer) -> None:
            nonlocal sent
            await peer.answer(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (len(PIECE) * PIECES))
            for _ in range(PIECES):
                peer.send(PIECE)
                await peer.writer.drain()
                sent += len(PIECE)

        async with Upstream(stream) as upstream:
            client = Client()
            kept, is_paused = Kept(), asyncio.Event()

            def pause_once() -> None:
                flow_of(kept).pause()
                kept.on_piece = lambda: None
                is_paused.set()

            kept.on_piece = pause_once
            fetch = asyncio.create_task(client.fetch(upstream.target(), b"", kept))
            await is_paused.wait()
            received = len(kept.body)
            await turns(3000)
            # What fits into the kernel's buffers is gone; a pause that does nothing lets all 40 MB through.
            assert sent < len(PIECE) * PIECES / 2
            assert len(kept.body) == received
            flow_of(kept).resume()
            await fetch
            assert len(kept.body) == len(PIECE) * PIECES
            await client.close()

    run(play())


def test_a_flow_that_is_kept_too_long_does_nothing(run: Run) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            client = Client()
            first = await ask(client, upstream.target())
            flow_of(first).pause()
            second = await ask(client, upstream.target())
            flow_of(first).resume()
            assert second.body == b"ok"
            assert upstream.accepted == 1
            await client.close()
            flow_of(second).pause()
            flow_of(second).resume()

    run(play())


def test_a_pause_at_the_end_does_not_outlive_the_answer(run: Run) -> None:
    async def play() -> None:
        async def serve(peer: Peer) -> None:
            await peer.answer(OK)
            await peer.answer(OK)
            peer.close()

        async with Upstream(serve) as upstream:
            client = Client()
            kept = Kept()
            kept.on_piece = lambda: flow_of(kept).pause()
            await client.fetch(upstream.target(), b"", kept)
            assert (await ask(client, upstream.target())).body == b"ok"
            # Paused, it would not notice the close.
            await until(lambda: client.connections == 0)
            await client.close()

    run(play())


def test_pausing_twice_is_pausing_once(run: Run) -> None:
    async def play() -> None:
        go_on, is_sent = asyncio.Event(), asyncio.Event()

        async def serve(peer: Peer) -> None:
            await peer.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no")
            await go_on.wait()
            peer.send(b"k")
            is_sent.set()
            await peer.wait_closed_by_client()

        async with Upstream(serve) as upstream:
            client = Client()
            kept = Kept()
            fetch = asyncio.create_task(client.fetch(upstream.target(), b"", kept))
            await until(lambda: kept.body == b"o")
            flow_of(kept).pause()
            flow_of(kept).pause()
            go_on.set()
            await is_sent.wait()
            await a_while()
            assert kept.body == b"o"
            flow_of(kept).resume()
            flow_of(kept).resume()
            await fetch
            assert kept.body == b"ok"
            await client.close()

    run(play())
