"""What goes out and what comes in, in the plain cases."""

import asyncio
import gc
import os
import weakref
from collections.abc import Mapping

import pytest
from typing_extensions import override

from headgate.net import BrokenAnswer, Client, ClientClosed, Flow
from tests.waiting import until

from .conftest import Run
from .upstream import OK, Kept, Peer, Upstream, always_ok, ask, playing


def test_a_request_goes_out_as_written(run: Run) -> None:
    async def play() -> None:
        async def upstream_play(peer: Peer) -> None:
            request = await peer.answer(OK)
            assert request.line == "POST /v1/chat?x=1 HTTP/1.1"
            assert request.headers == {
                "host": f"127.0.0.1:{upstream.port}",
                "accept-encoding": "identity",
                "authorization": "Bearer k",
                "content-length": "8",
            }
            assert request.body == b'{"a": 1}'

        async with Upstream(upstream_play) as upstream:
            client = Client()
            target = upstream.target(path="/v1/chat?x=1", headers={"Authorization": "Bearer k"})
            kept = await ask(client, target, b'{"a": 1}')
            assert (kept.status, kept.headers, kept.body) == (200, {"content-length": "2"}, b"ok")
            await client.close()

    run(play())


@pytest.mark.parametrize(("method", "announced"), [("GET", None), ("DELETE", None), ("POST", "0"), ("PUT", "0")])
def test_an_empty_body_is_announced_only_where_one_is_expected(run: Run, method: str, announced: str | None) -> None:
    async def play() -> None:
        async def upstream_play(peer: Peer) -> None:
            request = await peer.answer(OK)
            assert request.headers.get("content-length") == announced

        async with Upstream(upstream_play) as upstream:
            client = Client()
            await ask(client, upstream.target(method), b"")
            await client.close()

    run(play())


def test_headers_of_one_request_replace_those_of_the_target(run: Run) -> None:
    async def play() -> None:
        async def upstream_play(peer: Peer) -> None:
            request = await peer.answer(OK)
            assert request.headers["x-key"] == "two"
            assert request.headers["x-more"] == "yes"

        async with Upstream(upstream_play) as upstream:
            client = Client()
            target = upstream.target(headers={"X-Key": "one"})
            await ask(client, target, headers=[("x-key", "two"), ("x-more", "yes")])
            with pytest.raises(ValueError, match="x-bad"):
                await ask(client, target, headers=[("x-bad", "a\r\nb: c")])
            await client.close()

    run(play())


@pytest.mark.parametrize("status", [201, 302, 400, 401, 429, 500, 503])
def test_any_status_is_an_answer(run: Run, status: int) -> None:
    async def play() -> None:
        answer = b"HTTP/1.1 %d X\r\ncontent-length: 4\r\nretry-after: 3\r\n\r\nbusy" % status
        async with Upstream(playing(answer)) as upstream:
            client = Client()
            kept = await ask(client, upstream.target())
            assert (kept.status, kept.headers["retry-after"], kept.body) == (status, "3", b"busy")
            await client.close()

    run(play())


