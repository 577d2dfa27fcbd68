"""Runs as streams: all of a log from anywhere, in any form, live and when it is over, for those who may read it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.dialects.forms import NAMES
from headgate.formats.sse import Reader
from tests.e2e.watching import run_of
from tests.e2e.wire import Answer, Wire, ask, chat, counting, events_of, frames, head
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

ALICE, BOB = {"authorization": "Bearer alices-key"}, {"authorization": "Bearer bobs-keys"}
KEEP = {"headgate-disconnect": "keep"}

CONFIG = """
[providers.simulator]
[keys]
alice = "alices-key"
bob = "bobs-keys"
"""

WORDS = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(CONFIG) as server:
        yield server


@pytest.fixture(scope="module")
def over(server: Serving) -> str:
    """A run that is over."""
    body = chat(text="one two", tool_calls=[{"name": "a", "arguments": {"b": "c\n\nd"}}])
    return ask(server, "/v1/chat/completions", ALICE, "POST", body).headers["headgate-run"]


def path(run: str, form: str = "", **asked: str) -> str:
    """Where a run's stream is."""
    asked |= {"as": form} if form else {}
    return f"/v1/stream/runs/{run}?" + "&".join(f"{name}={value}" for name, value in asked.items())


def read(server: Serving, run: str, headers: dict[str, str] | None = None, form: str = "", **asked: str) -> Answer:
    """Some of a run's stream."""
    return ask(server, path(run, form, **asked), ALICE if headers is None else headers)


def offset(number: int) -> str:
    """As this server writes it."""
    return f"{number:016}"


def controls(body: bytes) -> list[Any]:
    """What server-sent events said of places; each has its data before it."""
    return [json.loads(message.data) for message in Reader().feed(body) if message.name == "control"]


def messages(body: bytes) -> list[Any]:
    """What server-sent events said."""
    return [each for message in Reader().feed(body) if message.name == "data" for each in json.loads(message.data)]


def begin(wire: Wire, words: int = WORDS, gap_ms: int = 4) -> str:
    """Ask for an answer that takes a while."""
    wire.post(chat(stream=True, text=counting(words), gap_ms=gap_ms), headers={**KEEP, **ALICE})
    return run_of(wire.until(b" w5"))


def test_a_run_is_a_stream_of_its_events(server: Serving, over: str) -> None:
    """All of them, from any of them on, and it is closed."""
    log = events_of(server, over, ALICE)
    for number in range(len(log) + 1):
        answer = read(server, over, offset=offset(number))
        assert (answer.status, answer.json()) == (200, log[number:])
        assert answer.headers["stream-next-offset"] == offset(len(log))
        assert (answer.headers["stream-up-to-date"], answer.headers["stream-closed"]) == ("true", "true")
        assert answer.headers["content-type"] == "application/json"
    assert read(server, over).json() == read(server, over, offset="-1").json() == log
    assert read(server, over, offset="now").json() == []
    assert read(server, over, offset=offset(len(log)), live="long-poll").status == 204


def test_a_head_says_how_far_it_goes(server: Serving, over: str) -> None:
    """Without a body, and not to be kept by anybody."""
    answer = ask(server, path(over), ALICE, "HEAD")
    assert (answer.status, answer.body, answer.headers["cache-control"]) == (200, b"", "no-store")
    assert answer.headers["stream-next-offset"] == read(server, over).headers["stream-next-offset"]
    assert answer.headers["stream-closed"] == "true"


@pytest.mark.parametrize("form", NAMES)
def test_a_run_is_a_stream_of_any_api(server: Serving, over: str, form: str) -> None:
    """The chunks of that API's own, from anywhere; what marks its end there is the stream's own end here."""
    shown = ask(server, f"/v1/runs/{over}/events?as={form}", ALICE)
    if shown.status == 400:
        assert read(server, over, form=form).error == shown.error
        return
    chunks = [json.loads(frame.data) for frame in frames(shown.body) if frame.data != "[DONE]"]
    assert read(server, over, form=form).json() == chunks
    count = int(read(server, over).headers["stream-next-offset"])
    pieces = [read(server, over, offset=offset(number), form=form) for number in range(count + 1)]
    for piece in pieces:
        assert piece.json() == chunks[len(chunks) - len(piece.json()) :]
        assert piece.headers["stream-next-offset"] == offset(count)
    assert [len(piece.json()) for piece in pieces] == sorted((len(p.json()) for p in pieces), reverse=True)
    assert messages(read(server, over, live="sse", offset="-1", form=form).body) == chunks


def test_what_is_made_is_read_as_it_is_made(server: Serving) -> None:
    """By server-sent events from the start, from the middle and from now; they end when the run does."""
    with Wire(server) as wire:
        run = begin(wire)
        readers = {place: Wire(server) for place in ("-1", offset(3), "now")}
        for place, reader in readers.items():
            reader.get(path(run, offset=place, live="sse"), ALICE)
        bodies = {place: reader.answer().body for place, reader in readers.items()}
        for reader in readers.values():
            reader.close()
    log = events_of(server, run, ALICE)
    assert messages(bodies["-1"]) == log
    assert messages(bodies[offset(3)]) == log[3:]
    late = messages(bodies["now"])
    assert 0 < len(late) < len(log)
    assert late == log[-len(late) :]
    for body in bodies.values():
        *before, last = controls(body)
        assert last == {"streamNextOffset": offset(len(log)), "streamClosed": True, "upToDate": True}
        assert before, "it came in one piece"
        assert all("streamClosed" not in control and int(control["streamCursor"]) > 0 for control in before)
        places = [control["streamNextOffset"] for control in (*before, last)]
        assert places == sorted(set(places))


