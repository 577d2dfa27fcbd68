"""Each limit, by a request's header where the provider's own would be long; and answers that break in the middle."""

import gzip
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

import pytest

from tests.e2e.upstream import STREAM_HEAD, Peer, Play, Upstream
from tests.e2e.wire import Wire
from tests.net.full import full_listener
from tests.serving import Serving, serving
from tests.upstreams.chaos.formats import STREAMED
from tests.upstreams.chaos.playing import assert_good, perform, section, sections
from tests.upstreams.chaos.plays import EVENTS, PAUSE, Scene, half_closing, resetting, saying, to_the_end
from tests.upstreams.raw import DIALECTS, ask, broken_body, has_end, pieces_in, post

pytestmark = pytest.mark.slow


NAMES = ("up", "full", "up_led", "full_led", "up_last", "full_last", "begun")


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(lambda peer: None) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[Serving]:
    with Upstream(perform) as good, full_listener() as full:
        # Under names of their own, where a bad name that others have got would make a difference.
        ports = {name: full if name.startswith("full") else upstream.port for name in NAMES}
        config = "".join(section(name, port, "any") for name, port in ports.items()) + sections(good, ["honest"])
        with serving(config) as server:
            yield server


def silent(peer: Peer) -> None:
    """Never answer."""
    peer.request()
    peer.left_at()


def one_word(peer: Peer) -> None:
    """Fall silent after it."""
    peer.request()
    peer.send(STREAM_HEAD)
    peer.say("one")
    peer.left_at()


def endless(peer: Peer) -> None:
    """Never come to an end."""
    peer.request()
    peer.send(STREAM_HEAD)
    with suppress(OSError):
        while True:
            peer.say("one")
            time.sleep(PAUSE)


EARLY = [
    ("full", "Headgate-Connect-Timeout", "upstream_connect_timeout"),
    ("up", "Headgate-First-Event-Timeout", "first_event_timeout"),
    ("up", "Headgate-Total-Timeout", "total_timeout"),
]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("name", "header", "code"), EARLY)
def test_a_limit_before_the_first_word(
    server: Serving, upstream: Upstream, name: str, header: str, code: str, stream: bool
) -> None:
    """An error with its status; another takes over, unless the time for the whole is up."""
    upstream.will(silent)
    answer = ask(server, "chat", f"{name}/m", stream=stream, headers={header: "0.3"})
    assert (answer.status, answer.error["code"]) == (504, code)
    if code != "total_timeout":
        led = f"{name}_led/m"
        answer = ask(server, "chat", led, stream=stream, fallbacks=["honest/m"], headers={header: "0.3"})
        assert_good("chat", answer, stream=stream)
        assert answer.headers["headgate-attempts"] == f"{led} 504 {code}"


LATE = [(one_word, "Headgate-Idle-Timeout", "idle_timeout"), (endless, "Headgate-Total-Timeout", "total_timeout")]


@pytest.mark.parametrize(("play", "header", "code"), LATE)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_limit_after_it(
    server: Serving, upstream: Upstream, dialect: str, play: Play, header: str, code: str
) -> None:
    """What was said stays said, and the answer does not look whole; one that is asked for whole is an error."""
    upstream.will(play)
    broken(server, dialect, {header: "0.3"})
    answer = ask(server, dialect, "up/m", stream=False, headers={header: "0.3"})
    assert answer.status == 504
    assert "one" not in answer.json()


def broken(server: Serving, dialect: str, headers: Mapping[str, str] | None = None) -> None:
    """A stream that says something, tells an error, and has no end."""
    with Wire(server) as wire:
        post(wire, dialect, "up/m", headers=headers)
        body = broken_body(wire, dialect)
    assert set(pieces_in(dialect, body)) == {"one"}
    assert not has_end(dialect, body)


CHUNK = b'data: {"id": "x", "model": "m", "choices": [{"index": 0, "delta": {"content": "one"}}]}\n\n'
ENDS: dict[str, Scene] = {
    "hangs_up": saying(to_the_end(CHUNK)),
    "hangs_up_in_an_event": saying(to_the_end(CHUNK + STREAMED["chat"][:40])),
    "hangs_up_in_a_chunk": saying(STREAM_HEAD, b"%x\r\n" % (len(CHUNK) + 9), CHUNK),
    "resets": resetting(STREAM_HEAD, b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK)),
    "closes_half": half_closing(to_the_end(CHUNK)),
    "turns_to_another_format": saying(to_the_end(CHUNK + STREAMED["messages"])),
    "turns_to_a_page": saying(to_the_end(CHUNK + b"<html><h1>504 Gateway Timeout</h1></html>\n\n")),
    "tells_an_error": saying(to_the_end(CHUNK + b'data: {"error": {"message": "No memory.", "code": 500}}\n\n')),
    "unpacks_to_no_end": saying(
        to_the_end(gzip.compress(CHUNK + b" " * 200_000_000), EVENTS + b"content-encoding: gzip\r\n")
    ),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_answer_that_breaks(server: Serving, upstream: Upstream, dialect: str, end: Scene) -> None:
    upstream.will(lambda peer: end(peer, peer.request()))
    broken(server, dialect)


def test_nobody_takes_over_what_has_begun(server: Serving, upstream: Upstream) -> None:
    """Unless that is wished for: then he goes on with it, and the answer is whole."""
    upstream.will(lambda peer: ENDS["resets"](peer, peer.request()))
    with Wire(server) as wire:
        post(wire, "chat", "begun/m", fallbacks=["honest/m"])
        assert pieces_in("chat", broken_body(wire, "chat")) == ["one"]
    answer = ask(server, "chat", "begun/m", fallbacks=["honest/m"], headers={"Headgate-Continue": "on"})
    assert "".join(pieces_in("chat", answer.body)) == "oneAll well."


def test_when_all_fail_each_is_named(server: Serving, upstream: Upstream) -> None:
    upstream.will(lambda peer: None)
    answer = ask(server, "chat", "up_last/m", fallbacks=["full_last/m"], headers={"Headgate-Connect-Timeout": "0.2"})
    assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_broken_answer")
    tried = [(each["provider"], each["status"], each["code"]) for each in answer.json()["error"]["attempts"]]
    assert tried == [("up_last", 502, "upstream_broken_answer"), ("full_last", 504, "upstream_connect_timeout")]
