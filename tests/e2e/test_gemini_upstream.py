"""A provider that speaks Gemini: what it is asked, and what of its answers reaches whom."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from google.genai import errors

from tests.e2e import judges
from tests.e2e.google import SECRET, Sync, answering, client, provider, saying
from tests.e2e.upstream import STREAM_HEAD, Peer, Upstream, telling
from tests.e2e.watching import wait_for_run, wait_for_status
from tests.e2e.wire import HELLO, Answer, Wire, frames
from tests.formats.gemini.streams import CASES, USAGE, chunk, text
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

WHOLE = {
    "candidates": [
        {
            "content": {
                "parts": [
                    {"text": "Hm.", "thought": True},
                    {"text": "Hello", "thoughtSignature": "c2ln"},
                    {"functionCall": {"name": "f", "args": {"a": 1}}},
                ],
                "role": "model",
            },
            "finishReason": "STOP",
            "index": 0,
            "groundingMetadata": {"webSearchQueries": ["x"]},
        }
    ],
    "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 4, "thoughtsTokenCount": 3, "totalTokenCount": 12},
    "modelVersion": "gemini-3-flash",
    "responseId": "r1",
}
ASKED = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


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
    with serving(provider(upstream) + chats.config("openai-like") + "[providers.simulator]\n") as server:
        yield server


def post(server: Serving, path: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
    """Ask a method of a model, with the bytes that we want."""
    with Wire(server) as wire:
        wire.post(json.dumps(body).encode(), f"/genai/v1beta/{path}", headers)
        return wire.answer()


def test_what_came_in_this_format_goes_on_as_it_came(upstream: Upstream, server: Serving) -> None:
    """With fields that nobody here knows, under the provider's name for the model and with our own key."""
    body = {
        **ASKED,
        "system_instruction": {"parts": {"text": "S"}},
        "tools": [{"googleSearch": {}}, {"codeExecution": {}}],
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "generationConfig": {"speechConfig": {"voice": "Puck"}, "topK": 3},
        "ofTomorrow": {"x": [1, None]},
    }
    upstream.will(answering(WHOLE))
    answer = post(
        server, "models/up/m:generateContent", body, {"x-goog-api-key": "the client's", "x-other": "stays here"}
    )
    request = upstream.result()
    assert request.line == "POST /v1beta/models/m:generateContent HTTP/1.1"
    assert json.loads(request.body) == body
    assert request.headers["x-goog-api-key"] == SECRET
    assert not {"authorization", "x-other"} & request.headers.keys()
    assert answer.json() == WHOLE


@pytest.mark.parametrize("name", CASES)
def test_a_stream_of_this_format_loses_nothing(upstream: Upstream, server: Serving, name: str) -> None:
    """As events, and as one array."""
    chunks = CASES[name].chunks
    upstream.will(saying(*chunks))
    got = post(server, "models/up/m:streamGenerateContent?alt=sse", ASKED)
    assert upstream.result().line == "POST /v1beta/models/m:streamGenerateContent?alt=sse HTTP/1.1"
    assert got.headers["content-type"].startswith("text/event-stream")
    listed = [json.loads(frame.data) for frame in frames(got.body)]
    assert [_parts(each) for each in listed if _parts(each)] == [_parts(each) for each in chunks if _parts(each)]
    upstream.will(saying(*chunks))
    array = post(server, "models/up/m:streamGenerateContent", ASKED)
    assert array.headers["content-type"].startswith("application/json")
    assert json.loads(array.body) == listed


def _parts(said: Any) -> Any:
    """What a chunk holds besides empty texts."""
    parts = [part for each in said.get("candidates", ()) for part in each.get("content", {}).get("parts", ())]
    spelled = [
        {**part, "functionCall": {"args": {}, **part["functionCall"]}} if "functionCall" in part else part
        for part in parts
    ]
    return [part for part in spelled if part != {"text": ""}]


