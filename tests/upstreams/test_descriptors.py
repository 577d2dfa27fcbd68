"""When a process may open few files: what it takes, whom it turns away, and what it says when there are none left."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.upstream import STREAM_HEAD, Peer, Upstream, telling
from tests.e2e.watching import ALONE, get, sockets, wait_until
from tests.e2e.wire import PATIENCE, Wire, chat, words
from tests.serving import Serving, serving
from tests.upstreams.raw import ask, pieces_in, post

pytestmark = pytest.mark.slow

MOST = 80
"""Some thirty are open before anybody comes."""
FEW = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (60, {MOST}))
"""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(one_word) as upstream:
        yield upstream


def one_word(peer: Peer) -> None:
    """Begin to answer, and wait."""
    peer.request()
    peer.send(STREAM_HEAD)
    peer.say("one")
    peer.left_at()


@pytest.fixture
def server(upstream: Upstream) -> Iterator[Serving]:
    with serving(ALONE + upstream.config() + upstream.config("other"), before=FEW) as server:
        yield server


def test_it_takes_all_that_it_may_have(server: Serving) -> None:
    """And says what that is too few for."""
    limits = Path(f"/proc/{server.process.pid}/limits").read_text()
    assert limits.partition("Max open files")[2].split()[:2] == [str(MOST), str(MOST)]
    assert f"This process may open {MOST} files and sockets, too few for 10000 clients." in server.log()


def test_none_is_left_for_an_upstream(server: Serving, upstream: Upstream) -> None:
    """The client is told whose fault it is, the answers at work go on, and the provider keeps its good name."""
    with ExitStack() as stack:
        refused: list[tuple[Wire, bytes]] = []
        talking: list[tuple[Wire, bytes]] = []
        while len(refused) < 5:
            wire = stack.enter_context(Wire(server))
            post(wire, "chat", "up/m")
            head = wire.until(b"\r\n\r\n")
            (talking if head.startswith(b"HTTP/1.1 200") else refused).append((wire, head))
        assert len(talking) > 10
        for _, head in refused:
            assert head.startswith(b"HTTP/1.1 503")
            assert b"retry-after: 1\r\n" in head.lower()
        for wire, _ in talking:
            wire.until(b'"one"')
        answer = ask(server, "messages", "up/m")
        assert (answer.status, answer.json()["error"]["message"]) == (
            503,
            f"Could not connect to 127.0.0.1:{upstream.port}: this server has no socket left.",
        )
    upstream.will(telling("well"))
    wait_until(lambda: sockets(server) < 30, "the sockets to be free again")
    answer = ask(server, "chat", "up/m", fallbacks=["other/m"])
    assert pieces_in("chat", answer.body) == ["well"]
    assert answer.headers["headgate-provider"] == "up/up"
    assert "headgate-attempts" not in answer.headers


def test_none_is_left_for_a_client(server: Serving, upstream: Upstream) -> None:
    """It is told so, too, and is served as soon as another has gone."""
    with ExitStack() as stack:
        told = b""
        while b"200 OK" in (told or b"200 OK"):
            wire = stack.enter_context(Wire(server))
            wire.get("/health")
            told = wire.until(b"\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 503")
        wire.until(b"This server has no socket left.")
    wait_until(lambda: get(server, "/health").get("status") == "healthy", "it to be well again")


def test_kept_connections_make_room(server: Serving, upstream: Upstream) -> None:
    """They are worth less than a request that is here."""
    with (
        Upstream(keeping) as another,
        serving(ALONE + upstream.config() + another.config("kept"), before=FEW) as keeper,
    ):
        fresh = sockets(keeper)
        with ExitStack() as stack:
            wires = [stack.enter_context(Wire(keeper)) for _ in range(KEPT)]
            for wire in wires:
                wire.post(chat(model="kept/m", stream=True))
            for wire in wires:
                assert words(wire.answer().body) == ["well"]
        wait_until(lambda: sockets(keeper) == fresh + KEPT, "the clients to be gone")
        assert at_once(keeper) == at_once(server)


def at_once(server: Serving) -> int:
    """How many answers it can make at a time."""
    with ExitStack() as stack:
        for count in range(MOST):
            wire = stack.enter_context(Wire(server))
            post(wire, "chat", "up/m")
            if not wire.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200"):
                return count
    raise AssertionError("more than there can be")


KEPT = 12
_all_here = threading.Barrier(KEPT)


def keeping(peer: Peer) -> None:
    """Answer once all are here, and keep the connection."""
    _all_here.wait(PATIENCE)
    telling("well")(peer)
    peer.left_at()
