"""Runs over HTTP: look, list, follow from anywhere, stop."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.watching import get, recent, run_of, wait_for_status
from tests.e2e.wire import Answer, Wire, chat, counting, events_of, frames, pieces_of, words
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

KEEP = {"headgate-disconnect": "keep"}


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving("[server]\nkeep_alive = 0.5\n") as server:
        yield server


@pytest.fixture(scope="module")
def over(server: Serving) -> str:
    """A run that is over: started, five pieces, usage, finished."""
    with Wire(server) as wire:
        wire.post(chat(text="one two three four five"))
        return wire.answer().headers["headgate-run"]


def begin(wire: Wire, *, headers: dict[str, str] | None = None, **said: Any) -> str:
    """Start a streamed run, and return its id once its head is here."""
    wire.post(chat(stream=True, **said), headers=headers)
    head = wire.until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    return run_of(head)


def ask(server: Serving, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
    """One request."""
    with Wire(server) as wire:
        wire.get(path, headers, method)
        return wire.answer(method)


def stop(server: Serving, run: str) -> Answer:
    """POST .../stop."""
    return ask(server, f"/v1/runs/{run}/stop", {"content-length": "0"}, "POST")


# Looking.


def test_a_run_is_shown_with_all_that_came_of_it(server: Serving, over: str) -> None:
    """Its words, usage and end."""
    answer = ask(server, f"/v1/runs/{over}")
    shown = answer.json()
    assert answer.headers["headgate-run"] == over
    assert (shown["id"], shown["object"], shown["status"]) == (over, "run", "finished")
    assert (shown["asked"], shown["provider"], shown["model"]) == ("simulator/demo", "simulator", "demo")
    assert shown["output"]["text"] == "one two three four five"
    assert shown["usage"]["output_tokens"] == 5
    assert (shown["error"], shown["events"]) == (None, 8)
    assert shown["created"] <= shown["ended"]


def test_a_run_is_shown_while_it_grows(server: Serving) -> None:
    """As far as it has come."""
    with Wire(server) as wire:
        run = begin(wire, text=counting(1000), gap_ms=20)
        wire.until(b" w3")
        shown = get(server, f"/v1/runs/{run}")
        assert (shown["status"], shown["ended"], shown["usage"]) == ("running", None, None)
        assert shown["output"]["text"].startswith("w0 w1 w2 w3")


def test_runs_are_listed_from_new_to_old_in_pages(server: Serving) -> None:
    """Live ones and those that are over, each once."""
    with Wire(server) as live, Wire(server) as wire:
        begin(live, words=1000, gap_ms=50)
        for _ in range(5):
            wire.post(chat(words=1))
            wire.answer()
        everything = get(server, "/v1/runs?limit=100")
        ids = [run["id"] for run in everything["data"]]
        assert ids == sorted(set(ids), reverse=True)
        assert everything["has_more"] is False
        pages, before = [], ""
        while True:
            page = get(server, f"/v1/runs?limit=2{before}")
            pages += [run["id"] for run in page["data"]]
            before = f"&before={pages[-1]}"
            if not page["has_more"]:
                break
        assert pages == ids
        assert {run["status"] for run in everything["data"]} >= {"running", "finished"}


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "99999999999999999999"])
def test_a_wrong_limit_is_refused(server: Serving, limit: str) -> None:
    """400, naming it."""
    answer = ask(server, f"/v1/runs?limit={limit}")
    assert (answer.status, answer.error["param"]) == (400, "limit")


@pytest.mark.parametrize("run", ["run_0", "run_" + "0" * 40, "x" * 3000, "%00", "..", "run_%C3%A9"])
def test_a_run_that_does_not_exist_is_not_found(server: Serving, run: str) -> None:
    """404, whatever the name looks like."""
    for path in (f"/v1/runs/{run}", f"/v1/runs/{run}/events"):
        assert ask(server, path).error["code"] in ("run_not_found", "not_found")
    assert stop(server, run).status == 404


# Following.


def follow(server: Serving, run: str, after: str | None = None, header: str | None = None) -> Answer:
    """Read the rest of a run's events."""
    path = f"/v1/runs/{run}/events" + ("" if after is None else f"?after={after}")
    return ask(server, path, {} if header is None else {"last-event-id": header})


def numbers(answer: Answer) -> list[int]:
    """The numbers of the events in an answer."""
    return [int(frame.id) for frame in frames(answer.body)]


