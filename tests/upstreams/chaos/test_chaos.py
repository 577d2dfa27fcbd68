"""
Upstreams of all bad sorts, in every dialect: a clear error with the right status when they stand alone, and a whole
answer that names them when a good one stands behind them. Never an empty answer that looks like one.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.upstream import Upstream
from tests.e2e.watching import ALONE, sockets, wait_until
from tests.serving import Serving, serving
from tests.upstreams.chaos.playing import assert_good, dialect_of, hear, perform, sections
from tests.upstreams.chaos.plays import GOOD, IDLE, MUTE, NEVER, SILENT, WRONG
from tests.upstreams.raw import ask

pytestmark = pytest.mark.slow

SHORT = "first_event_timeout = 0.5\nwhole_timeout = 0.5\nidle_timeout = 0.5"
SMALL = """
from headgate.formats import sse
from headgate.providers import answer
sse.MAX_EVENT, answer.MAX_ANSWER = 1_000_000, 16_000_000
"""
"""Bounds that are met sooner."""
MOST = 150
"""Megabytes that the server may come to hold on its way through all of it; it begins with some sixty."""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with Upstream(perform) as upstream:
        config = ALONE + sections(upstream, [*SILENT, *MUTE], SHORT) + sections(upstream, [*WRONG, *GOOD])
        with serving(config, before=SMALL) as server:
            ask(server, "chat", "honest/m")
            before = sockets(server)
            yield server
            assert "ERROR" not in server.log()
            # One may be kept of those that ended well.
            wait_until(lambda: sockets(server) <= before + 8, "no connection to be left")
            assert peak(server) < MOST


def peak(server: Serving) -> float:
    """The most memory it ever held, in megabytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@pytest.mark.parametrize("name", SILENT)
def test_an_upstream_that_does_not_begin(server: Serving, name: str) -> None:
    """Whatever it does to look alive."""
    check(server, name, {NEVER})


@pytest.mark.parametrize("name", MUTE)
def test_an_upstream_that_begins_and_says_nothing(server: Serving, name: str) -> None:
    """As long as there is no word, another can still take over."""
    check(server, name, {IDLE})


@pytest.mark.parametrize("name", WRONG)
def test_an_upstream_that_is_none(server: Serving, name: str) -> None:
    check(server, name, WRONG[name][1])


def check(server: Serving, name: str, expected: set[tuple[int, str]]) -> None:
    """It is told as it should be, and another takes over."""
    heard, dialect = hear(server, name), dialect_of(name)
    for answer in heard.alone:
        assert answer.status in {status for status, _ in expected}, answer
        error = json.loads(answer.body)["error"]
        assert error["message"]
        if dialect not in ("messages", "generate"):
            assert (answer.status, error["code"]) in expected
    for answer, stream in zip(heard.led, (True, False), strict=True):
        assert_good(dialect, answer, stream=stream)
        assert answer.headers["headgate-provider"] == "honest/m"
        place, status, code = answer.headers["headgate-attempts"].split()
        assert place == f"{name}_led/m"
        assert (int(status), code) in expected


@pytest.mark.parametrize("name", GOOD)
def test_an_upstream_that_is_only_odd(server: Serving, name: str) -> None:
    """Its answer is one."""
    heard = hear(server, name)
    for answer, stream in zip([*heard.alone, *heard.led], (True, False) * 2, strict=True):
        assert_good(dialect_of(name), answer, stream=stream)
