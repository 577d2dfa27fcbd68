"""What the commands that ask a server have in common: asking, and printing what came."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from headgate.cli.http import Server
from headgate.cli.screen import complain
from headgate.config import ConfigError, load_client, read_environment
from headgate.errors import HeadgateError

INTERRUPTED = 130


def with_server(url: str | None, key: str | None, work: Callable[[Server], Awaitable[None]]) -> int:
    """Work with a server; returns the exit code, and has said what went wrong."""

    async def do() -> None:
        server = Server(client)
        try:
            await work(server)
        finally:
            await server.close()

    try:
        client = load_client(url, key, read_environment())
        asyncio.run(do())
    except HeadgateError as error:
        complain(error.message)
        return 2 if isinstance(error, ConfigError) else 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def print_json(value: dict[str, Any]) -> None:
    """What the server sent."""
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Rows with their columns in line, as wide as they have to be: a name that was cut to fit could not be used."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def age(seconds: float) -> str:
    """A stretch of time in one unit."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return f"{max(seconds, 0):.0f}s"
