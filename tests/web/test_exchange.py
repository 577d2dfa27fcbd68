"""An answer in pieces, some of them written at once, beside the way that waits for a slow client."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from uvicorn.server import ServerState

from headgate.web.exchange import Exchange


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.written.append(data)

    def close(self) -> None:
        """Nobody needs to know."""


def make(version: str = "1.1") -> tuple[Exchange, Any]:
    """An answer that has not begun, and what is under it."""
    state = ServerState()
    state.default_headers = [(b"date", b"Sat, 21 Nov 2026 12:00:00 GMT")]
    cycle = SimpleNamespace(
        scope={"method": "GET", "http_version": version},
        transport=Transport(),
        flow=SimpleNamespace(write_paused=False),
        keep_alive=True,
        disconnected=False,
        response_started=False,
        response_complete=False,
        waiting_for_100_continue=False,
        chunked_encoding=None,
        more_body=False,
        set=lambda: None,
    )
    connection = SimpleNamespace(server_state=state, on_leave=None, on_response_complete=lambda: None)
    return Exchange(cast(Any, connection), cast(Any, cycle)), cycle


@pytest.mark.parametrize(("version", "piece"), [("1.1", b"5\r\nhello\r\n"), ("1.0", b"hello")])
def test_a_piece_is_written_at_once_between_the_first_and_the_last(version: str, piece: bytes) -> None:
    """The same bytes for everybody who gets the same piece."""

    async def main() -> None:
        exchange, cycle = make(version)
        was_free = [exchange.is_free]
        exchange.begin(200, b"")
        was_free.append(exchange.is_free)
        await exchange.write(b"first", more=True)
        was_free.append(exchange.is_free)
        exchange.write_now(b"hello")
        assert cycle.transport.written[-1] == piece
        assert exchange.sent == sum(map(len, cycle.transport.written))
        other, other_cycle = make(version)
        other.begin(200, b"")
        other.write_now(b"hello")
        assert other_cycle.transport.written[-1] is cycle.transport.written[-1] or version == "1.0"
        await exchange.write(b"", more=False)
        assert [*was_free, exchange.is_free] == [False, False, True, False]

    asyncio.run(main())


@pytest.mark.parametrize("why", ["slow", "gone"])
def test_a_client_that_does_not_read_or_is_gone_is_written_nothing(why: str) -> None:
    async def main() -> None:
        exchange, cycle = make()
        exchange.begin(200, b"")
        await exchange.write(b"first", more=True)
        cycle.flow.write_paused, cycle.disconnected = why == "slow", why == "gone"
        assert not exchange.is_free

    asyncio.run(main())
