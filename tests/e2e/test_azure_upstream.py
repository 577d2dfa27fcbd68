"""Azure OpenAI as a provider: both of its APIs as Azure's own client asks them, and what only Azure says."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.e2e import judges
from tests.e2e.upstream import STREAM_HEAD, Peer, Play, Request, Upstream
from tests.e2e.wire import HELLO, PATIENCE, Wire, frames
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

SECRET = "key-of-the-resource"
VERSION = "2024-10-21"
SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
PREAMBLE = {
    "choices": [],
    "created": 0,
    "id": "",
    "model": "",
    "object": "",
    "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": SAFE}],
}


def chunk(delta: Any, reason: str | None = None, **more: Any) -> dict[str, Any]:
    """A chunk as Azure sends it, its filter's opinion included."""
    choice = {"content_filter_results": {}, "delta": delta, "finish_reason": reason, "index": 0, "logprobs": None}
    return {
        "choices": [{**choice, **more}],
        "created": 1_700_000_000,
        "id": "chatcmpl-azure",
        "model": "gpt-4o-2024-11-20",
        "object": "chat.completion.chunk",
        "system_fingerprint": "fp_1",
    }


LATE = {
    **chunk({}, content_filter_results=SAFE, content_filter_offsets={"check_offset": 0, "start_offset": 0}),
    "id": "",
    "model": "",
    "object": "",
    "created": 0,
}
"""The opinion of a filter that runs beside the answer: it comes when it comes, and says no word."""
del LATE["choices"][0]["delta"]

USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
ANSWER = [
    PREAMBLE,
    chunk({"content": "", "refusal": None, "role": "assistant"}),
    chunk({"content": "Hel"}, content_filter_results=SAFE),
    chunk({"content": "lo"}, content_filter_results=SAFE),
    LATE,
    chunk({}, "stop"),
    {**PREAMBLE, "prompt_filter_results": [], "usage": USAGE, "id": "chatcmpl-azure", "model": "gpt-4o-2024-11-20"},
]
FILTERED = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {**SAFE, "violence": {"filtered": True, "severity": "medium"}},
        },
    }
}


def saying(*chunks: Any) -> Play:
    """Stream these."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        peer.send(STREAM_HEAD)
        for each in chunks:
            peer.piece(b"data: " + json.dumps(each).encode() + b"\n\n")
        peer.done()
        return request

    return play


def answering(body: Any, status: str = "200 OK", more: str = "") -> Play:
    """Answer whole, or with an error."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        data = json.dumps(body).encode()
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{more}content-length: {len(data)}\r\n\r\n"
        peer.send(head.encode() + data)
        return request

    return play


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(saying(*ANSWER)) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[Serving]:
    """With the variables that users have for the older API, and the newer one in sections."""
    at = f"http://127.0.0.1:{upstream.port}"
    env = {"AZURE_OPENAI_API_KEY": SECRET, "AZURE_OPENAI_ENDPOINT": f"{at}/", "OPENAI_API_VERSION": VERSION}
    newer = f'kind = "azure"\nbase_url = "{at}/openai/v1"\napi_key = "{SECRET}"\nmodels = ["gpt-4o"]\n'
    config = f'[providers.newer]\n{newer}[providers.preview]\n{newer}api_version = "preview"\n'
    with serving(config, env) as server:
        yield server


def ask(server: Serving, model: str, **fields: Any) -> Any:
    """A chat completion, from OpenAI's client; its pieces where it is streamed."""
    judge = judges.Sync(server.url)

    def create(sdk: Any) -> Any:
        return sdk.chat.completions.create(model=model, messages=HELLO, **fields)

    return judge.pieces(create) if fields.get("stream") else judge.whole(create)


@pytest.mark.parametrize("deployment", ["gpt-4o", "my deployment/ä"])
def test_deployments_are_asked_as_azures_own_client_asks_them(
    upstream: Upstream, server: Serving, deployment: str
) -> None:
    upstream.will(saying(*ANSWER))
    sdk = openai.AzureOpenAI(
        azure_endpoint=f"http://127.0.0.1:{upstream.port}",
        api_version=VERSION,
        api_key=SECRET,
        azure_deployment=deployment if "/" not in deployment else None,
        timeout=PATIENCE,
    )
    with sdk:
        list(sdk.chat.completions.create(model=deployment, messages=HELLO, stream=True))
    theirs = upstream.result()
    ask(server, f"azure/{deployment}", stream=True)
    ours = upstream.result()
    assert ours.headers["api-key"] == theirs.headers["api-key"] == SECRET
    assert "authorization" not in ours.headers
    if "/" not in deployment:
        assert ours.line == theirs.line
    else:
        # Their client would lose its way here.
        path = "/openai/deployments/my%20deployment%2F%C3%A4/chat/completions"
        assert ours.line == f"POST {path}?api-version={VERSION} HTTP/1.1"


@pytest.mark.parametrize(("name", "query"), [("newer", ""), ("preview", "?api-version=preview")])
def test_the_newer_api_is_asked_by_model(upstream: Upstream, server: Serving, name: str, query: str) -> None:
    upstream.will(saying(*ANSWER))
    ask(server, f"{name}/gpt-4o", stream=True)
    request = upstream.result()
    assert request.line == f"POST /openai/v1/chat/completions{query} HTTP/1.1"
    assert json.loads(request.body)["model"] == "gpt-4o"
    assert request.headers["api-key"] == SECRET


