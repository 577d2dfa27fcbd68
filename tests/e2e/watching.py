"""Waiting for what a test needs to have happened; never for a while that is hoped to be long enough."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.upstream import Upstream
from tests.e2e.wire import PATIENCE, Wire
from tests.serving import Serving


def wait_until(is_so: Callable[[], Any], what: str) -> Any:
    """The first true thing it says."""
    deadline = time.monotonic() + PATIENCE
    while not (found := is_so()):
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.002)
    return found


def recent(server: Serving, key: str = "") -> list[Any]:
    """The newest runs of a key."""
    return list(get(server, "/v1/runs", key)["data"])


def get(server: Serving, path: str, key: str = "") -> Any:
    """What a path says."""
    with Wire(server) as wire:
        wire.get(path, {"authorization": f"Bearer {key}"} if key else {})
        return wire.answer().json()


def wait_for_status(server: Serving, run: str, status: str) -> Any:
    """The run, once it has come to that."""

    def look() -> Any:
        found = get(server, f"/v1/runs/{run}")
        return found if found.get("status") == status else None

    return wait_until(look, f"{run} to be {status}")


def wait_for_run(server: Serving, asked: str) -> str:
    """The id of the newest run, once it is of that model and at work."""

    def look() -> str | None:
        newest = recent(server)[:1]
        return newest[0]["id"] if [(run["asked"], run["status"]) for run in newest] == [(asked, "running")] else None

    return str(wait_until(look, f"a run of {asked}"))


def wait_for_connection(upstream: Upstream, before: int) -> None:
    """Until the gateway has connected to the upstream once more."""
    wait_until(lambda: upstream.accepted > before, "the upstream to be asked")


def has_seen_everything(server: Serving) -> None:
    """Return when the server has seen whatever its clients did before: it has answered one that came later."""
    assert get(server, "/health")["status"] == "healthy"


def run_of(body: bytes) -> str:
    """The run's id in the bytes of an answer."""
    return body.partition(b"headgate-run: ")[2].partition(b"\r\n")[0].decode()


ALONE = "[voices]\nlocal = false\n"
"""For a server whose sockets are counted: otherwise a voice is started beside it, which has one, in its own time."""


def sockets(server: Serving) -> int:
    """How many sockets the server's process holds."""
    folder = Path(f"/proc/{server.process.pid}/fd")
    if not folder.exists():
        pytest.skip("open files can be counted on Linux only")
    count = 0
    for link in folder.iterdir():
        try:
            count += str(link.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue  # it was closed while we looked
    return count