@pytest.mark.parametrize("stream", [False, True])
def test_an_openai_client_gets_its_words_calls_and_thoughts(upstream: Upstream, server: Serving, stream: bool) -> None:
    part = {"functionCall": {"name": "f", "args": {"a": 1}}}
    thought = chunk({"text": "Hm.", "thought": True})
    end = chunk(part, finishReason="STOP", usageMetadata=WHOLE["usageMetadata"])
    upstream.will(saying(thought, text("Hel"), text("lo"), end) if stream else answering(WHOLE))
    tools: Any = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    asked = judges.Sync(server.url)

    def ask(sdk: Any) -> Any:
        return sdk.chat.completions.create(model="up/m", messages=HELLO, tools=tools, stream=stream)

    if stream:
        chunks = asked.pieces(ask)
        deltas = [choice.delta for each in chunks for choice in each.choices]
        words = "".join(delta.content or "" for delta in deltas)
        thoughts = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
        calls = [call for delta in deltas for call in delta.tool_calls or ()]
        name, arguments = calls[0].function.name, "".join(call.function.arguments for call in calls)
        reason, usage = chunks[-1].choices[0].finish_reason, chunks[-1].usage
    else:
        answer = asked.whole(ask)
        message = answer.choices[0].message
        words, thoughts = message.content, message.reasoning_content
        name, arguments = message.tool_calls[0].function.name, message.tool_calls[0].function.arguments
        reason, usage = answer.choices[0].finish_reason, answer.usage
    assert (words, thoughts, name, json.loads(arguments), reason) == ("Hello", "Hm.", "f", {"a": 1}, "tool_calls")
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (5, 7, 12)
    assert usage.completion_tokens_details.reasoning_tokens == 3
    request = json.loads(upstream.result().body)
    assert request["contents"] == [{"role": "user", "parts": [{"text": "Hello"}]}]
    assert request["tools"] == [{"functionDeclarations": [{"name": "f"}]}]


def test_a_client_of_responses_gets_it_too(upstream: Upstream, server: Serving) -> None:
    upstream.will(
        saying(chunk({"text": "Hm.", "thought": True}), text("Hello", finishReason="STOP", usageMetadata=USAGE))
    )
    events = judges.Sync(server.url).pieces(lambda sdk: sdk.responses.create(model="up/m", input="Hello", stream=True))
    assert events[-1].response.output_text == "Hello"
    assert [item.type for item in events[-1].response.output] == ["reasoning", "message"]


SLASHES = [
    "models/openai-like/m",
    "models/openai-like/vendor/m:8b",
    "models/openai-like%2Fvendor%2Fm",
    # As the AI SDK asks.
    "openai-like/vendor/m",
]


@pytest.mark.parametrize("path", SLASHES)
def test_a_gemini_client_asks_a_provider_of_openais_kind_under_a_name_with_slashes(
    chats: Upstream, server: Serving, path: str
) -> None:
    chats.will(telling("one", " two"))
    answer = post(server, f"{path}:streamGenerateContent?alt=sse", ASKED)
    request = chats.result()
    assert request.line == "POST /v1/chat/completions HTTP/1.1"
    asked = json.loads(request.body)
    assert asked["model"] == path.replace("%2F", "/").partition("openai-like/")[2]
    assert asked["messages"] == HELLO
    chunks = [json.loads(frame.data) for frame in frames(answer.body)]
    words = [each["candidates"][0]["content"]["parts"][0]["text"] for each in chunks]
    assert words == ["one", " two", ""]
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"


REFUSAL = {
    "error": {
        "code": 429,
        "message": f"Quota exceeded for key {SECRET}.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}],
    }
}


def test_googles_error_reaches_everybody_with_its_delay_and_without_our_key(
    upstream: Upstream, server: Serving
) -> None:
    upstream.will(answering(REFUSAL, "429 Too Many Requests"))
    answer = post(server, "models/up/m:generateContent", ASKED)
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    error = answer.json()["error"]
    assert (error["status"], error["message"]) == ("RESOURCE_EXHAUSTED", "Quota exceeded for key ***.")
    upstream.will(answering(REFUSAL, "429 Too Many Requests"))
    with pytest.raises(openai.RateLimitError) as caught:
        judges.Sync(server.url).whole(lambda sdk: sdk.chat.completions.create(model="up/m", messages=HELLO))
    assert (caught.value.code, caught.value.response.headers["retry-after"]) == ("resource_exhausted", "7")


def test_a_stream_that_is_cut_ends_with_an_error_and_a_cut(upstream: Upstream, server: Serving) -> None:
    upstream.will(saying(text("Hel"), text("lo")))
    with client(server.url) as google:
        stream = google.models.generate_content_stream(model="up/m", contents="Hello")
        with pytest.raises(errors.ServerError) as caught:
            list(stream)
    assert "finish reason" in str(caught.value.message)
    upstream.will(saying(text("Hel"), text("lo")))
    with Wire(server) as wire:
        wire.post(json.dumps(ASKED).encode(), "/genai/v1beta/models/up/m:streamGenerateContent")
        body = wire.rest_of_answer()
        assert wire.is_hung_up()
    assert [next(iter(each)) for each in json.loads(body)] == ["candidates", "candidates", "error"]


