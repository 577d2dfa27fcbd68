"""Many upstream streams that are open at once on one process; `bench/run streams` has two thousand of them."""

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.upstream import STREAM_HEAD, Peer, Upstream
from tests.e2e.watching import ALONE, sockets, wait_until
from tests.e2e.wire import PATIENCE, Wire, counting
from tests.serving import Serving, serving
from tests.upstreams.raw import DIALECTS, ask, has_end, pieces_in, post

pytestmark = pytest.mark.slow

MANY = 200
WORDS = counting(20).split(" ")


def test_many_streams_that_are_open_at_once() -> None:
    """Each has all its words in order, each cost little, and nothing is left of them."""
    all_here = threading.Barrier(MANY)

    def play(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD)
        all_here.wait(PATIENCE)
        for word in WORDS:
            peer.say(f"{word} ")
        peer.say(reason="stop")
        peer.done()

    with Upstream(play) as upstream, serving(ALONE + upstream.config()) as server, ExitStack() as stack:
        assert ask(server, "chat", "nobody/m").status == 404
        fresh, held = sockets(server), memory(server)
        wires = [stack.enter_context(Wire(server)) for _ in range(MANY)]
        pairs = [(wire, DIALECTS[number % len(DIALECTS)]) for number, wire in enumerate(wires)]
        for wire, dialect in pairs:
            post(wire, dialect, "up/m")
        for wire, dialect in pairs:
            body = wire.answer().body
            assert "".join(pieces_in(dialect, body)).split() == WORDS
            assert has_end(dialect, body)
        assert (memory(server) - held) / MANY < 200, "kilobytes for each"
        stack.close()
        wait_until(lambda: sockets(server) <= fresh + MANY, "the clients to be gone, and no more to be kept than came")


def memory(server: Serving) -> int:
    """The most it ever held, in kilobytes."""
    return int(Path(f"/proc/{server.process.pid}/status").read_text().partition("VmHWM:")[2].split()[0])
