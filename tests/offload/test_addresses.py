"""What is found at the addresses of an answer."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.watching import wait_until
from tests.e2e.wire import HELLO, Wire, frames
from tests.offload.visitor import ASYNC, LONG, STREAM, ask, begun, go, path_of, post
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """With nothing but the simulator, as on a fresh machine."""
    with serving() as server:
        yield server


@pytest.mark.parametrize("path", [STREAM, ASYNC])
def test_it_grows_while_it_is_looked_at(server: Serving, path: str) -> None:
    made = begun(server, path)
    first = made.status()
    assert (first["status"], first["request"]["finished_at"]) == ("processing", None)
    assert first["response"]["body"]["choices"][0]["finish_reason"] is None
    seen = made.words()
    later = wait_until(lambda: (text := made.words()) != seen and text, "more of it")
    assert LONG.startswith(later)
    assert later.startswith(seen)
    assert "stop_url" in first["endpoints"]
    made.get("stop")


def test_a_whole_answer_may_be_asked_of_the_provider(server: Serving) -> None:
    made = ask(server, ASYNC, fields={"stream": False}, text="one two")
    assert made.over()["response"]["body"]["choices"][0]["message"]["content"] == "one two"


def test_done(server: Serving) -> None:
    made = ask(server, text="one two three", fields={"temperature": 0.5, "timeout": 30, "connect_timeout": 2})
    said = made.over()
    assert said["status"] == "done"
    assert "stopped" not in said
    assert said["options"] == {"timeout": 30, "connect_timeout": 2}
    assert said["parameters"]["model"] == "gpt-3.5-turbo"
    assert said["parameters"]["temperature"] == 0.5
    assert said["request"]["endpoint"] == STREAM
    assert said["request"]["finished_at"] >= said["created_at"] == said["request"]["request_at"]
    assert said["request"]["total_time"] >= said["request"]["request_time"] >= 0
    body = said["response"]["body"]
    assert (body["object"], body["choices"][0]["finish_reason"]) == ("chat.completion", "stop")
    assert body["choices"][0]["message"]["content"] == "one two three"
    assert body["usage"]["completion_tokens"] == 3
    assert "stop_url" not in said["endpoints"]
    assert go(server, said["endpoints"]["response_raw_url"]).status == 200


def test_a_provider_that_fails(server: Serving) -> None:
    failure = {"at": "start", "status": 429, "code": "rate_limit_exceeded", "message": "Slow down."}
    made = ask(server, fail=failure)
    said = made.over()
    assert (said["status"], said["error"]["code"], said["error"]["status"]) == ("error", "rate_limit_exceeded", 429)
    assert said["response"]["status_code"] == 429
    assert said["response"]["body"]["error"]["message"] == "Slow down."
    assert [frame.data for frame in frames(made.get("stream_events").body)][-1] == "[DONE]"
    assert made.get("stop").status == 405


def test_a_provider_that_breaks_in_the_middle_leaves_what_it_said(server: Serving) -> None:
    said = ask(server, ASYNC, text="one two three", fail={"at": 2}).over()
    assert said["status"] == "error"
    assert said["response"]["body"]["choices"][0]["message"]["content"] == "one two"


def test_a_model_that_nobody_has(server: Serving) -> None:
    answer = post(server, STREAM, {"messages": HELLO, "model": "nobody/nothing"})
    assert (answer.status, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_the_timeout_is_the_clients(tmp_path: Any) -> None:
    """Of the whole answer: 5 seconds at least, here made short enough to be waited for."""
    before = (
        "from msgspec.structs import replace\n"
        "from headgate.dialects.offload import asking\n"
        "limits = asking._limits\n"
        "asking._limits = lambda asked: limits(replace(asked, timeout=asked.timeout / 50))\n"
    )
    with serving(folder=tmp_path, before=before) as server:
        said = ask(server, text=LONG, gap_ms=20, fields={"timeout": 5}).over()
        assert (said["status"], said["error"]["code"]) == ("error", "total_timeout")
        assert said["response"]["body"]["choices"][0]["message"]["content"]


def test_raw_is_what_the_provider_said(server: Serving) -> None:
    made = ask(server, text="one two")
    status = made.over()
    answer = made.get("raw")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [frame.id for frame in frames(answer.body)] == [""] * len(frames(answer.body))
    assert [frame.data for frame in frames(answer.body)] == [
        frame.data for frame in frames(made.get("stream_events").body)
    ]
    assert path_of(status["endpoints"]["response_raw_url"]) == path_of(made.url("raw"))


def test_raw_of_an_answer_that_is_only_looked_at_is_one_object(server: Serving) -> None:
    made = ask(server, ASYNC, text="one two")
    status = made.over()
    answer = made.get("raw")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == status["response"]["body"]


def test_raw_is_not_there_before_the_end(server: Serving) -> None:
    made = begun(server)
    answer = made.get("raw")
    assert (answer.status, answer.json()["error"]["code"]) == (409, "still_running")
    made.get("stop")
    assert made.get("raw").status == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", [STREAM, ASYNC])
def test_stop(server: Serving, path: str, method: str) -> None:
    made = begun(server, path)
    answer = made.get("stop", method=method)
    assert answer.status == 200
    assert set(answer.json()) == {"status", "created_at", "conversation_id", "README"}
    assert answer.json()["status"] == "success"
    said = made.status()
    assert (said["status"], said["stopped"]) == ("done", True)
    text = made.words()
    assert text
    assert LONG.startswith(text)
    assert said["response"]["body"]["choices"][0]["finish_reason"] is None
    again = made.get("stop", method=method)
    assert (again.status, again.json()["error"]["code"]) == (405, "not_active")
    assert made.words() == text, "nothing comes after the end"


def test_a_stopped_stream_ends(server: Serving) -> None:
    made = ask(server, text=LONG, gap_ms=5)
    with Wire(server) as wire:
        wire.get(path_of(made.url("stream_events")))
        wire.until(b'"content":" w3"')
        made.get("stop")
        wire.until(b"data: [DONE]\n\n\r\n0\r\n\r\n")


def test_looking_at_the_head_of_stop_stops_nothing(server: Serving) -> None:
    """Those who ask for heads are checking links."""
    made = begun(server)
    assert made.get("stop", method="HEAD").status == 200
    assert made.status()["status"] == "processing"
    made.get("stop")
    assert made.get("stop", method="HEAD").status == 405


def test_many_may_stop_at_once(server: Serving) -> None:
    made = begun(server)
    with Wire(server) as one, Wire(server) as two:
        for wire in (one, two):
            wire.get(path_of(made.url("stop")))
        statuses = {one.answer().status, two.answer().status}
    assert 200 in statuses
    assert statuses <= {200, 405}


@pytest.mark.parametrize("name", ["status", "stream_events", "raw"])
def test_heads(server: Serving, name: str) -> None:
    made = ask(server)
    made.over()
    answer = made.get(name, method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-type"] == made.get(name).headers["content-type"]
