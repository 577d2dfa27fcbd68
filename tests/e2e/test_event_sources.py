"""EventSource, npm's and the browser's, on connections that are cut: each event comes exactly once, in order."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.cutter import Cutter
from tests.e2e.wire import Wire, chat, counting, events_of
from tests.node import chromium, node
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

KEEP = {"headgate-disconnect": "keep"}
NAMES = ["started", "text", "usage", "finished", "failed", "stopped"]
TEXT = counting(150)
FOLLOWERS = 4
"""A browser opens no more than six at once."""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


def start(server: Serving, **said: Any) -> str:
    """A run that goes on without its client, at work."""
    with Wire(server) as wire:
        wire.post(chat(stream=True, text=TEXT, **said), headers=KEEP)
        return wire.until(b"\r\n\r\n").partition(b"headgate-run: ")[2].partition(b"\r\n")[0].decode()


@pytest.mark.parametrize("gap", [0, 10], ids=["when_it_is_over", "live"])
@pytest.mark.parametrize("is_browser", [False, True], ids=["npm", "chromium"])
def test_no_event_is_lost_or_doubled_by_a_cut(server: Serving, is_browser: bool, gap: int) -> None:
    """It goes on after the last one it had, and stops asking after the end."""
    path = chromium() if is_browser else None
    run = start(server, gap_ms=gap)
    with Cutter(server.port, seed=4, cuts=40, clients=FOLLOWERS) as cutter:
        url = f"{cutter.url}/v1/runs/{run}/events"
        heard = node("follow.mjs", urls=[url] * FOLLOWERS, names=NAMES, chromium=path, home=f"{server.url}/health")
    log = events_of(server, run)
    assert cutter.cuts > 20
    for follower in heard:
        assert [(int(id), json.loads(data)) for _, id, data in follower["events"]] == list(enumerate(log))
    assert max(follower["opens"] for follower in heard) > 2
