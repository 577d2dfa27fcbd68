"""The official OpenAI SDK for Python, in both its forms, with responses in the background."""

from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from tests.e2e.judges import Async, Judge, Sync
from tests.e2e.watching import wait_until
from tests.e2e.wire import counting, script
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

TEXT = counting(100)


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


@pytest.fixture(params=[Sync, Async])
def judge(request: pytest.FixtureRequest, server: Serving) -> Judge:
    made: Judge = request.param(server.url)
    return made


def create(*, stream: bool = False, **said: Any) -> Callable[[Any], Any]:
    """Ask for a response in the background."""
    asked = {"model": "simulator/demo", "input": "Hello", "background": True, "extra_body": script(**said)}
    return lambda client: client.responses.create(stream=stream, **asked)


def retrieve(id: str, **more: Any) -> Callable[[Any], Any]:
    """Look at it, or stream it."""
    return lambda client: client.responses.retrieve(id, **more)


def over(judge: Judge, id: str) -> Any:
    """The response, once nothing more comes."""

    def look() -> Any:
        found = judge.whole(retrieve(id))
        return found if found.status not in ("queued", "in_progress") else None

    return wait_until(look, f"the end of {id}")


def test_a_promise_is_kept(judge: Judge) -> None:
    """It is queued, then made, then there."""
    promised = judge.whole(create(text=TEXT))
    assert promised.status in ("queued", "in_progress")
    assert over(judge, promised.id).output_text == TEXT


def test_a_stream_goes_on_after_any_event(judge: Judge) -> None:
    """With the very events that the first reader got, also from the middle, and in the helper."""
    live = judge.pieces(create(stream=True, text=TEXT, gap_ms=1))
    id = live[0].response.id
    assert [event.sequence_number for event in live] == list(range(len(live)))
    for cursor in (0, 1, 40, len(live) - 2):
        assert judge.pieces(retrieve(id, stream=True, starting_after=cursor)) == live[cursor + 1 :]
    follow: Callable[[Any], Any] = lambda client: client.responses.stream(response_id=id, starting_after=40)  # noqa: E731
    helped, final = judge.helper(follow, "get_final_response")
    assert [event.sequence_number for event in helped] == list(range(41, len(live)))
    assert final.output_text == live[-1].response.output_text == TEXT


def test_one_at_work_is_followed_to_its_end(judge: Judge) -> None:
    """By somebody who was not there in the beginning."""
    promised = judge.whole(create(text=TEXT, gap_ms=5))
    events = judge.pieces(retrieve(promised.id, stream=True, starting_after=0))
    assert [event.sequence_number for event in events] == list(range(1, len(events) + 1))
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == TEXT


def test_a_response_is_cancelled(judge: Judge) -> None:
    """A second time changes nothing; whoever follows it sees its end; what is deleted is gone."""
    promised = judge.whole(create(text=TEXT, gap_ms=100))
    once, twice = (judge.whole(lambda client: client.responses.cancel(promised.id)) for _ in range(2))
    assert once.status == "cancelled"
    assert once == twice
    last = judge.pieces(retrieve(promised.id, stream=True))[-1]
    assert (last.type, last.response.status) == ("response.incomplete", "cancelled")
    judge.whole(lambda client: client.responses.delete(promised.id))
    with pytest.raises(openai.NotFoundError):
        judge.whole(retrieve(promised.id))


def test_it_is_gone_on_from(judge: Judge) -> None:
    """By its id, with all that was said before."""
    first = over(judge, judge.whole(create(text="One.")).id)
    asked = {"model": "simulator/echo", "input": "Two?", "previous_response_id": first.id}
    second = judge.whole(lambda client: client.responses.create(**asked))
    assert second.previous_response_id == first.id
    items = judge.whole(lambda client: client.responses.input_items.list(second.id, order="asc")).data
    assert [item.content[0].text for item in items] == ["Hello", "One.", "Two?"]