def test_vectors_are_made_by_deployments_too(upstream: Upstream, server: Serving) -> None:
    made = {"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    upstream.will(answering({"object": "list", "data": [made], "model": "ada", "usage": usage}))
    for name, path in (("azure", f"deployments/ada/embeddings?api-version={VERSION}"), ("newer", "v1/embeddings")):
        with judges.Sync(server.url).client() as sdk:
            answer = sdk.embeddings.create(model=f"{name}/ada", input="Hi", encoding_format="float")
        assert upstream.result().line == f"POST /openai/{path} HTTP/1.1"
        assert answer.data[0].embedding == [0.5, -1.0]


def test_responses_of_a_deployment_are_made_by_its_chat(upstream: Upstream, server: Serving) -> None:
    upstream.will(answering(whole("Hello")))
    answer = judges.Sync(server.url).whole(lambda sdk: sdk.responses.create(model="azure/gpt-4o", input="Hello"))
    assert upstream.result().line.startswith("POST /openai/deployments/gpt-4o/chat/completions?")
    assert answer.output_text == "Hello"


def whole(words: str) -> dict[str, Any]:
    """A whole answer with all that Azure adds."""
    message: Any = {"annotations": [], "content": words, "refusal": None, "role": "assistant"}
    choice = {"content_filter_results": SAFE, "finish_reason": "stop", "index": 0, "logprobs": None, "message": message}
    about = {"prompt_filter_results": PREAMBLE["prompt_filter_results"], "system_fingerprint": "fp_1", "usage": USAGE}
    return {
        "choices": [choice],
        "created": 1,
        "id": "chatcmpl-azure",
        "model": "gpt-4o",
        "object": "chat.completion",
        **about,
    }


def test_the_filters_opinions_reach_clients_of_chat_and_no_empty_chunk_does(
    upstream: Upstream, server: Serving
) -> None:
    """Many clients index `choices[0]` of the first chunk, which Azure's preamble does not have."""
    upstream.will(saying(*ANSWER))
    with Wire(server) as wire:
        wire.post(json.dumps({"model": "azure/gpt-4o", "messages": HELLO, "stream": True}).encode())
        said = [json.loads(frame.data) for frame in frames(wire.answer().body) if frame.data != "[DONE]"]
    assert all(each["choices"] and each["id"] == "chatcmpl-azure" and each["model"] for each in said)
    assert "".join(each["choices"][0]["delta"].get("content") or "" for each in said) == "Hello"
    assert any(each.get("prompt_filter_results") for each in said)
    assert any(each["choices"][0].get("content_filter_results") == SAFE for each in said)
    assert said[-1]["choices"][0]["finish_reason"] == "stop"


def test_a_whole_answer_keeps_what_azure_adds(upstream: Upstream, server: Serving) -> None:
    upstream.will(answering(whole("Hello")))
    answer = ask(server, "azure/gpt-4o")
    assert answer.choices[0].message.content == "Hello"
    assert answer.choices[0].content_filter_results == SAFE
    assert answer.prompt_filter_results == PREAMBLE["prompt_filter_results"]
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (9, 11)


def test_an_answer_that_was_filtered_half_way_says_so(upstream: Upstream, server: Serving) -> None:
    bad = {**SAFE, "violence": {"filtered": True, "severity": "medium"}}
    upstream.will(saying(PREAMBLE, chunk({"content": "Hel"}), chunk({}, "content_filter", content_filter_results=bad)))
    chunks = ask(server, "azure/gpt-4o", stream=True)
    assert chunks[-1].choices[0].finish_reason == "content_filter"


ERRORS: dict[str, tuple[Play, int, str | None, str]] = {
    "filtered": (answering(FILTERED, "400 Bad Request"), 400, "content_filter", "content management policy"),
    "no_deployment": (
        answering({"error": {"code": "DeploymentNotFound", "message": "No such deployment."}}, "404 Not Found"),
        404, "DeploymentNotFound", "No such deployment",
    ),
    "no_resource": (
        answering({"error": {"code": "404", "message": "Resource not found"}}, "404 Not Found"),
        404, "404", "Resource not found",
    ),
    "wrong_key": (
        answering({"statusCode": 401, "message": f"Unauthorized: {SECRET}"}, "401 Unauthorized"),
        401, "upstream_error", r"Unauthorized: \*\*\*",
    ),
    "too_many": (
        answering(
            {"error": {"code": "429", "message": "Please retry after 7 seconds."}}, "429 Too Many Requests",
            "retry-after: 7\r\n",
        ),
        429, "429", "retry after 7",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_azures_errors_are_told_in_openais_shape(upstream: Upstream, server: Serving, name: str) -> None:
    play, status, code, words = ERRORS[name]
    upstream.will(play)
    with pytest.raises(openai.APIStatusError, match=words) as caught:
        ask(server, "azure/gpt-4o", stream=True)
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert caught.value.response.headers.get("retry-after") == ("7" if name == "too_many" else None)


def test_an_error_after_the_preamble_is_still_one_with_a_status(upstream: Upstream, server: Serving) -> None:
    upstream.will(saying(PREAMBLE, FILTERED))
    with pytest.raises(openai.BadRequestError, match="content management policy"):
        ask(server, "azure/gpt-4o", stream=True)
