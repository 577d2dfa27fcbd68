"""Every lie over a real socket: a clear error, no hang, no complaint of the loop, no connection kept."""

import asyncio

import pytest

from headgate.net import BrokenAnswer, Client

from .conftest import Run
from .lies import CUT, LIES, LINE
from .upstream import OK, Kept, Peer, Upstream, ask, playing


@pytest.mark.parametrize(("data", "message"), LIES.values(), ids=LIES.keys())
def test_a_lie_is_a_broken_answer_and_closes_the_connection(run: Run, data: bytes, message: str) -> None:
    async def play() -> None:
        is_closed = asyncio.Event()

        async def lie(peer: Peer) -> None:
            await peer.answer(data)
            await peer.wait_closed_by_client()
            is_closed.set()

        async with Upstream(lie) as upstream:
            client = Client()
            with pytest.raises(BrokenAnswer, match=message):
                await ask(client, upstream.target())
            await is_closed.wait()
            assert (client.connections, upstream.accepted) == (0, 1)
            await client.close()

    run(play())


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize(("data", "message"), CUT.values(), ids=CUT.keys())
def test_an_answer_cut_short_is_a_broken_answer(run: Run, data: bytes, message: str, how: str) -> None:
    async def play() -> None:
        async def lie(peer: Peer) -> None:
            await peer.answer(data)
            await peer.delivered()
            peer.close() if how == "close" else peer.reset()

        async with Upstream(lie) as upstream:
            client = Client()
            with pytest.raises(BrokenAnswer, match=message):
                await ask(client, upstream.target())
            assert (client.connections, upstream.accepted) == (0, 1)
            await client.close()

    run(play())


def test_an_upstream_that_speaks_first_is_not_believed(run: Run) -> None:
    async def play() -> None:
        async def speak_first(peer: Peer) -> None:
            peer.send(OK)
            await peer.wait_closed_by_client()

        async with Upstream(speak_first) as upstream:
            # Whether its word arrives before ours goes out is chance; it is the same bytes.
            for _ in range(5):
                client = Client()
                (result,) = await asyncio.gather(ask(client, upstream.target()), return_exceptions=True)
                if isinstance(result, BrokenAnswer):
                    assert "before it was asked" in result.message
                else:
                    assert isinstance(result, Kept)
                    assert result.body == b"ok"
                await client.close()

    run(play())


@pytest.mark.parametrize("extra", [b"x", b"HTTP/1.1 200 OK\r\n", OK, b"0\r\n\r\n"])
def test_bytes_after_an_answer_are_never_taken_for_the_next(run: Run, extra: bytes) -> None:
    async def play() -> None:
        async with Upstream(playing(OK + extra), playing(LINE + b"content-length: 5\r\n\r\nright")) as upstream:
            client = Client()
            assert (await ask(client, upstream.target())).body == b"ok"
            assert client.connections == 0
            assert (await ask(client, upstream.target())).body == b"right"
            await client.close()

    run(play())


def test_an_answer_may_come_before_the_request_was_sent(run: Run) -> None:
    async def play() -> None:
        is_answered, is_closed = asyncio.Event(), asyncio.Event()

        async def refuse(peer: Peer) -> None:
            await peer.request_head()
            peer.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig")
            await is_answered.wait()
            await peer.wait_closed_by_client()
            is_closed.set()

        async with Upstream(refuse) as upstream:
            client = Client()
            kept = await ask(client, upstream.target(), bytes(20_000_000))
            is_answered.set()
            assert (kept.status, kept.body) == (413, b"big")
            # The rest of the body is not worth sending.
            assert client.connections == 0
            await is_closed.wait()
            await client.close()

    run(play())
