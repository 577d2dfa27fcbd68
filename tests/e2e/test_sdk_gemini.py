"""Gemini's endpoints, as Google's own SDK understands them, for a model that is not Google's."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.genai import errors, types
from pydantic import BaseModel

from tests.e2e.google import Async, Judge, Sync, client, config
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

MODEL = "simulator/demo"
WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="get_weather",
            description="The weather of a place.",
            parameters_json_schema={
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        )
    ]
)
CALLS = [
    {"name": "get_weather", "arguments": {"city": "Brno"}},
    {"name": "get_weather", "arguments": {"city": "Žďár nad Sázavou"}},
]
BY_HAND = types.AutomaticFunctionCallingConfig(disable=True)


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


def whole(options: dict[str, Any] | None = None, **said: Any) -> Any:
    """A call of generateContent with a script."""
    return lambda models: models.generate_content(model=MODEL, contents="Hello", config=config(options, **said))


def streamed(options: dict[str, Any] | None = None, **said: Any) -> Any:
    """A call of streamGenerateContent with a script."""
    return lambda models: models.generate_content_stream(model=MODEL, contents="Hello", config=config(options, **said))


def test_a_whole_answer(judge: Judge) -> None:
    answer = judge.whole(whole(text="The river goes to the sea."))
    assert answer.text == "The river goes to the sea."
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    assert (answer.model_version, bool(answer.response_id)) == ("demo", True)
    used = answer.usage_metadata
    assert (used.prompt_token_count, used.candidates_token_count, used.total_token_count) == (1, 6, 7)


def test_a_stream_says_what_the_whole_answer_says(judge: Judge) -> None:
    words = "Žluťoučký kůň \n\n 🐎 data: [DONE]\r\n"
    chunks = judge.pieces(streamed(text=words))
    assert len(chunks) > 3
    assert "".join(chunk.text for chunk in chunks) == words
    assert len({(chunk.response_id, chunk.model_version) for chunk in chunks}) == 1
    ends = [chunk.candidates[0].finish_reason for chunk in chunks]
    assert ends == [None] * (len(chunks) - 1) + [types.FinishReason.STOP]
    assert [chunk.usage_metadata is not None for chunk in chunks] == [end is not None for end in ends]


def test_thoughts_are_parts_of_their_own(judge: Judge) -> None:
    thought, said = judge.whole(whole(reasoning=3, text="Yes.")).candidates[0].content.parts
    assert (len(thought.text.split()), thought.thought, said.text, said.thought) == (3, True, "Yes.", None)
    chunks = judge.pieces(streamed(reasoning=3, text="Yes."))
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    assert len("".join(part.text for part in parts if part.thought).split()) == 3
    assert "".join(part.text for part in parts if not part.thought) == "Yes."


def test_calls_of_tools(judge: Judge) -> None:
    options = {"tools": [WEATHER], "automatic_function_calling": BY_HAND}
    answer = judge.whole(whole(options, tool_calls=CALLS))
    chunks = judge.pieces(streamed(options, tool_calls=CALLS))
    for calls in (answer.function_calls, [call for chunk in chunks for call in chunk.function_calls or ()]):
        assert [(call.name, call.args) for call in calls] == [(call["name"], call["arguments"]) for call in CALLS]
        assert len({call.id for call in calls}) == 2
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP


def test_the_sdk_calls_a_function_by_itself_and_goes_on(server: Serving) -> None:
    """What it sends back is understood: the call, and what the function gave."""
    asked: list[str] = []

    def get_weather(city: str) -> str:
        """The weather of a place."""
        asked.append(city)
        return "Rain."

    with client(server.url) as google:
        answer = google.models.generate_content(
            model="simulator/tools",
            contents="What is the weather in Brno?",
            config=types.GenerateContentConfig(tools=[get_weather]),
        )
    assert len(asked) == 1
    assert answer.text
    history = answer.automatic_function_calling_history or []
    assert [content.role for content in history] == ["user", "model", "user"]


def test_a_conversation_is_remembered_and_counts_as_whole(server: Serving) -> None:
    """The SDK leaves turns out of its history that it takes for broken."""
    with client(server.url) as google:
        chat = google.chats.create(model="simulator/echo")
        chat.send_message("One.")
        list(chat.send_message_stream("Two."))
        assert "Three" in (chat.send_message("Three.").text or "")
        roles = [content.role for content in chat.get_history(curated=True)]
    assert {"user", "model"} == set(roles)
    assert roles.count("user") == 3


def test_an_answer_in_a_given_shape(judge: Judge) -> None:
    options = {"response_mime_type": "application/json", "response_schema": Tide}
    assert isinstance(judge.whole(whole(options)).parsed, Tide)


ENDS: dict[str, tuple[dict[str, Any], types.FinishReason]] = {
    "length": ({"max_output_tokens": 2}, types.FinishReason.MAX_TOKENS),
    "stop": ({"stop_sequences": ["river"]}, types.FinishReason.STOP),
}


@pytest.mark.parametrize("name", ENDS)
def test_ends(judge: Judge, name: str) -> None:
    options, reason = ENDS[name]
    assert judge.whole(whole(options, text="The river goes to the sea.")).candidates[0].finish_reason == reason
    assert judge.pieces(streamed(options, text="The river goes."))[-1].candidates[0].finish_reason == reason


def test_several_answers(judge: Judge) -> None:
    answer = judge.whole(whole({"candidate_count": 2}))
    assert [candidate.index for candidate in answer.candidates] == [0, 1]
    assert all(candidate.content.parts[0].text for candidate in answer.candidates)


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_every_version_is_the_same(server: Serving, version: str) -> None:
    with client(server.url, version=version) as google:
        assert google.models.generate_content(model=MODEL, contents="Hello").text


def test_models(judge: Judge, server: Serving) -> None:
    with client(server.url) as google:
        names = [model.name for model in google.models.list()]
    assert {"models/default", "models/simulator/demo"} <= set(names)
    model = judge.whole(lambda models: models.get(model="simulator/demo"))
    assert (model.name, model.supported_actions) == ("models/simulator/demo", ["generateContent", "countTokens"])


def test_counts(judge: Judge) -> None:
    few = judge.whole(lambda models: models.count_tokens(model=MODEL, contents="Hello")).total_tokens
    many = judge.whole(lambda models: models.count_tokens(model=MODEL, contents="Hello" * 100)).total_tokens
    assert 0 < few < 10 < many


ERRORS: dict[str, tuple[Any, type[errors.APIError], int, str, str]] = {
    "model": (
        lambda models: models.generate_content(model="nobody/has/this", contents="Hello"),
        errors.ClientError, 404, "NOT_FOUND", "MODEL_NOT_FOUND",
    ),
    "field": (whole({"top_p": 7}), errors.ClientError, 400, "INVALID_ARGUMENT", "INVALID_VALUE"),
    "limit": (
        whole(fail={"status": 429, "code": "slow_down", "retry_after": 2}),
        errors.ClientError, 429, "RESOURCE_EXHAUSTED", "SLOW_DOWN",
    ),
    "server": (whole(fail={"status": 503}), errors.ServerError, 503, "UNAVAILABLE", "SIMULATED_FAILURE"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_raised_as_googles(judge: Judge, name: str) -> None:
    call, kind, code, status, reason = ERRORS[name]
    with pytest.raises(kind) as caught:
        judge.whole(call)
    assert (caught.value.code, caught.value.status) == (code, status)
    details = caught.value.details["error"]["details"]
    assert details[0]["reason"] == reason
    delays = [detail["retryDelay"] for detail in details if "retryDelay" in detail]
    assert delays == (["2s"] if name == "limit" else [])


def test_an_error_before_the_first_word_is_raised_with_its_status(judge: Judge) -> None:
    with pytest.raises(errors.ServerError) as caught:
        judge.pieces(streamed(fail={"status": 503}))
    assert caught.value.code == 503


def test_an_error_in_mid_stream_is_raised_after_the_words(server: Serving) -> None:
    said = config(None, text="one two three four", fail={"at": 2, "status": 500, "message": "It broke."})
    got: list[str | None] = []
    with client(server.url) as google:
        stream = google.models.generate_content_stream(model=MODEL, contents="Hello", config=said)
        with pytest.raises(errors.ServerError) as caught:
            got.extend(chunk.text for chunk in stream)
    assert len(got) == 2
    assert (caught.value.code, caught.value.message) == (500, "It broke.")
