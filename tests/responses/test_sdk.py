"""Responses as the official OpenAI SDK understands them: in the background, again, in conversation, on a socket."""

import asyncio
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.e2e.judges import Async, Judge, Sync
from tests.e2e.watching import wait_until
from tests.e2e.wire import counting, script
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

MODEL = "simulator/demo"


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def judge(request: pytest.FixtureRequest, server: Serving) -> Judge:
    made: Judge = request.param(server.url)
    return made


def create(*, fields: dict[str, Any] | None = None, **said: Any) -> Any:
    """A call with a script."""
    wanted: dict[str, Any] = {"model": MODEL, "input": "Hello", **(fields or {})}
    return lambda client: client.responses.create(**wanted, extra_body=script(**said))


def again(id: str, **query: Any) -> Any:
    """Its stream."""
    return lambda client: client.responses.retrieve(id, stream=True, **query)


BACKGROUND = {"background": True}
STREAMED = {"background": True, "stream": True}


def over(judge: Judge, id: str) -> Any:
    """The response, once it is over, as the SDK's users wait for it."""

    def look() -> Any:
        found = judge.whole(lambda client: client.responses.retrieve(id))
        return found if found.status not in ("queued", "in_progress") else None

    return wait_until(look, f"the end of {id}")


def test_a_response_is_made_in_the_background(judge: Judge) -> None:
    made = judge.whole(create(fields=BACKGROUND, text="Here it is.", first_ms=100))
    assert (made.status, made.background, made.output_text) == ("queued", True, "")
    found = over(judge, made.id)
    assert (found.status, found.output_text, found.error) == ("completed", "Here it is.", None)


def test_a_stream_is_resumed_from_every_event(judge: Judge) -> None:
    told = judge.pieces(create(fields=STREAMED, words=8))
    assert [event.sequence_number for event in told] == list(range(len(told)))
    assert [event.type for event in told[:3]] == ["response.created", "response.queued", "response.in_progress"]
    id = told[0].response.id
    for number in range(0, len(told), 3):
        assert judge.pieces(again(id, starting_after=number)) == told[number + 1 :]
    assert judge.pieces(again(id, include_obfuscation=False)) == told


def test_the_stream_helper_finds_a_response_again(judge: Judge) -> None:
    """It asks for all of it, and leaves out what its user has."""
    made = judge.whole(create(fields=BACKGROUND, words=8))
    whole, final = judge.helper(lambda client: client.responses.stream(response_id=made.id), "get_final_response")
    assert final.output_text == over(judge, made.id).output_text
    some, _ = judge.helper(
        lambda client: client.responses.stream(response_id=made.id, starting_after=5), "get_final_response"
    )
    assert [event.sequence_number for event in some] == [event.sequence_number for event in whole[6:]]


def test_a_live_response_is_cancelled_twice(judge: Judge) -> None:
    made = judge.whole(create(fields=BACKGROUND, text=counting(2000), gap_ms=5))
    first, second = (judge.whole(lambda client: client.responses.cancel(made.id)) for _ in range(2))
    assert first.status == "cancelled"
    assert first == second == over(judge, made.id)


def test_a_response_is_deleted(judge: Judge) -> None:
    made = judge.whole(create(words=2))
    assert judge.whole(lambda client: client.responses.delete(made.id)) is None
    with pytest.raises(openai.NotFoundError) as caught:
        judge.whole(lambda client: client.responses.retrieve(made.id))
    assert caught.value.code == "response_not_found"


def test_a_conversation_and_its_items(judge: Judge) -> None:
    first = judge.whole(create(words=2))
    second = judge.whole(create(fields={"input": "And?", "previous_response_id": first.id}, words=2))
    assert second.previous_response_id == first.id
    items = judge.whole(lambda client: client.responses.input_items.list(second.id, order="asc", limit=2))
    assert [(item.type, item.role, item.content[0].text) for item in items.data] == [
        ("message", "user", "Hello"),
        ("message", "assistant", first.output_text),
    ]
    assert items.data[1].id == first.output[0].id
    assert items.has_more


def test_all_items_are_found_page_by_page(server: Serving) -> None:
    asked: Any = [{"role": "user", "content": str(number)} for number in range(7)]
    with Sync(server.url).client() as client:
        made = client.responses.create(model=MODEL, input=asked, extra_body=script(words=2))
        listed: list[Any] = list(client.responses.input_items.list(made.id, order="asc", limit=3))
    assert [item.content[0].text for item in listed] == [str(number) for number in range(7)]


def test_what_is_wrong_is_raised_as_what_it_is(judge: Judge) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        judge.whole(create(fields={"previous_response_id": f"resp_{'0' * 40}"}))
    assert (caught.value.code, caught.value.param) == ("previous_response_not_found", "previous_response_id")
    with pytest.raises(openai.BadRequestError) as caught:
        judge.whole(create(fields={"background": True, "store": False}))
    assert caught.value.param == "store"
    made = judge.whole(create(words=2))
    with pytest.raises(openai.BadRequestError) as caught:
        judge.pieces(lambda client: client.responses.retrieve(made.id, stream=True, starting_after=1000))
    assert caught.value.code == "invalid_cursor"


def test_a_talk_on_a_socket(server: Serving) -> None:
    with Sync(server.url).client() as client, client.responses.connect() as socket:
        previous: Any = None
        for _ in range(2):
            socket.send(
                {
                    "type": "response.create",
                    "model": MODEL,
                    "input": "Hello",
                    "previous_response_id": previous,
                    "stream_id": "a",
                }
            )
            for event in socket:
                assert event.stream_id == "a"
                if event.type == "response.completed":
                    previous = event.response.id
                    break
            assert client.responses.retrieve(previous).status == "completed"


def test_two_talks_on_one_socket(server: Serving) -> None:
    async def play() -> list[str]:
        async with Async(server.url).client() as client, client.responses.connect() as socket:
            for stream_id in ("a", "b"):
                await socket.send({"type": "response.create", "model": MODEL, "input": "Hello", "stream_id": stream_id})
            over: list[str] = []
            async for event in socket:
                if event.type == "response.completed":
                    assert event.stream_id is not None
                    over.append(event.stream_id)
                if len(over) == 2:
                    break
            return over

    assert sorted(asyncio.run(play())) == ["a", "b"]


def test_a_mistake_on_a_socket_is_an_event(server: Serving) -> None:
    with Sync(server.url).client() as client, client.responses.connect() as socket:
        socket.send({"type": "response.create", "model": "nobody/m", "input": "Hello", "stream_id": "a"})
        event = socket.recv()
        assert event.type == "error"
        assert (event.status, event.error.code, event.stream_id) == (404, "model_not_found", "a")