def test_a_log_is_followed_from_its_start(server: Serving, over: str) -> None:
    """Numbered without holes, each event under its name."""
    answer = follow(server, over)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    found = frames(answer.body)
    assert [frame.event for frame in found] == ["started", *["text"] * 5, "usage", "finished"]
    assert [json.loads(frame.data)["type"] for frame in found] == [frame.event for frame in found]
    assert numbers(answer) == list(range(8))


@pytest.mark.parametrize(
    ("after", "header", "first"),
    [
        (None, None, 0),
        ("", None, 0),
        ("-1", None, 0),
        ("0", None, 1),
        ("5", None, 6),
        (None, "5", 6),
        (None, "-1", 0),
        (None, "", 0),
        ("2", "5", 6),
        ("5", "", 6),
        ("000000000000005", None, 6),
    ],
)
def test_a_reader_goes_on_after_the_last_event_it_has(
    server: Serving, over: str, after: str | None, header: str | None, first: int
) -> None:
    """By the query or by EventSource's own header, which wins; nothing, empty and -1 mean the start."""
    assert numbers(follow(server, over, after, header)) == list(range(first, 8))


@pytest.mark.parametrize("after", ["7", "8", "999999999999999"])
def test_past_the_end_of_a_run_that_is_over_there_is_nothing_more(server: Serving, over: str, after: str) -> None:
    """204 makes an EventSource stop coming back."""
    for answer in (follow(server, over, after), follow(server, over, header=after)):
        assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("after", ["x", "-2", "1.5", "+1", "1e3", "0x1", "%20", "1%202", "%EF%BC%91", "9" * 16])
def test_a_malformed_cursor_is_refused(server: Serving, over: str, after: str) -> None:
    """400: it would be wrong to guess."""
    answer = follow(server, over, after)
    assert (answer.status, answer.error["param"]) == (400, "after")


def test_a_cursor_past_what_a_live_run_has_said_is_refused(server: Serving) -> None:
    """The reader cannot have got it from us."""
    with Wire(server) as wire:
        run = begin(wire, words=1000, gap_ms=50)
        assert follow(server, run, "100000").status == 400


def test_all_readers_of_a_live_run_get_the_same_bytes(server: Serving) -> None:
    """Those who were there from the start, those who came in the middle, and those who came for the rest."""
    text = counting(150)
    with Wire(server) as wire:
        run = begin(wire, text=text, gap_ms=5)
        early = [Wire(server) for _ in range(5)]
        for reader in early:
            reader.get(f"/v1/runs/{run}/events")
        wire.until(b" w50")
        late = [Wire(server) for _ in range(5)]
        for number, reader in enumerate(late):
            reader.get(f"/v1/runs/{run}/events?after={number}")
        bodies = [reader.answer().body for reader in early]
        rest = [reader.answer().body for reader in late]
        for reader in early + late:
            reader.close()
    whole = without_comments(bodies[0])
    assert "".join(pieces_of([json.loads(frame.data) for frame in frames(whole)])) == text
    assert [without_comments(body) for body in bodies] == [whole] * 5
    for number, body in enumerate(rest):
        skipped = b"\n\n".join(whole.split(b"\n\n")[: number + 1]) + b"\n\n"
        assert skipped + without_comments(body) == whole
    assert without_comments(follow(server, run).body) == whole


def without_comments(body: bytes) -> bytes:
    """What an EventSource would see."""
    return b"".join(line for line in body.splitlines(keepends=True) if not line.startswith(b":"))


def test_a_reader_that_is_slow_misses_nothing(server: Serving) -> None:
    """It has no queue that could overflow: three megabytes wait in the log, not in a buffer of its own."""
    text = counting(2000)
    with Wire(server) as wire:
        run = begin(wire, headers=KEEP, text=text, fields={"logprobs": True, "top_logprobs": 20})
    with Wire(server, receive_buffer=4096) as reader:
        reader.get(f"/v1/runs/{run}/events")
        wait_for_status(server, run, "finished")
        body = reader.answer().body
    assert len(body) > 3_000_000
    assert "".join(pieces_of([json.loads(frame.data) for frame in frames(body)])) == text


