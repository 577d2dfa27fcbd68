"""A server with small limits, and what it answers to bytes that no decent client would send."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.watching import ALONE, get
from tests.e2e.wire import Answer, Wire
from tests.serving import Serving, serving

CHAT = "/v1/chat/completions"
MEGABYTE = 1 << 20
CONFIG = ALONE + '[server]\nmax_body = "10KB"\nbody_timeout = 0.3\n'
QUICKLY = """
from headgate.web import exchange, protocol, server
protocol.HEAD_LIMIT = 0.3
exchange.WRITE_LIMIT = 0.5
protocol.LINGER = 0.5
server.CHECK_EVERY = 1
"""


@contextmanager
def impatient() -> Iterator[Serving]:
    """A server that gives its clients little time and room; nothing that they do is an error of ours."""
    with serving(CONFIG, before=QUICKLY) as server:
        yield server
        assert "ERROR" not in server.log()


def check_well(server: Serving) -> None:
    """It serves others."""
    assert get(server, "/health")["status"] == "healthy"


def said(server: Serving, *pieces: bytes, method: str = "GET") -> Answer:
    """The answer to these bytes."""
    with Wire(server) as wire:
        for piece in pieces:
            wire.send(piece)
        return wire.answer(method)


def is_closed_after(server: Serving, *pieces: bytes) -> Answer:
    """The answer to these bytes, after which the server hangs up."""
    with Wire(server) as wire:
        for piece in pieces:
            wire.send(piece)
        answer = wire.answer()
        assert answer.headers["connection"] == "close"
        assert wire.is_hung_up()
        return answer


def resident(server: Serving) -> int:
    """The memory of the server, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("memory can be looked at on Linux only")
    return int(status.read_text().partition("VmRSS:")[2].split()[0]) * 1024
