"""Which connection a request goes out on: reuse, limits, order, and what is never reused."""

import asyncio

import pytest

from headgate.net import BrokenAnswer, Client, ConnectError
from tests.waiting import until

from .conftest import Run
from .upstream import OK, Kept, Peer, Upstream, always_ok, ask, idle, playing

HALF = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no"


def test_a_connection_is_used_again(run: Run) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            client = Client()
            for _ in range(3):
                assert (await ask(client, upstream.target())).body == b"ok"
            assert (upstream.accepted, client.connections) == (1, 1)
            await client.close()

    run(play())


def test_another_origin_has_its_own_connections(run: Run) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as one, Upstream(always_ok) as other:
            client = Client()
            for _ in range(2):
                await ask(client, one.target())
                await ask(client, other.target())
            assert (one.accepted, other.accepted, client.connections) == (1, 1, 2)
            await client.close()

    run(play())


def test_the_connection_used_last_is_used_first(run: Run) -> None:
    async def play() -> None:
        served: list[int] = []

        async def number(peer: Peer) -> None:
            while True:
                await peer.request()
                served.append(peer.number)
                # The first request waits for the second, so that there are two connections.
                while upstream.accepted < 2:
                    await asyncio.sleep(0)
                # The second connection comes free after the first.
                await until(lambda: idle(client) == peer.number - 1)
                peer.send(OK)

        async with Upstream(number) as upstream:
            client = Client()
            await asyncio.gather(ask(client, upstream.target()), ask(client, upstream.target()))
            await ask(client, upstream.target())
            await ask(client, upstream.target())
            assert sorted(served[:2]) == [1, 2]
            assert served[2:] == [2, 2]
            await client.close()

    run(play())


def test_only_so_many_idle_connections_are_kept(run: Run) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            client = Client(max_idle=2)
            await asyncio.gather(*(ask(client, upstream.target()) for _ in range(5)))
            assert (upstream.accepted, client.connections) == (5, 2)
            await client.close()

    run(play())


def test_an_idle_connection_is_closed_after_its_time(run: Run) -> None:
    async def play() -> None:
        gone: list[float] = []

        async def watch(peer: Peer) -> None:
            try:
                await always_ok(peer)
            finally:
                gone.append(asyncio.get_running_loop().time())

        async with Upstream(watch) as upstream:
            client = Client(idle_seconds=0.1)
            await ask(client, upstream.target())
            await asyncio.sleep(0.05)
            start = asyncio.get_running_loop().time()
            await ask(client, upstream.target())  # begins the time anew
            await until(lambda: len(gone) == upstream.accepted)
            assert client.connections == 0
            assert gone[-1] - start > 0.09
            await client.close()

    run(play())


def test_a_connection_in_use_is_not_idle(run: Run) -> None:
    async def play() -> None:
        async def slow(peer: Peer) -> None:
            await peer.request()
            if is_second:
                await asyncio.sleep(0.1)
            peer.send(OK)
            await slow(peer)

        is_second = False
        async with Upstream(slow) as upstream:
            client = Client(idle_seconds=0.05)
            await ask(client, upstream.target())
            is_second = True
            assert (await ask(client, upstream.target())).body == b"ok"
            await client.close()

    run(play())


def test_an_idle_connection_that_closed_makes_room_for_another(run: Run) -> None:
    async def play() -> None:
        async def quick(peer: Peer) -> None:
            await peer.answer(OK)
            await until(lambda: idle(client) == 1)
            peer.close()

        async def slow(peer: Peer) -> None:
            await peer.request()
            await until(lambda: client.connections == 1)
            peer.send(OK)
            await peer.wait_closed_by_client()

        async with Upstream(quick, slow) as upstream:
            client = Client(max_idle=1)
            await asyncio.gather(ask(client, upstream.target()), ask(client, upstream.target()))
            assert (client.connections, idle(client)) == (1, 1)
            await client.close()

    run(play())


def test_an_origin_without_connections_is_forgotten(run: Run) -> None:
    async def play() -> None:
        async with Upstream(playing(OK, then_close=True)) as upstream:
            client = Client()
            await ask(client, upstream.target())
            await until(lambda: client._pools == {})
            await client.close()

    run(play())


