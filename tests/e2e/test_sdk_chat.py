"""Chat completions, as the official OpenAI SDK understands them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from tests.e2e.judges import Async, Judge, Sync
from tests.e2e.wire import HELLO, script
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
CALLS = [
    {"name": "get_weather", "arguments": {"city": "Brno"}},
    {"name": "get_weather", "arguments": {"city": "Žďár nad Sázavou"}},
]


class Tide(BaseModel):
    harbour: str
    metres: float
    is_rising: bool


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def judge(request: pytest.FixtureRequest, server: Serving) -> Judge:
    made: Judge = request.param(server.url)
    return made


def ask(*, fields: dict[str, Any] | None = None, **said: Any) -> Any:
    """A call of the chat endpoint with a script."""
    wanted: dict[str, Any] = {"model": "simulator/demo", "messages": HELLO, **(fields or {})}
    return lambda client: client.chat.completions.create(**wanted, extra_body=script(**said))


def content(chunks: list[Any], choice: int = 0) -> str:
    """The text of one choice of a stream."""
    return "".join(c.delta.content or "" for chunk in chunks for c in chunk.choices if c.index == choice)


def test_a_whole_answer(judge: Judge) -> None:
    """Text, reason, usage and the identity of the answer."""
    answer = judge.whole(ask(text="The river goes to the sea."))
    assert answer.object == "chat.completion"
    assert answer.id.startswith("chatcmpl-")
    assert (answer.model, answer.system_fingerprint) == ("demo", None)
    (choice,) = answer.choices
    assert (choice.message.role, choice.message.content) == ("assistant", "The river goes to the sea.")
    assert (choice.message.refusal, choice.message.tool_calls, choice.finish_reason) == (None, None, "stop")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (1, 6, 7)


def test_a_stream_says_what_the_whole_answer_says(judge: Judge) -> None:
    """In pieces that all bear one identity, with the role and the reason once each."""
    chunks = judge.pieces(ask(fields={"stream": True}, text="Žluťoučký kůň \n\n 🐎 data: [DONE]"))
    assert content(chunks) == "Žluťoučký kůň \n\n 🐎 data: [DONE]"
    assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in chunks}) == 1
    assert [chunk.choices[0].delta.role for chunk in chunks if chunk.choices[0].delta.role] == ["assistant"]
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]
    assert all(chunk.choices[0].delta.content is not None for chunk in chunks)


def test_usage_rides_on_the_last_chunk_unless_asked_for(judge: Judge) -> None:
    """Clients add usage up, so it must come exactly once either way."""
    plain = judge.pieces(ask(fields={"stream": True}, text="one two"))
    assert [bool(chunk.usage) for chunk in plain] == [False] * (len(plain) - 1) + [True]
    assert all(chunk.choices for chunk in plain)

    asked = judge.pieces(ask(fields={"stream": True, "stream_options": {"include_usage": True}}, text="one two"))
    assert [bool(chunk.usage) for chunk in asked] == [False] * (len(asked) - 1) + [True]
    assert [bool(chunk.choices) for chunk in asked] == [True] * (len(asked) - 1) + [False]
    assert asked[-1].usage.completion_tokens == 2
    assert all("usage" in chunk.model_fields_set for chunk in asked)


def test_the_stream_helper_puts_the_answer_together(judge: Judge) -> None:
    """With usage, as client.chat.completions.stream does it."""
    events, final = judge.helper(
        lambda client: client.chat.completions.stream(
            model="default",
            messages=HELLO,
            stream_options={"include_usage": True},
            extra_body=script(text="Up and down."),
        ),
        "get_final_completion",
    )
    assert "".join(event.delta for event in events if event.type == "content.delta") == "Up and down."
    assert final.choices[0].message.content == "Up and down."
    assert final.choices[0].finish_reason == "stop"
    assert final.usage.total_tokens == 4


@pytest.mark.parametrize("stream", [False, True])
def test_several_choices(judge: Judge, stream: bool) -> None:
    """Each with words and an end of its own."""
    call = ask(fields={"n": 3, "stream": stream}, words=5)
    if stream:
        chunks = judge.pieces(call)
        texts = [content(chunks, index) for index in range(3)]
        ends = {(c.index, c.finish_reason) for chunk in chunks for c in chunk.choices if c.finish_reason}
        roles = [c.index for chunk in chunks for c in chunk.choices if c.delta.role]
        assert (chunks[0].choices[0].index, sorted(roles)) == (0, [0, 1, 2])
    else:
        answer = judge.whole(call)
        texts = [choice.message.content for choice in answer.choices]
        ends = {(choice.index, choice.finish_reason) for choice in answer.choices}
    assert ends == {(0, "stop"), (1, "stop"), (2, "stop")}
    assert [len(text.split()) for text in texts] == [5, 5, 5]
    assert len(set(texts)) == 3


def test_the_helper_follows_several_choices(judge: Judge) -> None:
    """Its first chunk must be of the first choice."""
    _, final = judge.helper(
        lambda client: client.chat.completions.stream(model="default", messages=HELLO, n=2, extra_body=script(words=4)),
        "get_final_completion",
    )
    assert [len(choice.message.content.split()) for choice in final.choices] == [4, 4]


def test_tools_are_called_whole(judge: Judge) -> None:
    """Two calls of one tool, each with an id of its own."""
    answer = judge.whole(ask(fields={"tools": [WEATHER]}, tool_calls=CALLS))
    (choice,) = answer.choices
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert [call.function.name for call in choice.message.tool_calls] == ["get_weather"] * 2
    cities = [json.loads(call.function.arguments)["city"] for call in choice.message.tool_calls]
    assert cities == ["Brno", "Žďár nad Sázavou"]
    assert len({call.id for call in choice.message.tool_calls}) == 2


def test_tools_are_called_in_a_stream(judge: Judge) -> None:
    """Name and id come once, one call is whole before the next begins."""
    chunks = judge.pieces(ask(fields={"tools": [WEATHER], "stream": True}, tool_calls=CALLS))
    deltas = [call for chunk in chunks for c in chunk.choices for call in c.delta.tool_calls or ()]
    assert [(call.index, call.function.name) for call in deltas if call.id] == [(0, "get_weather"), (1, "get_weather")]
    indexes = [call.index for call in deltas]
    assert indexes == sorted(indexes)
    assert all(call.function.name is None and call.type is None for call in deltas if call.id is None)
    for number, call in enumerate(CALLS):
        text = "".join(delta.function.arguments for delta in deltas if delta.index == number)
        assert json.loads(text) == call["arguments"]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_the_helper_parses_tool_calls(judge: Judge) -> None:
    """And tells of each when it is done."""
    events, final = judge.helper(
        lambda client: client.chat.completions.stream(
            model="default", messages=HELLO, tools=[WEATHER], extra_body=script(tool_calls=CALLS)
        ),
        "get_final_completion",
    )
    done = [event for event in events if event.type == "tool_calls.function.arguments.done"]
    assert [event.parsed_arguments for event in done] == [call["arguments"] for call in CALLS]
    calls = final.choices[0].message.tool_calls
    assert [call.function.parsed_arguments for call in calls] == [call["arguments"] for call in CALLS]


def test_a_tool_loop_comes_to_an_end(judge: Judge) -> None:
    """A call, its result, and the answer in words."""
    first = judge.whole(ask(fields={"model": "simulator/tools", "tools": [WEATHER]})).choices[0].message
    (call,) = first.tool_calls
    result = {"role": "tool", "tool_call_id": call.id, "content": "12 °C"}
    messages = [*HELLO, first.model_dump(exclude_none=True), result]
    second = judge.whole(ask(fields={"model": "simulator/tools", "tools": [WEATHER], "messages": messages}))
    assert second.choices[0].finish_reason == "stop"
    assert second.choices[0].message.content


@pytest.mark.parametrize("stream", [False, True])
def test_log_probabilities_cover_every_letter(judge: Judge, stream: bool) -> None:
    """With as many alternatives as asked for."""
    call = ask(fields={"logprobs": True, "top_logprobs": 2, "stream": stream}, text="Kůň pije.")
    if stream:
        chunks = judge.pieces(call)
        tokens = [t for chunk in chunks for c in chunk.choices if c.logprobs for t in c.logprobs.content]
    else:
        tokens = judge.whole(call).choices[0].logprobs.content
    assert "".join(token.token for token in tokens) == "Kůň pije."
    assert bytes(byte for token in tokens for byte in token.bytes).decode() == "Kůň pije."
    assert all(len(token.top_logprobs) == 2 and token.logprob <= 0 for token in tokens)


def test_answers_of_a_given_shape_are_parsed(judge: Judge) -> None:
    """client.chat.completions.parse with a class of the caller's."""
    answer = judge.whole(
        lambda client: client.chat.completions.parse(
            model="default", messages=HELLO, response_format=Tide, extra_body=script()
        )
    )
    assert isinstance(answer.choices[0].message.parsed, Tide)