def test_silence_is_filled_with_comments(server: Serving) -> None:
    """So that nothing on the way takes the connection for dead; they are no events."""
    with Wire(server) as early, Wire(server) as late:
        early.post(chat(stream=True, text="one two", first_ms=60_000))
        late.post(chat(stream=True, text="one two", gap_ms=60_000))
        assert early.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200")
        assert early.until(b": k\n").endswith(b"\r\n: k\n")
        assert late.until(b": k\n").endswith(b"}\n\n\r\n4\r\n: k\n")


def test_a_log_holds_what_came_before_a_failure(server: Serving) -> None:
    """And the failure is its last event."""
    with Wire(server) as wire:
        wire.post(chat(text=counting(9), cut_after=4))
        answer = wire.answer()
    assert answer.status == 502
    log = events_of(server, answer.headers["headgate-run"])
    assert pieces_of(log) == ["w0", " w1", " w2", " w3"]
    assert (log[-1]["type"], log[-1]["code"]) == ("failed", "upstream_incomplete")


# Stopping.


def test_stopping_ends_the_answer_properly(server: Serving) -> None:
    """The client gets a whole stream, the log says who stopped it, and a second stop changes nothing."""
    with Wire(server) as wire:
        run = begin(wire, text=counting(5000), gap_ms=10)
        first = wire.until(b" w5")
        stopped = stop(server, run)
        assert (stopped.status, stopped.json()["status"]) == (200, "stopped")
        rest = wire.until(b"0\r\n\r\n")
    assert b'"finish_reason":"stop"' in rest
    assert b"data: [DONE]\n\n" in rest
    assert first
    log = events_of(server, run)
    assert log[-1] == {"type": "stopped", "by": "user"}
    again = stop(server, run)
    assert (again.status, again.json()) == (200, stopped.json())
    assert events_of(server, run) == log


def test_stopping_a_whole_answer_gives_what_there_is(server: Serving) -> None:
    """200 with the words so far."""
    with Wire(server) as wire:
        wire.post(chat(text=counting(5000), gap_ms=10))
        (run,) = [run["id"] for run in recent(server) if run["status"] == "running"]
        with Wire(server) as follower:
            follower.get(f"/v1/runs/{run}/events")
            follower.until(b" w5")
            stop(server, run)
        answer = wire.answer()
    assert answer.status == 200
    assert answer.json()["choices"][0]["message"]["content"].startswith("w0 w1 w2 w3 w4 w5")


def test_stopping_a_run_before_its_first_word(server: Serving) -> None:
    """The stream is empty and whole."""
    with Wire(server) as wire:
        wire.post(chat(stream=True, first_ms=60_000))
        (run,) = [run["id"] for run in recent(server) if run["status"] == "running"]
        assert stop(server, run).json()["status"] == "stopped"
        answer = wire.answer()
    assert answer.status == 200
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert words(answer.body) == []


def test_many_may_stop_at_once(server: Serving) -> None:
    """All are told the same, and the log ends once."""
    with Wire(server) as wire:
        run = begin(wire, text=counting(5000), gap_ms=10)
        said: list[Any] = []
        threads = [threading.Thread(target=lambda: said.append(stop(server, run).json())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(said) == 8
    assert all(each == said[0] for each in said)
    assert [event["type"] for event in events_of(server, run)].count("stopped") == 1


def test_a_run_that_is_over_stays_as_it_is(server: Serving, over: str) -> None:
    """Stopping it is no error."""
    assert stop(server, over).json() == get(server, f"/v1/runs/{over}")
    assert get(server, f"/v1/runs/{over}")["status"] == "finished"


# Not keeping.


def test_a_run_that_is_not_to_be_stored_never_touches_the_disk(server: Serving) -> None:
    """It can be followed while it runs, and is gone afterwards."""
    secret, plain = "kolibri-not-stored", "kolibri-stored"
    with Wire(server) as wire:
        run = begin(wire, fields={"store": False}, text=f"{secret} " + counting(20), gap_ms=20)
        with Wire(server) as follower:
            follower.get(f"/v1/runs/{run}/events")
            assert secret.encode() in follower.until(secret.encode())
        wire.until(b"data: [DONE]\n\n")
    with Wire(server) as wire:
        wire.post(chat(text=plain, fields={"metadata": {"note": secret}, "store": False}))
        wire.answer()
        wire.post(chat(text=plain))
        wire.answer()
    assert ask(server, f"/v1/runs/{run}").status == 404
    disk = b"".join(path.read_bytes() for path in server.folder.glob("headgate.db*"))
    assert plain.encode() in disk
    assert secret.encode() not in disk
