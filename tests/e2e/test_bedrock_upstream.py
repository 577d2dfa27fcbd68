"""A provider that speaks Bedrock's Converse: what it is asked, by whom, and what of its answers reaches whom."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from botocore import session
from botocore.config import Config
from botocore.validate import ParamValidator

from tests.e2e import google, judges
from tests.e2e.amazon import (
    ACCESS_KEY,
    API_KEY,
    ENVIRONMENT,
    HEAD,
    REGION,
    SECRET_KEY,
    TOKEN,
    answering,
    is_signed,
    model_of,
    provider,
    saying,
)
from tests.e2e.upstream import Peer, Request, Upstream, telling
from tests.e2e.wire import HELLO, PATIENCE
from tests.formats.bedrock.streams import (
    METADATA,
    START,
    call,
    delta,
    failure,
    stop,
    stop_block,
    stream,
    text,
    whole,
)
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:eu-north-1:123456789012:application-inference-profile/ab1/c2"
TOOLS: Any = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
ANSWER = [
    START,
    delta({"reasoningContent": {"text": "Hm."}}),
    delta({"reasoningContent": {"signature": "c2ln"}}),
    stop_block(),
    text("Hel", 1),
    text("lo", 1),
    stop_block(1),
    *call("tooluse_1", "f", 2, '{"a":', "1}"),
    stop("tool_use"),
    METADATA,
]
WHOLE = whole(
    {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
    {"text": "Hello"},
    {"toolUse": {"toolUseId": "tooluse_1", "name": "f", "input": {"a": 1}}},
    reason="tool_use",
)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(answering(WHOLE)) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def chats() -> Iterator[Upstream]:
    with Upstream(telling("one", " two")) as chats:
        yield chats


@pytest.fixture(scope="module")
def server(upstream: Upstream, chats: Upstream) -> Iterator[Serving]:
    config = provider(upstream) + provider(upstream, "keyed", f'api_key = "{API_KEY}"') + chats.config("chats")
    with serving(config, ENVIRONMENT) as server:
        yield server


def ask(server: Serving, model: str = f"up/{CLAUDE}", **fields: Any) -> Any:
    """A chat completion, from OpenAI's client; its pieces where it is streamed."""
    judge = judges.Sync(server.url)

    def create(sdk: Any) -> Any:
        return sdk.chat.completions.create(model=model, messages=HELLO, **fields)

    return judge.pieces(create) if fields.get("stream") else judge.whole(create)


def amazons(upstream: Upstream) -> Any:
    """Amazon's own client of the same upstream, with the same credentials."""
    made = session.Session()
    made.set_credentials(ACCESS_KEY, SECRET_KEY, TOKEN)
    config = Config(retries={"total_max_attempts": 1}, read_timeout=PATIENCE)
    return made.create_client(
        "bedrock-runtime", REGION, endpoint_url=f"http://127.0.0.1:{upstream.port}", config=config
    )


@pytest.mark.parametrize("model", [CLAUDE, ARN, "mistral.mistral-large-2407-v1:0", "a model (new)/~x"])
def test_requests_are_signed_and_addressed_as_amazons_own_client_does_it(
    upstream: Upstream, server: Serving, model: str
) -> None:
    for play, is_streamed in ((answering(WHOLE), False), (saying(*ANSWER), True)):
        upstream.will(play)
        client, messages = amazons(upstream), [{"role": "user", "content": [{"text": "Hello"}]}]
        method = client.converse_stream if is_streamed else client.converse
        said = method(modelId=model, messages=messages)
        list(said.get("stream", ()))
        theirs = upstream.result()
        ask(server, f"up/{model}", stream=is_streamed)
        ours = upstream.result()
        assert is_signed(theirs)
        assert is_signed(ours)
        assert ours.line == theirs.line
        assert model_of(ours) == (model, "converse-stream" if is_streamed else "converse")
        assert json.loads(ours.body)["messages"] == [{"role": "user", "content": [{"text": HELLO[0]["content"]}]}]
        assert not is_signed(ours._replace(body=ours.body + b" "))


def test_a_body_too_large_to_be_signed_in_passing_is_signed_too(upstream: Upstream, server: Serving) -> None:
    upstream.will(answering(WHOLE))
    judges.Sync(server.url).whole(
        lambda sdk: sdk.chat.completions.create(model="up/m", messages=[{"role": "user", "content": "x" * 500_000}])
    )
    assert is_signed(upstream.result())