def test_the_helper_parses_answers_of_a_given_shape(judge: Judge) -> None:
    """And what has come so far of them."""
    events, final = judge.helper(
        lambda client: client.chat.completions.stream(
            model="default", messages=HELLO, response_format=Tide, extra_body=script()
        ),
        "get_final_completion",
    )
    assert isinstance(final.choices[0].message.parsed, Tide)
    (done,) = [event for event in events if event.type == "content.done"]
    assert done.parsed == final.choices[0].message.parsed


PARTS = [
    {"type": "text", "text": "What is "},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
    {"type": "text", "text": "on this picture?"},
    {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}},
]


def test_messages_of_many_parts_are_understood(judge: Judge) -> None:
    """Text, pictures, sounds and files in one message; the echo speaks the words of it."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Really."}]},
        {"role": "user", "content": PARTS, "name": "alice"},
    ]
    answer = judge.whole(ask(fields={"model": "simulator/echo", "messages": messages}))
    assert answer.choices[0].message.content == "What is on this picture?"


@pytest.mark.parametrize("stream", [False, True])
def test_thoughts_come_apart_from_the_answer(judge: Judge, stream: bool) -> None:
    """In the field that open models made customary; the SDK keeps it as an extra."""
    call = ask(fields={"stream": stream}, reasoning=6, text="Yes.")
    if stream:
        chunks = judge.pieces(call)
        deltas = [chunk.choices[0].delta for chunk in chunks]
        thoughts = "".join((delta.model_extra or {}).get("reasoning_content") or "" for delta in deltas)
        said, usage = content(chunks), chunks[-1].usage
    else:
        answer = judge.whole(call)
        message, usage = answer.choices[0].message, answer.usage
        thoughts, said = message.model_extra["reasoning_content"], message.content
    assert (len(thoughts.split()), said) == (6, "Yes.")
    assert usage.completion_tokens_details.reasoning_tokens == 6


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_is_no_content(judge: Judge, stream: bool) -> None:
    """It has a field of its own."""
    call = ask(fields={"stream": stream}, refusal="No, thank you.")
    if stream:
        chunks = judge.pieces(call)
        assert "".join(chunk.choices[0].delta.refusal or "" for chunk in chunks) == "No, thank you."
        assert not content(chunks)
    else:
        message = judge.whole(call).choices[0].message
        assert (message.refusal, message.content) == ("No, thank you.", None)


def test_an_answer_that_is_cut_says_so(judge: Judge) -> None:
    """`length`, in whole answers and in streams."""
    limited = {"max_completion_tokens": 3}
    answer = judge.whole(ask(fields=limited, words=9))
    assert (answer.choices[0].finish_reason, answer.usage.completion_tokens) == ("length", 3)
    chunks = judge.pieces(ask(fields={**limited, "stream": True}, words=9))
    assert (chunks[-1].choices[0].finish_reason, len(content(chunks).split())) == ("length", 3)


def test_an_empty_answer_is_an_answer(judge: Judge) -> None:
    """Nothing said, whole or streamed."""
    assert judge.whole(ask(text="")).choices[0].message.content in ("", None)
    chunks = judge.pieces(ask(fields={"stream": True}, text=""))
    assert (content(chunks), chunks[-1].choices[0].finish_reason) == ("", "stop")


def test_fields_unknown_to_us_are_no_error(judge: Judge) -> None:
    """A vendor's own parameters are the vendor's affair."""
    call = ask(fields={"seed": 7, "service_tier": "flex", "metadata": {"a": "b"}, "safety_identifier": "x"}, words=3)
    assert len(judge.whole(call).choices[0].message.content.split()) == 3


def test_every_answer_names_its_run(judge: Judge) -> None:
    """In a header of ours, and in the one that the SDK shows as the request's id."""
    raw = judge.whole(
        lambda client: client.chat.completions.with_raw_response.create(
            model="default", messages=HELLO, extra_body=script(words=3)
        )
    )
    assert raw.headers["headgate-run"].startswith("run_")
    assert raw.headers["x-request-id"] == raw.request_id == raw.headers["headgate-run"]
    assert judge.whole(ask(words=3))._request_id.startswith("run_")