def test_no_more_than_the_allowed_connections_are_opened_and_all_are_served_in_order(run: Run) -> None:
    async def play() -> None:
        order: list[int] = []

        async def one(number: int) -> None:
            await ask(client, upstream.target())
            order.append(number)

        async with Upstream(always_ok) as upstream:
            client = Client(max_open=1)
            await asyncio.gather(*(one(number) for number in range(8)))
            assert order == list(range(8))
            assert (upstream.accepted, client.connections) == (1, 1)
            await client.close()

    run(play())


def test_a_newcomer_does_not_pass_those_who_wait(run: Run) -> None:
    async def play() -> None:
        order: list[str] = []

        async def one(name: str, times: int) -> None:
            for _ in range(times):
                await ask(client, upstream.target())
                order.append(name)

        async with Upstream(always_ok) as upstream:
            client = Client(max_open=1)
            # "eager" asks again in the very moment its connection comes free.
            await asyncio.gather(one("eager", 3), one("first", 1), one("second", 1))
            assert order == ["eager", "first", "second", "eager", "eager"]
            await client.close()

    run(play())


def test_those_who_gave_up_waiting_are_passed_over(run: Run) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            client = Client(max_open=1)
            tasks = [asyncio.create_task(ask(client, upstream.target())) for _ in range(4)]
            await asyncio.sleep(0)
            tasks[1].cancel()
            tasks[2].cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            kinds = [type(result) for result in results]
            assert kinds == [Kept, asyncio.CancelledError, asyncio.CancelledError, Kept]
            assert (upstream.accepted, client.connections) == (1, 1)
            await client.close()

    run(play())


@pytest.mark.parametrize("keeps", [True, False])
def test_a_turn_that_comes_with_the_cancellation_is_passed_on(run: Run, keeps: bool) -> None:
    async def play() -> None:
        answer = OK if keeps else b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"

        async with Upstream(playing(answer, OK), always_ok) as upstream:
            client = Client(max_open=1)

            def cancel() -> None:
                # The answer is complete in this very callback, and the turn given after it.
                asyncio.get_running_loop().call_soon(waiting.cancel)

            first = asyncio.create_task(client.fetch(upstream.target(), b"", Kept(on_piece=cancel)))
            await asyncio.sleep(0)
            waiting = asyncio.create_task(ask(client, upstream.target()))
            last = asyncio.create_task(ask(client, upstream.target()))
            await first
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert (await last).body == b"ok"
            assert client.connections == 1
            await client.close()

    run(play())


def test_a_place_that_could_not_be_used_goes_to_the_next(run: Run) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            target = upstream.target()
        client = Client(max_open=1)
        results = await asyncio.gather(*(ask(client, target) for _ in range(3)), return_exceptions=True)
        assert [type(result) for result in results] == [ConnectError] * 3
        assert client.connections == 0
        await client.close()

    run(play())


@pytest.mark.parametrize("how", ["close", "reset", "talk"])
def test_an_idle_connection_that_closes_or_talks_is_dropped(run: Run, how: str) -> None:
    async def play() -> None:
        is_idle = asyncio.Event()

        async def end(peer: Peer) -> None:
            await peer.answer(OK)
            await is_idle.wait()
            if how == "close":
                peer.close()
            elif how == "reset":
                peer.reset()
            else:
                peer.send(b"x")
                await peer.wait_closed_by_client()

        async with Upstream(end, always_ok) as upstream:
            client = Client()
            await ask(client, upstream.target())
            assert client.connections == 1
            is_idle.set()
            await until(lambda: client.connections == 0)
            assert (await ask(client, upstream.target())).body == b"ok"
            await client.close()

    run(play())


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("size", [2, 3_000_000])
def test_a_stale_connection_is_replaced_and_the_request_sent_whole(run: Run, how: str, size: int) -> None:
    async def play() -> None:
        async def go_stale(peer: Peer) -> None:
            await peer.answer(OK)
            await peer.request_head()
            peer.close() if how == "close" else peer.reset()

        async def second(peer: Peer) -> None:
            request = await peer.answer(OK)
            assert request.body == body

        async with Upstream(go_stale, second) as upstream:
            client = Client()
            body = b"x" * size
            await ask(client, upstream.target())
            assert (await ask(client, upstream.target(), body)).body == b"ok"
            assert upstream.accepted == 2
            await client.close()

    run(play())


