"""A request whose answer is not what it should be."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from uvicorn.server import ServerState

from headgate.web.cycle import Cycle


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.is_closed = False

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.written += data

    def close(self) -> None:
        """Note that."""
        self.is_closed = True


async def _fails(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError("This is a bug.")


async def _is_cancelled(scope: Any, receive: Any, send: Any) -> None:
    raise asyncio.CancelledError


async def _says_nothing(scope: Any, receive: Any, send: Any) -> None:
    pass


async def _stops_in_the_middle(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.mark.parametrize(
    ("app", "status"),
    [(_fails, b"500"), (_is_cancelled, b"500"), (_says_nothing, b"500"), (_stops_in_the_middle, b"200")],
)
def test_nobody_waits_for_ever_for_an_answer_that_does_not_come(app: Any, status: bytes) -> None:
    """Nor is its task held."""

    async def main() -> None:
        transport, tasks = Transport(), set[Any]()
        protocol = SimpleNamespace(
            transport=transport,
            flow=SimpleNamespace(write_paused=False),
            parser=SimpleNamespace(should_keep_alive=lambda: True),
            expect_100_continue=False,
            server_state=ServerState(),
            tasks=tasks,
            on_response_complete=lambda: None,
        )
        cycle = Cycle(cast(Any, protocol), {"http_version": "1.1", "method": "GET", "path": "/"})
        cycle.task = asyncio.current_task()
        tasks.add(cycle.task)
        await cycle.run_asgi(app)
        assert transport.written.startswith(b"HTTP/1.1 " + status)
        assert transport.is_closed
        assert not tasks

    asyncio.run(main())
