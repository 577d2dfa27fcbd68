"""`headgate webhooks`: what became of messages, sending one again, and the secret they are signed with."""

import time
from typing import Any
from urllib.parse import quote

from headgate.cli.http import Server, run_path
from headgate.cli.printing import age, print_json, print_table, with_server
from headgate.cli.screen import safe


def list_of(url: str | None, key: str | None, run: str, *, as_json: bool) -> int:
    """Print a run's messages; returns the exit code, as all of these do."""

    async def work(server: Server) -> None:
        found = await server.ask("GET", run_path(run, "/webhooks"))
        if as_json:
            print_json(found)
        else:
            print_table([("ID", "STATUS", "TRIES", "NEXT", "TO", "NOTE"), *map(_row, found["data"])])

    return with_server(url, key, work)


def redeliver(url: str | None, key: str | None, run: str, id: str, *, as_json: bool) -> int:
    """Have one message of a run sent again."""

    async def work(server: Server) -> None:
        message = await server.ask("POST", run_path(run, f"/webhooks/{quote(id, safe='')}/redeliver"))
        if as_json:
            print_json(message)
        else:
            print(f"{safe(message['id'])} is {safe(message['status'])}")

    return with_server(url, key, work)


def secret(url: str | None, key: str | None, *, as_json: bool) -> int:
    """Print what messages about the key's runs are signed with."""

    async def work(server: Server) -> None:
        found = await server.ask("GET", "/v1/webhooks/secret")
        if as_json:
            print_json(found)
        else:
            print(safe(found["secret"]))

    return with_server(url, key, work)


def _row(message: dict[str, Any]) -> tuple[str, ...]:
    return (
        safe(message["id"]),
        safe(message["status"]),
        str(len(message["tries"])),
        "" if message["due"] is None else age(message["due"] - time.time()),
        safe(message["url"] or message["endpoint"] or ""),
        safe(message["note"]),
    )
