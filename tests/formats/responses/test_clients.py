"""OpenAI's own client reads our streams, with its helper that follows the lifecycle."""

from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from openai.types.responses import Response
from typing_extensions import override

from headgate.events import AnyEvent, Failed, Finished, Refusal, Text, ToolInput
from headgate.formats.openai_responses import whole

from .logs import LOGS
from .streams import STREAMS
from .wire import call, case, events_in, stream, written

UPSTREAM = {f"upstream_{name}": events_in(stream(case(name))) for name in [*STREAMS, "hosted_tools"]}
WHOLE = {name: log for name, log in (LOGS | UPSTREAM).items() if isinstance(log[-1], Finished)}
CUT = {name: log for name, log in WHOLE.items() if log[-1].reason in ("length", "content_filter")}  # type: ignore[union-attr]
DONE = {name: log for name, log in WHOLE.items() if name not in CUT}
FAILED = [name for name in LOGS if name.startswith("failed")]
STOPPED = [name for name in LOGS if name.startswith("stopped")]


class Line(httpx2.SyncByteStream):
    """A body that arrives in small pieces."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @override
    def __iter__(self) -> Iterator[bytes]:
        for at in range(0, len(self._data), 100):
            yield self._data[at : at + 100]


def client(body: bytes, content_type: str = "text/event-stream") -> openai.OpenAI:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": content_type}, stream=Line(body))

    wire = httpx2.Client(transport=httpx2.MockTransport(answer))
    return openai.OpenAI(api_key="k", base_url="http://headgate/v1", http_client=wire, max_retries=0)


def words(log: list[AnyEvent]) -> str:
    return "".join(event.delta for event in log if isinstance(event, Text) and event.choice == 0)


def inputs(log: list[AnyEvent]) -> dict[int, str]:
    found: dict[int, str] = {}
    for event in log:
        if isinstance(event, ToolInput):
            found[event.index] = found.get(event.index, "") + event.delta
    return found


def check(response: Response, log: list[AnyEvent]) -> None:
    """What the client put together is what the log says."""
    assert response.output_text == words(log)
    calls = [
        item.arguments if item.type == "function_call" else item.input
        for item in response.output
        if item.type in ("function_call", "custom_tool_call")
    ]
    assert dict(enumerate(calls)) == inputs(log)
    refusals = [
        part.refusal
        for item in response.output
        if item.type == "message"
        for part in item.content
        if part.type == "refusal"
    ]
    assert "".join(refusals) == "".join(event.delta for event in log if isinstance(event, Refusal))


@pytest.mark.parametrize("name", DONE)
def test_the_helper_follows_every_lifecycle(name: str) -> None:
    log = DONE[name]
    with client(written(log)).responses.stream(model="m", input="Hello") as followed:
        deltas = [event.delta for event in followed if event.type == "response.output_text.delta"]
        response = followed.get_final_response()
    assert "".join(deltas) == words(log)
    assert response.status == "completed"
    check(response, log)


@pytest.mark.parametrize("name", [*CUT, *STOPPED])
def test_the_helper_sees_where_an_answer_was_cut(name: str) -> None:
    log = (LOGS | UPSTREAM)[name]
    with client(written(log)).responses.stream(model="m", input="Hello") as followed:
        *_, last = followed
    assert last.type == "response.incomplete"
    assert last.response.status == ("cancelled" if name in STOPPED else "incomplete")
    check(last.response, log)


def follow(body: bytes, seen: list[Any]) -> None:
    for event in client(body).responses.create(model="m", input="Hello", stream=True):
        seen.append(event)


@pytest.mark.parametrize("name", FAILED)
def test_a_plain_loop_raises_when_an_answer_breaks(name: str) -> None:
    """After the words that came before, and with the error's own code."""
    seen: list[Any] = []
    last = LOGS[name][-1]
    assert isinstance(last, Failed)
    with pytest.raises(openai.APIError) as caught:
        follow(written(LOGS[name]), seen)
    assert (caught.value.message, caught.value.code) == (last.message, last.code)
    assert seen[-1].type == "response.failed"
    deltas = (event.delta for event in seen if event.type == "response.output_text.delta")
    assert "".join(deltas) == words(LOGS[name])


@pytest.mark.parametrize("name", FAILED)
def test_the_helper_is_not_confused_by_an_answer_that_breaks(name: str) -> None:
    """Not even when it breaks before anything was said."""
    with (
        pytest.raises(openai.APIError) as caught,
        client(written(LOGS[name])).responses.stream(model="m", input="Hello") as followed,
    ):
        followed.until_done()
    assert caught.value.message == LOGS[name][-1].message  # type: ignore[union-attr]


@pytest.mark.parametrize("name", WHOLE)
def test_a_plain_answer_is_read(name: str) -> None:
    body = whole(call(), "run_7", 9, WHOLE[name])
    response = client(body, "application/json").responses.create(model="m", input="Hello")
    assert isinstance(response, Response)
    check(response, WHOLE[name])
    assert response.usage is not None