def test_a_key_of_bedrocks_is_borne_and_nothing_signed(upstream: Upstream, server: Serving) -> None:
    upstream.will(answering(WHOLE))
    ask(server, f"keyed/{CLAUDE}")
    request = upstream.result()
    assert request.headers["authorization"] == f"Bearer {API_KEY}"
    assert not [name for name in request.headers if name.startswith("x-amz-")]


@pytest.mark.parametrize("stream", [False, True])
def test_an_openai_client_gets_its_words_calls_and_thoughts(upstream: Upstream, server: Serving, stream: bool) -> None:
    upstream.will(saying(*ANSWER) if stream else answering(WHOLE))
    answer = ask(server, stream=stream, tools=TOOLS)
    if stream:
        deltas = [choice.delta for each in answer for choice in each.choices]
        words = "".join(delta.content or "" for delta in deltas)
        thoughts = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
        calls = [call for delta in deltas for call in delta.tool_calls or ()]
        name, arguments = calls[0].function.name, "".join(call.function.arguments for call in calls)
        reason, usage = answer[-1].choices[0].finish_reason, None
    else:
        message = answer.choices[0].message
        words, thoughts, (made,) = message.content, message.reasoning_content, message.tool_calls
        name, arguments = made.function.name, made.function.arguments
        reason, usage = answer.choices[0].finish_reason, answer.usage
    assert (words, thoughts, name, json.loads(arguments), reason) == ("Hello", "Hm.", "f", {"a": 1}, "tool_calls")
    assert usage is None or (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (9, 2, 11)


def test_a_client_of_messages_gets_signed_thoughts_and_sends_them_back(upstream: Upstream, server: Serving) -> None:
    tools: Any = [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]
    asked: Any = {"model": f"up/{CLAUDE}", "max_tokens": 9000, "tools": tools}
    asked["thinking"] = {"type": "enabled", "budget_tokens": 4000}
    messages: list[Any] = [{"role": "user", "content": "Hello"}]
    upstream.will(saying(*ANSWER))
    with anthropic.Anthropic(base_url=f"{server.url}/anthropic", api_key="any", max_retries=0, timeout=PATIENCE) as sdk:
        with sdk.messages.stream(messages=messages, **asked) as stream:
            made = stream.get_final_message()
        upstream.result()
        thought, words, use = made.content
        assert (thought.type, words.type, use.type) == ("thinking", "text", "tool_use")
        assert (getattr(thought, "signature", ""), made.stop_reason) == ("c2ln", "tool_use")
        assert (made.usage.input_tokens, made.usage.output_tokens) == (9, 2)
        upstream.will(answering(WHOLE))
        result = {"type": "tool_result", "tool_use_id": "tooluse_1", "content": "2"}
        content: Any = made.to_dict()["content"]
        again = [*messages, {"role": "assistant", "content": content}, {"role": "user", "content": [result]}]
        sdk.messages.create(messages=again, **asked)
    turn = json.loads(upstream.result().body)["messages"][1]
    assert turn["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        {"text": "Hello"},
        {"toolUse": {"toolUseId": "tooluse_1", "name": "f", "input": {"a": 1}}},
    ]


@pytest.mark.parametrize("judge", [google.Sync, google.Async])
def test_googles_client_gets_its_words_and_calls(upstream: Upstream, server: Serving, judge: Any) -> None:
    upstream.will(saying(*ANSWER))
    asked = judge(server.url)
    chunks = asked.pieces(lambda models: models.generate_content_stream(model=f"up/{CLAUDE}", contents="Hello"))
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts or ()]
    assert "".join(part.text or "" for part in parts if not part.thought) == "Hello"
    assert "".join(part.text or "" for part in parts if part.thought) == "Hm."
    assert [part.function_call.args for part in parts if part.function_call] == [{"a": 1}]
    assert chunks[-1].usage_metadata.total_token_count == 11