def test_the_answer_to_head_has_no_body(run: Run) -> None:
    async def play() -> None:
        async with Upstream(playing(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")) as upstream:
            client = Client()
            for _ in range(2):
                kept = await ask(client, upstream.target("HEAD"), b"")
                assert (kept.headers["content-length"], kept.body) == ("1000", b"")
            assert upstream.accepted == 2
            await client.close()

    run(play())


def test_pieces_are_handed_over_as_they_arrive(run: Run) -> None:
    async def play() -> None:
        pieces = [b"one", b"two", b"three"]
        arrived = asyncio.Event()

        async def upstream_play(peer: Peer) -> None:
            await peer.answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            for piece in pieces:
                peer.send(b"%x\r\n%b\r\n" % (len(piece), piece))
                await arrived.wait()
                arrived.clear()
            peer.send(b"0\r\n\r\n")

        async with Upstream(upstream_play) as upstream:
            client = Client()
            kept = Kept(on_piece=arrived.set)
            await client.fetch(upstream.target(), b"", kept)
            assert kept.pieces == pieces
            await client.close()

    run(play())


class Refusing(Kept):
    """Takes `heads` heads and `bodies` pieces and then raises."""

    heads = 0
    bodies = 0

    @override
    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        if not self.heads:
            raise LookupError("no head wanted")

    @override
    def on_body(self, data: bytes) -> bool:
        raise LookupError("no body wanted")


@pytest.mark.parametrize("heads", [0, 1])
@pytest.mark.parametrize("coding", [b"", b"content-encoding: gzip\r\n"])
def test_what_a_receiver_raises_comes_out_and_closes_the_connection(run: Run, heads: int, coding: bytes) -> None:
    async def play() -> None:
        is_closed = asyncio.Event()

        async def upstream_play(peer: Peer) -> None:
            body = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00"
            await peer.answer(b"HTTP/1.1 200 OK\r\n%bcontent-length: 10000\r\n\r\n%b" % (coding, body))
            await peer.wait_closed_by_client()
            is_closed.set()

        async with Upstream(upstream_play) as upstream:
            client = Client()
            receiver = Refusing()
            receiver.heads = heads
            with pytest.raises(LookupError, match="no body wanted" if heads else "no head wanted"):
                await client.fetch(upstream.target(), b"", receiver)
            assert client.connections == 0
            await is_closed.wait()
            await client.close()

    run(play())


def test_a_gzipped_answer_is_unpacked(run: Run) -> None:
    async def play() -> None:
        body = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00"
        answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        async with Upstream(playing(answer, OK)) as upstream:
            client = Client()
            assert (await ask(client, upstream.target())).body == b"hello"
            # The next answer is not taken for gzip.
            assert (await ask(client, upstream.target())).body == b"ok"
            assert upstream.accepted == 1
            await client.close()

    run(play())


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_body_without_a_length_ends_with_the_connection_unless_that_was_reset(run: Run, how: str) -> None:
    async def play() -> None:
        async def upstream_play(peer: Peer) -> None:
            await peer.answer(b"HTTP/1.1 200 OK\r\n\r\nhello")
            await peer.delivered()
            peer.close() if how == "close" else peer.reset()

        async with Upstream(upstream_play) as upstream:
            client = Client()
            if how == "close":
                assert (await ask(client, upstream.target())).body == b"hello"
            else:
                with pytest.raises(BrokenAnswer, match="cut short"):
                    await ask(client, upstream.target())
            assert client.connections == 0
            await client.close()

    run(play())


def test_closing_the_client_ends_what_is_under_way_and_what_comes_after(run: Run) -> None:
    async def play() -> None:
        gone = 0
        is_asked = asyncio.Event()

        async def upstream_play(peer: Peer) -> None:
            nonlocal gone
            await peer.request()
            is_asked.set()
            await peer.wait_closed_by_client()
            gone += 1

        async with Upstream(always_ok, upstream_play) as upstream:
            client = Client(max_open=2)
            fetches = [asyncio.create_task(ask(client, upstream.target())) for _ in range(4)]
            await is_asked.wait()
            await until(lambda: [fetch.done() for fetch in fetches].count(True) == 3)
            await client.close()
            results = await asyncio.gather(*fetches, return_exceptions=True)
            # Three were served one after another on the first connection, and one hung on the second.
            assert [type(result) for result in results].count(Kept) == 3
            assert [type(result) for result in results].count(ClientClosed) == 1
            assert client.connections == 0
            await until(lambda: gone == 1)
            with pytest.raises(ClientClosed):
                await ask(client, upstream.target())

    run(play())


def test_closing_the_client_ends_the_waiting_too(run: Run) -> None:
    async def play() -> None:
        async with Upstream(Peer.wait_closed_by_client) as upstream:
            client = Client(max_open=1)
            fetches = [asyncio.create_task(ask(client, upstream.target())) for _ in range(2)]
            await until(lambda: upstream.accepted == 1)
            await client.close()
            for result in await asyncio.gather(*fetches, return_exceptions=True):
                assert isinstance(result, ClientClosed)
            assert upstream.accepted == 1

    run(play())


def test_closing_the_client_ends_the_connecting_too(run: Run) -> None:
    async def play() -> None:
        async with Upstream(Peer.wait_closed_by_client) as upstream:
            client = Client()
            fetch = asyncio.create_task(ask(client, upstream.target()))
            await asyncio.sleep(0)
            assert client.connections == 1
            await client.close()
            # Not only once it is connected: a second one must not even begin.
            with pytest.raises(ClientClosed):
                await ask(client, upstream.target())
            with pytest.raises(ClientClosed):
                await fetch
            assert client.connections == 0

    run(play())


def test_when_the_client_is_closed_its_sockets_are(run: Run) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            client = Client()
            await asyncio.gather(*(ask(client, upstream.target()) for _ in range(3)))
            before = len(os.listdir("/proc/self/fd"))
            (pool,) = client._pools.values()
            await pool.close()  # without the turns of the loop that the client's own close takes anyway
            assert len(os.listdir("/proc/self/fd")) <= before - 3
            await client.close()

    run(play())


class Raising(Kept):
    @override
    def on_body(self, data: bytes) -> bool:
        raise LookupError


@pytest.mark.parametrize("answer", [b"rubbish!!\r\n", OK])
def test_a_failure_leaves_no_cycle_behind(run: Run, answer: bytes) -> None:
    """What a receiver holds, a whole run perhaps, must not wait for the garbage collector."""

    async def play() -> None:
        async with Upstream(playing(answer)) as upstream:
            client = Client()
            kept = Raising()
            alive = weakref.ref(kept)
            gc.disable()
            try:
                await client.fetch(upstream.target(), b"", kept)
            except (BrokenAnswer, LookupError):
                del kept
            await asyncio.sleep(0)  # the loop holds what woke this task for the rest of its turn
            gc.enable()
            assert alive() is None
            await client.close()

    run(play())