def test_long_polls_put_together_are_the_log(server: Serving) -> None:
    """Each waits for what comes next; the cursor always goes on."""
    seen: list[Any] = []
    with Wire(server) as wire, Wire(server) as reader:
        run = begin(wire)
        asked = {"offset": "-1", "live": "long-poll"}
        polls = 0
        while True:
            reader.get(path(run, **asked), ALICE)
            answer = reader.answer()
            polls += 1
            seen += answer.json() if answer.status == 200 else []
            if answer.headers.get("stream-closed") == "true":
                break
            cursor = answer.headers["stream-cursor"]
            assert int(cursor) > int(asked.get("cursor", 0))
            asked = {"offset": answer.headers["stream-next-offset"], "live": "long-poll", "cursor": cursor}
    assert polls > 3
    assert seen == events_of(server, run, ALICE)


def test_a_tag_stands_for_a_piece_until_the_run_is_over(server: Serving) -> None:
    """Who has it is told so; but not that nothing happened when the stream was closed."""
    with Wire(server) as wire:
        run = begin(wire, words=100_000, gap_ms=1)
        piece = read(server, run, offset=offset(2))
        ask(server, f"/v1/runs/{run}/stop", ALICE, "POST")
    whole = read(server, run, offset=offset(2))
    assert len(whole.json()) > len(piece.json())
    assert piece.headers["etag"] != whole.headers["etag"]
    for tag in (whole.headers["etag"], f'"x", W/{whole.headers["etag"]}', "*"):
        known = read(server, run, {**ALICE, "if-none-match": tag}, offset=offset(2))
        assert (known.status, known.body) == (304, b"")
        assert known.headers["stream-closed"] == "true"
    assert read(server, run, {**ALICE, "if-none-match": piece.headers["etag"]}, offset=offset(2)).status == 200
    assert read(server, run, {**ALICE, "if-none-match": whole.headers["etag"]}, offset=offset(3)).status == 200


def test_a_stream_goes_on_where_it_was_after_a_kill(tmp_path: Path) -> None:
    """Every offset told before means the same after; the log's end says what became of it."""
    with serving(CONFIG, folder=tmp_path) as first, Wire(first) as wire:
        run = begin(wire, words=100_000, gap_ms=1)
        piece = read(first, run, offset="-1")
        first.kill()
    with serving(CONFIG, folder=tmp_path) as second:
        answer = read(second, run, offset=piece.headers["stream-next-offset"], live="sse")
        rest = messages(answer.body)
        assert piece.json() + rest == events_of(second, run, ALICE)
        assert (rest[-1]["type"], rest[-1]["code"]) == ("failed", "producer_lost")
        assert controls(answer.body)[-1]["streamClosed"] is True


def test_only_its_owner_reads_it(server: Serving, over: str) -> None:
    """Or who has a link of it; to everybody else it is not there."""
    assert read(server, over, {}).status == 401
    assert read(server, over, BOB).error["code"] == "run_not_found"
    made = ask(server, f"/v1/runs/{over}/links", ALICE, "POST").json()
    assert read(server, over, {}, token=made["token"]).json() == read(server, over).json()
    assert made["stream_url"].endswith(path(over, token=made["token"]))
    other = ask(server, "/v1/chat/completions", ALICE, "POST", chat(text="no")).headers["headgate-run"]
    assert read(server, other, {}, token=made["token"]).error["code"] == "link_invalid"
    assert read(server, other, {}, token="x").error["code"] == "link_invalid"


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_nobody_writes_it(server: Serving, over: str, method: str) -> None:
    """Neither its owner."""
    with Wire(server) as wire:
        wire.send(
            head(method, path(over), {**ALICE, "content-type": "application/json", "content-length": "3"}) + b"[1]"
        )
        answer = wire.answer()
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.error["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("offset=", "invalid_offset"),
        ("offset=1", "invalid_offset"),
        ("offset=000000000000000x", "invalid_offset"),
        ("offset=0000000000000000&offset=0000000000000001", "invalid_offset"),
        ("offset=a,b", "invalid_offset"),
        ("offset=0000000999999999", "invalid_offset"),
        ("live=sse", "missing_offset"),
        ("live=long-poll", "missing_offset"),
        ("offset=-1&live=always", "invalid_value"),
        ("as=morse", "invalid_value"),
    ],
)
def test_what_cannot_be_read_is_said(server: Serving, over: str, asked: str, code: str) -> None:
    """With the parameter's name."""
    answer = ask(server, f"/v1/stream/runs/{over}?{asked}", ALICE)
    assert (answer.status, answer.error["code"]) == (400, code)
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


def test_forms_have_tags_of_their_own(server: Serving, over: str) -> None:
    """A piece in one form is none in another."""
    tags = {read(server, over, form=form).headers["etag"] for form in ("events", "openai.chat", "purai.chat")}
    assert len(tags) == 3


def test_a_long_run_comes_in_pieces(server: Serving) -> None:
    """None of them too large, all of them together the log."""
    words = 2500
    asked = chat(text=counting(words), model="simulator/demo")
    run = ask(server, "/v1/chat/completions", ALICE, "POST", asked).headers["headgate-run"]
    seen, place, pieces = [], "-1", 0
    while True:
        answer = read(server, run, offset=place)
        pieces += 1
        seen += answer.json()
        place = answer.headers["stream-next-offset"]
        if answer.headers.get("stream-closed") == "true":
            break
        assert "stream-up-to-date" not in answer.headers
    assert pieces == 3
    assert seen == events_of(server, run, ALICE) == messages(read(server, run, offset="-1", live="sse").body)