def test_a_blocked_prompt_is_told_as_google_tells_it_and_as_a_filter_to_others(
    upstream: Upstream, server: Serving
) -> None:
    blocked = {
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": USAGE,
        "modelVersion": "m",
        "responseId": "r",
    }
    upstream.will(answering(blocked))
    assert post(server, "models/up/m:generateContent", ASKED).json() == blocked
    upstream.will(answering(blocked))
    chat = judges.Sync(server.url).whole(lambda sdk: sdk.chat.completions.create(model="up/m", messages=HELLO))
    assert (chat.choices[0].finish_reason, chat.choices[0].message.content) == ("content_filter", "")


def test_counts_and_vectors_are_passed_on_under_the_providers_name(upstream: Upstream, server: Serving) -> None:
    upstream.will(answering({"totalTokens": 31, "promptTokensDetails": []}))
    count = post(server, "models/up/m:countTokens", {"generateContentRequest": {**ASKED, "model": "models/up/m"}})
    request = upstream.result()
    assert (request.line, count.json()["totalTokens"]) == ("POST /v1beta/models/m:countTokens HTTP/1.1", 31)
    assert json.loads(request.body) == {"generateContentRequest": {**ASKED, "model": "models/m"}}
    upstream.will(answering({"embeddings": [{"values": [0.5, 0.25]}]}))
    made = Sync(server.url).whole(lambda models: models.embed_content(model="up/m", contents="Hello"))
    request = upstream.result()
    assert made.embeddings[0].values == [0.5, 0.25]
    assert request.line == "POST /v1beta/models/m:batchEmbedContents HTTP/1.1"
    assert [each["model"] for each in json.loads(request.body)["requests"]] == ["models/m"]
    upstream.will(answering({"embedding": {"values": [1]}}))
    one = post(server, "models/up/m:embedContent", {"content": {"parts": [{"text": "Hello"}]}})
    assert one.json() == {"embedding": {"values": [1]}}
    upstream.will(answering(REFUSAL, "429 Too Many Requests"))
    refused = post(server, "models/up/m:embedContent", {"content": {"parts": [{"text": "Hello"}]}})
    assert (refused.status, refused.headers["retry-after"]) == (429, "7")
    assert SECRET.encode() not in refused.body


def test_anthropics_clients_are_told_what_google_counts(upstream: Upstream, server: Serving) -> None:
    upstream.will(answering({"totalTokens": 31}))
    with Wire(server) as wire:
        asked = {"model": "up/m", "messages": HELLO, "system": "Be brief."}
        wire.post(json.dumps(asked).encode(), "/anthropic/v1/messages/count_tokens")
        assert wire.answer().json() == {"input_tokens": 31}
    request = upstream.result()
    assert request.line == "POST /v1beta/models/m:countTokens HTTP/1.1"
    assert json.loads(request.body) == {
        "generateContentRequest": {
            "model": "models/m",
            "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
        }
    }


def test_models_that_make_answers_or_vectors_are_listed(chats: Upstream) -> None:
    listing = {
        "models": [
            {"name": "models/gemini-x", "supportedGenerationMethods": ["generateContent", "countTokens"]},
            {"name": "models/embedding-x", "supportedGenerationMethods": ["embedContent"]},
            {"name": "models/film-x", "supportedGenerationMethods": ["predictLongRunning"]},
            {"name": "models/says-nothing"},
        ]
    }
    with Upstream(answering(listing)) as upstream:
        section = provider(upstream).replace('models = ["m"]\n', "")
        with serving(section) as server, Wire(server) as wire:
            wire.get("/v1/models")
            names = [each["id"] for each in wire.answer().json()["data"]]
        assert upstream.result().line == "GET /v1beta/models?pageSize=1000 HTTP/1.1"
    assert {"up/gemini-x", "up/embedding-x", "up/says-nothing"} <= set(names)
    assert "up/film-x" not in names


def test_what_is_kept_can_be_read_again_in_every_form(upstream: Upstream, server: Serving) -> None:
    upstream.will(saying(*CASES["two_calls_and_words"].chunks))
    sent = post(server, "models/up/m:streamGenerateContent?alt=sse", ASKED)
    run = sent.headers["headgate-run"]

    def shown(form: str) -> bytes:
        with Wire(server) as wire:
            wire.get(f"/v1/runs/{run}/events?as={form}")
            return wire.answer().body

    assert shown("made") == shown("gemini.generate") == sent.body
    assert b'"name":"weather"' in shown("openai.chat")
    assert b'"type":"message_stop"' in shown("anthropic.messages")