def test_a_stale_connection_is_replaced_only_once(run: Run) -> None:
    async def play() -> None:
        async def hang_up(peer: Peer) -> None:
            await peer.request()
            peer.close()

        async with Upstream(playing(OK, b"", then_close=True), hang_up) as upstream:
            client = Client()
            await ask(client, upstream.target())
            with pytest.raises(BrokenAnswer, match="without an answer"):
                await ask(client, upstream.target())
            assert (upstream.accepted, client.connections) == (2, 0)
            await client.close()

    run(play())


def test_the_replacement_is_a_new_connection_not_another_idle_one(run: Run) -> None:
    async def play() -> None:
        async def go_stale(peer: Peer) -> None:
            await peer.request()
            while upstream.accepted < 2:
                await asyncio.sleep(0)
            peer.send(OK)
            await peer.request()
            peer.close()

        async with Upstream(go_stale, go_stale, always_ok) as upstream:
            client = Client()
            await asyncio.gather(ask(client, upstream.target()), ask(client, upstream.target()))
            await ask(client, upstream.target())
            assert upstream.accepted == 3
            await client.close()

    run(play())


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_fresh_connection_that_closes_is_not_replaced(run: Run, how: str) -> None:
    async def play() -> None:
        async def hang_up(peer: Peer) -> None:
            await peer.request()
            peer.close() if how == "close" else peer.reset()

        async with Upstream(hang_up, always_ok) as upstream:
            client = Client()
            with pytest.raises(BrokenAnswer, match="without an answer"):
                await ask(client, upstream.target())
            assert (upstream.accepted, client.connections) == (1, 0)
            await client.close()

    run(play())


@pytest.mark.parametrize("begin", [b"H", HALF, b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_connection_that_began_to_answer_is_not_replaced(run: Run, begin: bytes) -> None:
    async def play() -> None:
        async with Upstream(playing(OK, begin, then_close=True), always_ok) as upstream:
            client = Client()
            await ask(client, upstream.target())
            with pytest.raises(BrokenAnswer, match="cut short"):
                await ask(client, upstream.target())
            assert (upstream.accepted, client.connections) == (1, 0)
            await client.close()

    run(play())


def test_a_replacement_keeps_its_place_in_a_full_pool(run: Run) -> None:
    async def play() -> None:
        async with Upstream(playing(OK, b"", then_close=True), always_ok) as upstream:
            client = Client(max_open=1)
            await ask(client, upstream.target())
            results = await asyncio.gather(*(ask(client, upstream.target()) for _ in range(3)))
            assert [result.body for result in results] == [b"ok"] * 3
            assert (upstream.accepted, client.connections) == (2, 1)
            await client.close()

    run(play())


def test_a_replacement_that_fails_gives_its_place_back(run: Run) -> None:
    async def play() -> None:
        async def close_shop(peer: Peer) -> None:
            await peer.answer(OK)
            await peer.request()
            upstream.stop_listening()
            peer.close()

        async with Upstream(close_shop) as upstream:
            client = Client(max_open=1)
            await ask(client, upstream.target())
            with pytest.raises(ConnectError, match="connection refused"):
                await ask(client, upstream.target())
            assert client.connections == 0
            await client.close()

    run(play())


def test_a_stale_fetch_that_is_cancelled_gives_its_place_back(run: Run) -> None:
    async def play() -> None:
        async def go_stale(peer: Peer) -> None:
            await peer.answer(OK)
            await peer.request()
            peer.reset()

        async with Upstream(go_stale, always_ok) as upstream:
            client = Client(max_open=1)
            await ask(client, upstream.target())
            # Cancelled at every turn of the loop around the moment in which it turns out stale.
            for turns in range(12):
                task = asyncio.create_task(ask(client, upstream.target()))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                assert client.connections <= 1
            assert (await ask(client, upstream.target())).body == b"ok"
            await client.close()

    run(play())
