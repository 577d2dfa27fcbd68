"""Names that strangers gave are looked up apart from everybody else's."""

import asyncio
import socket
import threading

import pytest

from headgate.net import Client, ConnectError, ConnectTimeout, Guard, Target
from headgate.net.guard import network
from headgate.net.lookup import MAX_THREADS, Lookup
from tests.waiting import until

from .conftest import Run
from .upstream import Upstream, always_ok, ask

REAL = socket.getaddrinfo


class Names:
    """Names under `.hanging` are looked up until the test lets go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go_on = threading.Event()

    def __call__(self, host: str, port: int, *rest: int, **more: int) -> object:
        if more.get("flags"):
            return REAL(host, port, *rest, **more)
        self.asked.append(host)
        if host.endswith(".hanging"):
            self.go_on.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "too late")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    made = Names()
    monkeypatch.setattr(socket, "getaddrinfo", made)
    return made


def test_names_that_hang_are_in_nobody_elses_way(run: Run, names: Names) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            client, other = Client(guard=Guard([network("127.0.0.0/8")])), Client()
            for number in range(MAX_THREADS):
                with pytest.raises(ConnectTimeout):
                    await ask(client, Target("POST", f"http://{number}.hanging/", {}), connect_timeout=0.001)
            found = Target("POST", f"http://127.0.0.1:{upstream.port}/", {})
            assert (await ask(client, found)).body == b"ok", "an address needs no look-up"
            # Another client's look-ups are the event loop's own; under uvloop they do not come by here.
            assert (await ask(other, Target("POST", f"http://localhost:{upstream.port}/", {}))).body == b"ok"
            waiting = asyncio.create_task(ask(client, Target("POST", f"http://found.test:{upstream.port}/", {})))
            await asyncio.sleep(0)
            names.go_on.set()
            assert (await waiting).body == b"ok"
            await client.close()
            await other.close()

    run(play())


def test_a_name_is_looked_up_once_for_all_who_ask(run: Run, names: Names) -> None:
    async def play() -> None:
        lookup = Lookup()
        asking = [asyncio.create_task(lookup.addresses("one.hanging", 80)) for _ in range(50)]
        await until(lambda: names.asked == ["one.hanging"])
        asking[0].cancel()
        names.go_on.set()
        results = await asyncio.gather(*asking, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        assert all(isinstance(result, socket.gaierror) for result in results[1:])
        assert names.asked == ["one.hanging"]
        await lookup.addresses("one.test", 80)
        await lookup.addresses("one.test", 80)
        assert names.asked[1:] == ["one.test"] * 2, "nothing is remembered: the next answer may be another"

    run(play())


def test_an_unknown_name_is_said_to_be_unknown(run: Run) -> None:
    async def play() -> None:
        client = Client(guard=Guard())
        with pytest.raises(ConnectError, match="the name cannot be resolved"):
            await ask(client, Target("POST", "http://upstream.invalid/", {}))
        with pytest.raises(ConnectError, match="the name cannot be resolved"):
            await ask(client, Target("POST", f"http://{'a' * 64}.test/", {}))
        await client.close()

    run(play())
