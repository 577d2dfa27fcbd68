"""Reading along, from the start, live, and after a cut."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.wire import counting, frames, words
from tests.offload.visitor import ask, begun
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """With nothing but the simulator, as on a fresh machine."""
    with serving() as server:
        yield server


def test_a_stream_from_the_start_and_live(server: Serving) -> None:
    made = ask(server, text=counting(60), gap_ms=5)
    answer = made.get("stream_events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = frames(answer.body)
    assert "".join(words(answer.body)) == counting(60)
    assert all(not frame.event for frame in found)
    assert found[-1].data == "[DONE]"
    late = made.get("stream_events")
    assert frames(late.body) == found, "replay equals live"


def test_a_reader_goes_on_where_it_was(server: Serving) -> None:
    made = ask(server, text=counting(20))
    made.over()
    whole = frames(made.get("stream_events").body)
    middle = whole[10]
    rest = frames(made.get("stream_events", {"last-event-id": middle.id}).body)
    assert rest == whole[11:]
    after = made.get("stream_events", {"last-event-id": whole[-1].id})
    assert (after.status, after.body) == (204, b"")


@pytest.mark.parametrize("cursor", ["x", "-2", "1.5", "9" * 16, "1e3"])
def test_a_cursor_that_is_none(server: Serving, cursor: str) -> None:
    made = ask(server)
    answer = made.get("stream_events", {"last-event-id": cursor})
    assert (answer.status, answer.json()["status"]) == (400, "error")


def test_a_cursor_beyond_the_end(server: Serving) -> None:
    made = begun(server)
    assert made.get("stream_events", {"last-event-id": "1000000"}).status == 400
    made.get("stop")
    assert made.get("stream_events", {"last-event-id": "1000000"}).status == 204


def test_a_cursor_of_minus_one_is_the_start(server: Serving) -> None:
    made = ask(server, text="a b c")
    made.over()
    assert made.get("stream_events", {"last-event-id": "-1"}).body == made.get("stream_events").body


def test_silence_is_bridged_by_comments_that_break_nobody(tmp_path: Any) -> None:
    with serving('[server]\nkeep_alive = "20ms"\n', folder=tmp_path) as server:
        made = ask(server, text="one two", gap_ms=1500)
        body = made.get("stream_events").body
    assert b": k\n" in body
    assert b": k\n\n" not in body
    assert "".join(words(body)) == "one two"
