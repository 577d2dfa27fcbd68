"""Getting connected: names, addresses, and what is said when it does not work."""

import asyncio
import os
import socket
from collections.abc import Sequence

import pytest

from headgate.net import Client, ConnectError, ConnectTimeout, OutOfSockets, Target
from headgate.net.dial import _families_in_turn, _open, _race, _resolve
from headgate.net.lookup import Address
from tests.waiting import turns, until

from .conftest import Run
from .full import full_listener
from .upstream import Upstream, always_ok, ask


def address(port: int) -> Address:
    return (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))


def resolve_to(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    async def resolve(host: str, port: int, lookup: object) -> Sequence[Address]:
        return [address(each) for each in ports]

    monkeypatch.setattr("headgate.net.dial._resolve", resolve)


def unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


TARGET = Target("POST", "http://upstream.test/", {})


def test_a_name_is_resolved(run: Run) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            client = Client()
            # localhost may mean ::1 first, where nobody listens.
            target = Target("POST", f"http://localhost:{upstream.port}/", {})
            assert (await ask(client, target)).body == b"ok"
            await client.close()

    run(play())


def test_small_requests_do_not_wait_for_acknowledgements(run: Run) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            with await _open(address(upstream.port)) as sock:
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    run(play())


def test_the_last_descriptors_are_left_alone(run: Run) -> None:
    """Whose number is how many there are; kept connections are given up for a new one first."""

    async def play() -> None:
        async with Upstream(always_ok) as one, Upstream(always_ok) as other:
            with socket.socket() as next_one:
                descriptors = next_one.fileno() + 2  # One for our end, and one for the upstream's, which is here too.
            client = Client(descriptors=descriptors)
            for _ in range(3):
                assert (await ask(client, one.target())).body == b"ok"
                assert (await ask(client, other.target())).body == b"ok"
            assert client.connections == 1
            full = Client(descriptors=0)
            with pytest.raises(OutOfSockets) as caught:
                await ask(full, one.target())
            assert caught.value.message == f"Could not connect to 127.0.0.1:{one.port}: this server has no socket left."
            assert (caught.value.status, caught.value.retry_after) == (503, 1.0)
            assert full.connections == 0
            await client.close()
            await full.close()

    run(play())


def test_an_unknown_name_is_said_to_be_unknown(run: Run) -> None:
    async def play() -> None:
        client = Client()
        with pytest.raises(ConnectError) as caught:
            await ask(client, Target("POST", "http://upstream.invalid:81/", {}))
        assert caught.value.message == ("Could not connect to upstream.invalid:81: the name cannot be resolved.")
        assert (caught.value.status, caught.value.code) == (502, "upstream_unreachable")
        await client.close()

    run(play())


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "a..test"])
def test_a_name_that_cannot_be_is_not_resolved(run: Run, host: str) -> None:
    async def play() -> None:
        client = Client()
        with pytest.raises(ConnectError, match="cannot be resolved"):
            await ask(client, Target("POST", f"http://{host}/", {}))
        await client.close()

    run(play())


def test_a_refused_connection_names_host_and_port(run: Run) -> None:
    async def play() -> None:
        port = unused_port()
        client = Client()
        with pytest.raises(ConnectError) as caught:
            await ask(client, Target("POST", f"http://127.0.0.1:{port}/secret?key=secret", {"x-key": "secret"}))
        assert caught.value.message == f"Could not connect to 127.0.0.1:{port}: connection refused."
        await client.close()

    run(play())


def test_connecting_has_a_limit(run: Run) -> None:
    async def play() -> None:
        with full_listener() as port:
            client = Client()
            before = len(os.listdir("/proc/self/fd"))
            start = asyncio.get_running_loop().time()
            with pytest.raises(ConnectTimeout) as caught:
                await ask(client, Target("POST", f"http://127.0.0.1:{port}/", {}), connect_timeout=0.1)
            assert asyncio.get_running_loop().time() - start > 0.09
            assert caught.value.message == f"Could not connect to 127.0.0.1:{port} within 0.1 seconds."
            assert (caught.value.status, client.connections) == (504, 0)
            assert len(os.listdir("/proc/self/fd")) == before
            await client.close()

    run(play())


def test_resolving_counts_for_the_limit(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        client = Client()
        with pytest.raises(ConnectTimeout):
            await ask(client, TARGET, connect_timeout=0.05)
        await client.close()

    async def never(host: str, port: int, lookup: object) -> Sequence[Address]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr("headgate.net.dial._resolve", never)
    run(play())


def test_an_address_that_refuses_is_passed_over(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            resolve_to(monkeypatch, unused_port(), unused_port(), upstream.port)
            client = Client()
            assert (await ask(client, TARGET)).body == b"ok"
            await client.close()

    # Whoever waited for it would not be back in time.
    monkeypatch.setattr("headgate.net.dial.HEAD_START", 1000.0)
    run(play())


def test_a_silent_address_costs_only_its_head_start(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            with full_listener() as silent:
                resolve_to(monkeypatch, silent, upstream.port)
                before = len(os.listdir("/proc/self/fd"))
                client = Client()
                assert (await ask(client, TARGET)).body == b"ok"
                # Ours and the upstream's end; the loser is closed.
                await until(lambda: len(os.listdir("/proc/self/fd")) == before + 2)
                await client.close()

    monkeypatch.setattr("headgate.net.dial.HEAD_START", 0.05)
    run(play())


def test_a_race_can_be_lost_by_all(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        resolve_to(monkeypatch, unused_port(), unused_port())
        client = Client()
        with pytest.raises(ConnectError, match=r"upstream.test:80: connection refused"):
            await ask(client, TARGET)
        assert client.connections == 0
        await client.close()

    run(play())


def test_a_cancelled_race_closes_every_runner(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        with full_listener() as one, full_listener() as two:
            resolve_to(monkeypatch, one, two)
            before = len(os.listdir("/proc/self/fd"))
            client = Client()
            task = asyncio.create_task(ask(client, TARGET))
            await until(lambda: len(os.listdir("/proc/self/fd")) == before + 2)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await until(lambda: len(os.listdir("/proc/self/fd")) == before)
            assert client.connections == 0
            await client.close()

    monkeypatch.setattr("headgate.net.dial.HEAD_START", 0.02)
    run(play())


def test_a_runner_that_arrives_with_the_cancellation_is_closed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        start, sock = asyncio.Event(), socket.socket()

        async def open_late(*_: object) -> socket.socket:
            await start.wait()
            return sock

        monkeypatch.setattr("headgate.net.dial._open", open_late)
        race = asyncio.create_task(_race([address(1), address(2)]))
        await turns()
        start.set()
        race.cancel()
        with pytest.raises(asyncio.CancelledError):
            await race
        await asyncio.sleep(0)
        assert sock.fileno() == -1

    run(play())


def test_both_families_of_a_name_are_tried_early(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(host: str, *_: object, flags: int = 0, **__: object) -> Sequence[Address]:
        if flags:
            raise socket.gaierror
        return [(10, host, "a"), (10, host, "b"), (2, host, "c")]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert asyncio.run(_resolve("upstream.test", 80)) == [
        (10, "upstream.test", "a"),
        (2, "upstream.test", "c"),
        (10, "upstream.test", "b"),
    ]


def test_the_families_of_a_name_take_turns() -> None:
    addresses = [(10, "a"), (10, "b"), (10, "c"), (2, "d"), (2, "e")]
    assert [name for _, name in _families_in_turn(addresses)] == ["a", "d", "b", "e", "c"]