ERRORS: dict[str, tuple[Any, int, str]] = {
    "throttled": (
        answering({"message": "Slow"}, "429 Too Many Requests", "ThrottlingException:http://x/"),
        429,
        "Slow",
    ),
    "throttled_in_the_stream": (saying(end=failure("throttlingException", {"message": "Slow"})), 429, "Slow"),
    "refused": (answering({"message": "Bad"}, "400 Bad Request", "ValidationException"), 400, "Bad"),
    "model": (answering({"message": "Oh"}, "424 Failed Dependency", "ModelErrorException"), 502, "Oh"),
    "nothing": (saying(), 502, "empty answer"),
    "nothing_but_a_start": (saying(START), 502, "cut"),
    "no_frame": (saying(end=b"\0" * 50), 502, "no Converse answer"),
    "no_answer": (answering({"output": {}}), 502, "no Converse answer"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_goes_wrong_before_the_first_words_is_an_error_with_a_status(
    upstream: Upstream, server: Serving, name: str
) -> None:
    play, status, words = ERRORS[name]
    upstream.will(play)
    with pytest.raises(openai.APIStatusError) as caught:
        ask(server, stream=True)
    assert caught.value.status_code == status
    assert words in str(caught.value)


@pytest.mark.parametrize("name", [name for name in ERRORS if name != "refused"])
def test_then_another_provider_takes_over(upstream: Upstream, server: Serving, name: str) -> None:
    upstream.will(ERRORS[name][0])
    chunks = ask(server, stream=True, extra_body={"fallbacks": ["chats/m"]})
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "one two"


@pytest.mark.parametrize("end", [failure("modelStreamErrorException", {"message": "Oh"}), stream(stop())[:-1] + b"\0"])
def test_what_breaks_in_the_middle_keeps_its_words_and_says_so(upstream: Upstream, server: Serving, end: bytes) -> None:
    upstream.will(saying(START, text("Hel"), text("lo"), end=end))
    pieces: list[str] = []

    def read(sdk: openai.OpenAI) -> None:
        for chunk in sdk.chat.completions.create(model=f"up/{CLAUDE}", messages=HELLO, stream=True):
            pieces.append(chunk.choices[0].delta.content or "")

    with judges.Sync(server.url).client() as sdk, pytest.raises(openai.APIError, match=r"Oh|checksum"):
        read(sdk)
    assert "".join(pieces) == "Hello"


def test_an_answer_is_whole_without_the_metadata_of_a_connection_that_broke(
    upstream: Upstream, server: Serving
) -> None:
    def play(peer: Peer) -> Request:
        request = peer.request()
        peer.send(HEAD)
        peer.piece(stream(START, text("Hi"), stop()))
        peer.reset()
        return request

    upstream.will(play)
    chunks = ask(server, stream=True)
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"


def test_a_model_that_does_not_stream_is_asked_for_its_answer_at_once(upstream: Upstream, server: Serving) -> None:
    def play(peer: Peer) -> str:
        request = peer.request()
        _, method = model_of(request)
        body = WHOLE if method == "converse" else {"message": "This model doesn't support tool use in streaming mode."}
        data, status = json.dumps(body).encode(), "200 OK" if method == "converse" else "400 Bad Request"
        head = f"HTTP/1.1 {status}\r\nx-amzn-errortype: ValidationException\r\nconnection: close\r\n"
        peer.send(f"{head}content-length: {len(data)}\r\n\r\n".encode() + data)
        return method

    upstream.will(play)
    chunks = ask(server, stream=True, tools=TOOLS)
    assert [upstream.result(), upstream.result()] == ["converse-stream", "converse"]
    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices) == "Hello"


def test_pictures_that_would_have_to_be_fetched_are_refused(server: Serving) -> None:
    content = [{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]
    with pytest.raises(openai.BadRequestError, match="fetches nothing"):
        judges.Sync(server.url).whole(
            lambda sdk: sdk.chat.completions.create(model="up/m", messages=[{"role": "user", "content": content}])
        )


def test_a_model_that_leads_elsewhere_is_none(server: Serving) -> None:
    with pytest.raises(openai.NotFoundError):
        ask(server, "up/..")


def test_tokens_are_counted_by_amazon_under_the_models_own_name(upstream: Upstream, server: Serving) -> None:
    asked: Any = {"model": f"up/{CLAUDE}", "messages": [{"role": "user", "content": "Hello"}], "system": "Be brief."}
    shape = session.Session().get_service_model("bedrock-runtime").operation_model("CountTokens").input_shape
    with anthropic.Anthropic(base_url=f"{server.url}/anthropic", api_key="any", max_retries=0, timeout=PATIENCE) as sdk:
        upstream.will(answering({"inputTokens": 17}))
        assert sdk.messages.count_tokens(**asked).input_tokens == 17
        request = upstream.result()
        assert is_signed(request)
        assert model_of(request) == (CLAUDE.removeprefix("us."), "count-tokens")
        assert not ParamValidator().validate({"modelId": "m", **json.loads(request.body)}, shape).has_errors()
        upstream.will(answering({"message": "Not supported"}, "400 Bad Request", "ValidationException"))
        assert 0 < sdk.messages.count_tokens(**asked).input_tokens < 17
        upstream.will(answering({"message": "Slow"}, "429 Too Many Requests", "ThrottlingException"))
        with pytest.raises(anthropic.RateLimitError):
            sdk.messages.count_tokens(**asked)
