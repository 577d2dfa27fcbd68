"""Cancelling a fetch closes its socket at once, whatever it is doing."""

import asyncio
import os
from collections.abc import Awaitable, Callable

import pytest

from headgate.net import Client, Proxies, Target
from tests.waiting import turns, until

from .conftest import Run
from .full import full_listener
from .upstream import OK, Kept, Peer, Upstream, ask

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


class Phase:
    """An upstream that gets a fetch into a certain phase, and notes when the client closed."""

    def __init__(self, reach: Callable[[Peer], Awaitable[object]]) -> None:
        self._reach = reach
        self.is_reached = asyncio.Event()
        self.is_closed = asyncio.Event()

    async def __call__(self, peer: Peer) -> None:
        await self._reach(peer)
        self.is_reached.set()
        await peer.wait_closed_by_client()
        self.is_closed.set()


async def cancel(phase: Phase, task: asyncio.Task[Kept], client: Client) -> None:
    await phase.is_reached.wait()
    await turns()
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert client.connections == 0
    await phase.is_closed.wait()
    await client.close()


async def nothing(peer: Peer) -> None:
    """Neither read nor write."""


async def read_a_little(peer: Peer) -> None:
    await peer.reader.readexactly(1000)
    await turns()


async def send_head(peer: Peer) -> None:
    await peer.answer(HEAD)


async def send_some(peer: Peer) -> None:
    await peer.answer(HEAD + b"2\r\nok\r\n")


@pytest.mark.parametrize(
    ("reach", "size"),
    [
        pytest.param(read_a_little, 50_000_000, id="sending"),
        pytest.param(Peer.request, 2, id="waiting"),
        pytest.param(send_head, 2, id="reading_nothing_yet"),
        pytest.param(send_some, 2, id="reading"),
    ],
)
def test_after_the_connection_is_made(run: Run, reach: Callable[[Peer], Awaitable[object]], size: int) -> None:
    async def play() -> None:
        phase = Phase(reach)
        async with Upstream(phase) as upstream:
            client = Client()
            await cancel(phase, asyncio.create_task(ask(client, upstream.target(), bytes(size))), client)

    run(play())


def test_in_the_handshake(run: Run) -> None:
    async def play() -> None:
        phase = Phase(nothing)
        async with Upstream(phase) as upstream:
            client = Client()
            target = Target("POST", f"https://127.0.0.1:{upstream.port}/", {})
            await cancel(phase, asyncio.create_task(ask(client, target)), client)

    run(play())


def test_before_the_proxy_answers(run: Run) -> None:
    async def play() -> None:
        phase = Phase(Peer.request_head)
        async with Upstream(phase) as proxy:
            client = Client(proxies=Proxies.from_mapping({"HTTPS_PROXY": f"127.0.0.1:{proxy.port}"}))
            target = Target("POST", "https://upstream.test/", {})
            await cancel(phase, asyncio.create_task(ask(client, target)), client)

    run(play())


def test_while_paused(run: Run) -> None:
    async def play() -> None:
        phase = Phase(send_some)
        async with Upstream(phase) as upstream:
            client = Client()
            kept = Kept()
            kept.on_piece = lambda: kept.flow.pause() if kept.flow else None
            fetch = asyncio.create_task(client.fetch(upstream.target(), b"", kept))
            await until(lambda: kept.pieces)
            fetch.cancel()
            await asyncio.gather(fetch, return_exceptions=True)
            assert client.connections == 0
            await phase.is_closed.wait()
            await client.close()

    run(play())


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_while_connecting(run: Run) -> None:
    async def play() -> None:
        with full_listener() as port:
            client = Client()
            before = open_files()
            task = asyncio.create_task(ask(client, Target("POST", f"http://127.0.0.1:{port}/", {})))
            await until(lambda: open_files() == before + 1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled()
            assert client.connections == 0
            await turns()
            assert open_files() == before
            await client.close()

    run(play())


def test_while_the_name_is_resolved(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        client = Client()
        task = asyncio.create_task(ask(client, Target("POST", "http://upstream.test/", {})))
        await is_asked.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        assert client.connections == 0
        await client.close()

    is_asked = asyncio.Event()

    async def never(host: str, port: int, lookup: object) -> list[object]:
        is_asked.set()
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr("headgate.net.dial._resolve", never)
    run(play())


def test_while_waiting_for_a_turn(run: Run) -> None:
    async def play() -> None:
        async with Upstream(Peer.wait_closed_by_client) as upstream:
            client = Client(max_open=1)
            first = asyncio.create_task(ask(client, upstream.target()))
            await asyncio.sleep(0)
            waiting = asyncio.create_task(ask(client, upstream.target()))
            await until(lambda: upstream.accepted == 1)
            assert not waiting.done()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            assert waiting.cancelled()
            first.cancel()
            await until(lambda: client.connections == 0)
            await client.close()

    run(play())


def test_at_every_turn_of_the_loop_nothing_is_left_open(run: Run) -> None:
    async def play() -> None:
        async def answer(peer: Peer) -> None:
            await peer.answer(HEAD + b"2\r\nok\r\n")
            peer.send(b"0\r\n\r\n")
            await peer.wait_closed_by_client()

        async with Upstream(answer) as upstream:
            before = open_files()
            for turns in range(25):
                client = Client()
                task = asyncio.create_task(ask(client, upstream.target()))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                assert client.connections in ((0, 1) if turns else (0,))
                await client.close()
                assert client.connections == 0
            # What the upstream accepts only now is closed soon.
            await until(lambda: open_files() == before)

    run(play())


def test_a_fetch_that_is_over_leaves_its_connection_to_others(run: Run) -> None:
    """Cancelled in the moment its answer is complete, it must not close what another may have by now."""

    async def play() -> None:
        async def serve(peer: Peer) -> None:
            for _ in range(2):
                await peer.answer(OK)
            await peer.wait_closed_by_client()

        async with Upstream(serve) as upstream:
            client = Client(max_open=1)
            first: asyncio.Task[None]
            first = asyncio.create_task(client.fetch(upstream.target(), b"", Kept(on_piece=lambda: late())))

            def late() -> None:
                asyncio.get_running_loop().call_soon(first.cancel)

            second = asyncio.create_task(ask(client, upstream.target()))
            assert (await second).body == b"ok"
            assert upstream.accepted == 1
            assert first.done()
            await client.close()

    run(play())