KEYS = '[keys]\nalice = "alice-key-0f2c"\n'


def test_keys_are_found_where_googles_clients_put_them_and_never_written_down(upstream: Upstream) -> None:
    key = "alice-key-0f2c"
    with serving(provider(upstream) + KEYS) as server:
        for headers, query in (
            ({"x-goog-api-key": key}, ""),
            ({"authorization": f"Bearer {key}"}, ""),
            ({}, f"?key={key}"),
            ({}, f"?%24ct=x&key={key}"),
        ):
            with Wire(server) as wire:
                wire.get(f"/genai/v1beta/models{query}", headers)
                assert wire.answer().status == 200
            upstream.will(answering(WHOLE))
            assert post(server, f"models/up/m:generateContent{query}", ASKED, headers).status == 200
            assert key.encode() not in upstream.result().body
        for headers, query in (({}, ""), ({}, "?key=wrong-guess"), ({"x-goog-api-key": "wrong-guess"}, f"?key={key}")):
            refused = post(server, f"models/up/m:generateContent{query}", ASKED, headers)
            assert (refused.status, refused.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
            assert b"wrong-guess" not in refused.body
        folder = server.folder
        server.stop()
        kept = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file() and file.suffix != ".toml")
    assert key.encode() not in kept
    assert b"wrong-guess" not in kept


def test_a_silent_stream_is_kept_alive_by_blank_lines(upstream: Upstream) -> None:
    """Anything else, a comment too, ends Google's clients."""

    def slow(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD)
        peer.piece(b"data: " + json.dumps(text("Hi")).encode() + b"\n\n")
        peer.ready.set()
        peer.left_at()

    upstream.will(slow)
    with serving("[server]\nkeep_alive = 0.5\n" + provider(upstream)) as server, Wire(server) as wire:
        wire.post(json.dumps(ASKED).encode(), "/genai/v1/models/up/m:streamGenerateContent?alt=sse")
        said = wire.until(b"\r\n1\r\n\n\r\n")
    assert said.count(b"data: ") == 1
    assert b": k" not in said.partition(b"\r\n\r\n")[2]


def test_a_run_that_nothing_came_of_is_asked_again_after_a_crash(upstream: Upstream, tmp_path: Path) -> None:
    """In Google's terms, as it came: the model and the stream stood in the path."""

    def silent(peer: Peer) -> None:
        peer.request()
        peer.ready.set()
        peer.left_at()

    body = {**ASKED, "tools": [{"google_search": {}}]}
    upstream.will(silent)
    config = provider(upstream) + "[providers.simulator]\n"
    with serving(config, folder=tmp_path) as server, Wire(server) as wire:
        wire.post(
            json.dumps(body).encode(),
            "/genai/v1/models/up/m:streamGenerateContent?alt=sse",
            {"headgate-disconnect": "keep"},
        )
        upstream.wait_ready()
        run = wait_for_run(server, "up/m")
        # A commit takes all there is: what began before a run that is over is kept.
        assert post(server, "models/simulator/fast:generateContent", ASKED).status == 200
        server.kill()
    upstream.will(saying(text("Hello", finishReason="STOP")))
    with serving(config, folder=tmp_path) as server:
        wait_for_status(server, run, "finished")
        request = upstream.result()
        assert request.line == "POST /v1beta/models/m:streamGenerateContent?alt=sse HTTP/1.1"
        assert json.loads(request.body) == body


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("v1beta/models/up/m:streamGenerateContent?alt=xml", 400, "INVALID_ARGUMENT"),
        ("v2/models/up/m:generateContent", 404, "NOT_FOUND"),
        ("v1/models/up/../../v1/files:generateContent", 404, "NOT_FOUND"),
        ("v1/models/up/a%3Fkey=b:generateContent", 404, "NOT_FOUND"),
        ("v1/models/up//m:generateContent", 404, "NOT_FOUND"),
        ("v1/models/:generateContent", 400, "INVALID_ARGUMENT"),
        ("v1/models/nobody/has/this:countTokens", 404, "NOT_FOUND"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_googles_envelope(server: Serving, path: str, status: int, word: str) -> None:
    with Wire(server) as wire:
        wire.post(json.dumps(ASKED).encode(), f"/genai/{path}")
        answer = wire.answer()
    error = answer.json()["error"]
    assert (answer.status, error["code"], error["status"]) == (status, status, word)
