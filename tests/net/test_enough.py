"""A receiver that has enough before the answer is over: SSE's [DONE] comes before the last chunk."""

import asyncio

import pytest

from headgate.net import Client
from headgate.net.connection import MAX_DRAIN
from tests.waiting import until

from .conftest import Run
from .upstream import OK, Peer, Upstream, always_ok, ask, idle

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
DONE = b"e\r\ndata: [DONE]\n\n\r\n"
LAST = b"0\r\n\r\n"


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draining may take as long as it likes."""
    monkeypatch.setattr("headgate.net.client.DRAIN_SECONDS", 1000.0)


def test_the_fetch_returns_at_once_and_the_connection_is_drained_for_reuse(run: Run, patient: None) -> None:
    async def play() -> None:
        returned = asyncio.Event()

        async def stream(peer: Peer) -> None:
            await peer.answer(HEAD + DONE)
            await returned.wait()
            peer.send(LAST)
            await always_ok(peer)

        async with Upstream(stream) as upstream:
            client = Client()
            kept = await ask(client, upstream.target(), until=b"[DONE]")
            assert kept.body == b"data: [DONE]\n\n"
            returned.set()
            await until(lambda: idle(client))
            assert (await ask(client, upstream.target())).body == b"ok"
            assert (upstream.accepted, client.connections) == (1, 1)
            await client.close()

    run(play())


def test_while_one_connection_drains_a_request_takes_another(run: Run, patient: None) -> None:
    async def play() -> None:
        async def stream(peer: Peer) -> None:
            await peer.answer(HEAD + DONE)
            await peer.wait_closed_by_client()

        async with Upstream(stream, always_ok) as upstream:
            client = Client()
            await ask(client, upstream.target(), until=b"[DONE]")
            assert (await ask(client, upstream.target())).body == b"ok"
            assert (upstream.accepted, client.connections) == (2, 2)
            await client.close()

    run(play())


def test_an_end_in_the_same_read_needs_no_draining(run: Run) -> None:
    async def play() -> None:
        async def stream(peer: Peer) -> None:
            await peer.answer(HEAD + DONE + LAST)
            await always_ok(peer)

        async with Upstream(stream) as upstream:
            client = Client(max_open=1)
            kept, again = await asyncio.gather(
                ask(client, upstream.target(), until=b"[DONE]"), ask(client, upstream.target())
            )
            assert (kept.pieces, again.body) == ([b"data: [DONE]\n\n"], b"ok")
            await client.close()

    run(play())


def test_a_receiver_that_has_enough_is_called_no_more(run: Run, patient: None) -> None:
    async def play() -> None:
        returned = asyncio.Event()

        async def stream(peer: Peer) -> None:
            await peer.answer(HEAD + DONE)
            await returned.wait()
            peer.send(b"4\r\nmore\r\n" + LAST)
            await always_ok(peer)

        async with Upstream(stream) as upstream:
            client = Client()
            kept = await ask(client, upstream.target(), until=b"[DONE]")
            returned.set()
            await until(lambda: idle(client))
            assert kept.body == b"data: [DONE]\n\n"
            assert (await ask(client, upstream.target())).body == b"ok"
            assert upstream.accepted == 1
            await client.close()

    run(play())


def test_draining_ends_after_its_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        loop = asyncio.get_running_loop()
        gone: list[float] = []

        async def stream(peer: Peer) -> None:
            await peer.answer(HEAD + DONE)
            await peer.wait_closed_by_client()
            gone.append(loop.time())

        async with Upstream(stream) as upstream:
            client = Client()
            start = loop.time()
            await ask(client, upstream.target(), until=b"[DONE]")
            await until(lambda: gone)
            assert client.connections == 0
            assert gone[0] - start > 0.09
            await client.close()

    monkeypatch.setattr("headgate.net.client.DRAIN_SECONDS", 0.1)
    run(play())


def test_a_drained_connection_outlives_the_time_for_draining(run: Run, patient: None) -> None:
    async def play() -> None:
        returned = asyncio.Event()

        async def stream(peer: Peer) -> None:
            await peer.answer(HEAD + DONE)
            await returned.wait()
            peer.send(LAST)
            await always_ok(peer)

        async with Upstream(stream) as upstream:
            client = Client()
            await ask(client, upstream.target(), until=b"[DONE]")
            returned.set()
            await until(lambda: idle(client))
            # Nothing is left that its time could run out for.
            assert client._draining.due == {}
            assert (await ask(client, upstream.target())).body == b"ok"
            assert upstream.accepted == 1
            await client.close()

    run(play())


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b"%x\r\n" % (2 * MAX_DRAIN) + bytes(2 * MAX_DRAIN) + b"\r\n" + LAST, id="too_much"),
        pytest.param(b"rubbish", id="rubbish"),
        pytest.param(LAST + OK, id="one_answer_too_many"),
    ],
)
def test_a_rest_that_is_too_long_or_wrong_closes_the_connection(run: Run, patient: None, rest: bytes) -> None:
    async def play() -> None:
        returned, is_closed = asyncio.Event(), asyncio.Event()

        async def stream(peer: Peer) -> None:
            await peer.answer(HEAD + DONE)
            await returned.wait()
            peer.send(rest)
            await peer.wait_closed_by_client()
            is_closed.set()

        async with Upstream(stream) as upstream:
            client = Client()
            await ask(client, upstream.target(), until=b"[DONE]")
            returned.set()
            await is_closed.wait()
            assert client.connections == 0
            await client.close()

    run(play())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\ndata: [DONE]\n\n", id="no_length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n" + DONE, id="close"),
    ],
)
def test_what_cannot_be_reused_is_closed_at_once(run: Run, patient: None, answer: bytes) -> None:
    async def play() -> None:
        is_closed = asyncio.Event()

        async def stream(peer: Peer) -> None:
            await peer.answer(answer)
            await peer.wait_closed_by_client()
            is_closed.set()

        async with Upstream(stream) as upstream:
            client = Client()
            await ask(client, upstream.target(), until=b"[DONE]")
            assert client.connections == 0
            await is_closed.wait()
            await client.close()

    run(play())


def test_enough_stands_even_if_rubbish_follows_in_the_same_read(run: Run) -> None:
    async def play() -> None:
        async def stream(peer: Peer) -> None:
            await peer.answer(HEAD + DONE + b"rubbish")
            await peer.wait_closed_by_client()

        async with Upstream(stream) as upstream:
            client = Client()
            assert (await ask(client, upstream.target(), until=b"[DONE]")).status == 200
            assert client.connections == 0
            await client.close()

    run(play())
