"""The way to embeddings: what a provider cannot be asked, what goes wrong, and who is asked then."""

import json
import math
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from google.genai import errors
from typing_extensions import override

from tests.e2e import google, judges
from tests.e2e.google import answering
from tests.e2e.upstream import Peer, Play, Request, Upstream
from tests.e2e.vectors import listed, packed, post
from tests.e2e.wire import Wire
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

KEYS = 'api_keys = ["first-key-51a0", "second-key-9c3e"]\n'

TROUBLED = ("liar", "busy", "google-busy", "away", "late")
"""Providers for one test each: those that fail are left alone for a while."""


@pytest.fixture(scope="module")
def one() -> Iterator[Upstream]:
    with Upstream(lambda peer: None) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def two() -> Iterator[Upstream]:
    with Upstream(lambda peer: None) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(one: Upstream, two: Upstream) -> Iterator[Serving]:
    config = (
        one.config()
        + two.config("two")
        + google.provider(two, "gem")
        + one.config("mute", 'endpoints = ["chat"]')
        + two.config("vectors", 'endpoints = ["embeddings"]')
        + "".join(one.config(name) for name in TROUBLED)
        + "[aliases]\n"
        + "".join(f'{name}-or-two = ["{name}/m", "two/n"]\n' for name in TROUBLED)
    )
    with serving(config) as server:
        yield server


# What goes wrong.


@pytest.mark.parametrize("model", ["mute/m", "no-such-model"])
def test_a_provider_without_embeddings_or_a_model_that_is_none(server: Serving, model: str) -> None:
    code = "method_not_supported" if model == "mute/m" else "model_not_found"
    with pytest.raises(openai.NotFoundError) as caught:
        judges.Sync(server.url).whole(lambda sdk: sdk.embeddings.create(model=model, input="a"))
    assert (caught.value.code, caught.value.param) == (code, "model")
    with pytest.raises(errors.ClientError) as refused:
        google.Sync(server.url).whole(lambda models: models.embed_content(model=model, contents="a"))
    assert (refused.value.code, refused.value.status) == (404, "NOT_FOUND")


def test_a_provider_with_nothing_but_embeddings_answers_no_questions(two: Upstream, server: Serving) -> None:
    two.will(answering(listed([1])))
    assert post(server, {"model": "vectors/m", "input": "a"}).status == 200
    asked = {"model": "vectors/m", "messages": [{"role": "user", "content": "Hello"}]}
    refused = post(server, asked, "/v1/chat/completions")
    assert (refused.status, refused.error["code"]) == (404, "method_not_supported")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", None),
        (b'{"model": "up/m", "input": "\xff"}', None),
        ({"model": "up/m"}, "input"),
        ({"model": "up/m", "input": ""}, "input"),
        ({"model": "up/m", "input": ["a"] * 2049}, "input"),
        ({"model": "up/m", "input": ["a", None]}, "input[1]"),
        ({"model": "up/m", "input": "a", "encoding_format": "int8"}, "encoding_format"),
        ({"model": "gem/m", "input": [1, 2]}, "input"),
    ],
)
def test_junk_is_a_400_that_names_the_field(server: Serving, body: Any, param: str | None) -> None:
    answer = post(server, body)
    assert (answer.status, answer.error["param"], answer.error["type"]) == (400, param, "invalid_request_error")


LIES: dict[str, tuple[Any, str]] = {
    "a_page": ("<html><body>Welcome</body></html>", "Welcome"),
    "nothing": ("", "empty"),
    "no_list": ({"data": {}}, "no list of vectors"),
    "too_few": (listed([1]), "1 vectors where 2"),
    "too_many": (listed([1], [2], [3]), "3 vectors where 2"),
    "no_number": (listed([1], [None]), "no vector, as number 1"),
    "nan": ('{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[NaN]}]}', "no list of vectors"),
    "nan_in_bytes": (listed(packed(1), packed(math.nan)), "no vector, as number 1"),
    "no_base64": (listed(packed(1), "!!!!"), "no vector, as number 1"),
    "different_sizes": (listed([1], [1, 2]), "different sizes"),
    "empty_ones": (listed([], []), "no vector, as number 0"),
}


def lying(body: Any) -> Play:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()

    def play(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(data), data))

    return play


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_a_502_that_says_which(one: Upstream, two: Upstream, server: Serving, name: str) -> None:
    body, words = LIES[name]
    one.will(lying(body))
    answer = post(server, {"model": "liar/m", "input": ["a", "b"]})
    assert (answer.status, answer.error["code"]) in ((502, "upstream_invalid"), (502, "upstream_empty"))
    assert words in answer.error["message"]
    one.will(lying(body))
    two.will(answering(listed([1], [2])))
    assert post(server, {"model": "liar-or-two", "input": ["a", "b"]}).status == 200, "the next is asked"


@pytest.mark.parametrize("body", ["", "no", {"embeddings": [{"values": [1]}]}, '{"embeddings":[{"values":[NaN]},{}]}'])
def test_geminis_lies_are_found_too(two: Upstream, server: Serving, body: Any) -> None:
    """Also where its answer would only be passed on."""
    content = {"content": {"parts": [{"text": "a"}]}}
    two.will(lying(body))
    assert post(server, {"model": "gem/m", "input": ["a", "b"]}).status == 502
    two.will(lying(body))
    asked = {"requests": [content, content]}
    assert post(server, asked, "/genai/v1beta/models/gem/m:batchEmbedContents").status == 502


def test_more_than_anybody_means_is_not_read_to_its_end(one: Upstream) -> None:
    with serving(one.config(), before="import headgate.providers.short as short\nshort.MAX_ANSWER = 1000") as server:
        one.will(lying(listed([0.5] * 1000)))
        answer = post(server, {"model": "up/m", "input": "a"})
    assert (answer.status, answer.error["code"]) == (502, "upstream_too_large")


# The way there.


def refusing(status: str, message: str) -> Play:
    return answering({"error": {"message": message, "code": "away"}}, status)


def test_the_next_of_a_route_is_asked_and_the_head_says_so(one: Upstream, two: Upstream, server: Serving) -> None:
    one.will(refusing("503 Down", "Not now."))
    two.will(answering(listed([1])))
    answer = post(server, {"model": "away/m", "input": "a", "fallbacks": ["two/n"]})
    assert answer.headers["headgate-provider"] == "two/n"
    assert answer.headers["headgate-attempts"] == "away/m 503 away"
    assert json.loads(two.result().body) == {"model": "n", "input": "a"}


@pytest.mark.parametrize("path", ["/v1/embeddings", "/genai/v1beta/models/google-busy-or-two:embedContent"])
def test_when_all_fail_the_first_ones_error_is_told_with_all_attempts(
    one: Upstream, two: Upstream, server: Serving, path: str
) -> None:
    one.will(refusing("529 Busy", "Too much."))
    two.will(refusing("503 Down", "Not now."))
    asked = {"content": {"parts": [{"text": "a"}]}} if "genai" in path else {"model": "busy-or-two", "input": "a"}
    answer = post(server, asked, path)
    assert answer.status == 529
    said = json.dumps(answer.json())
    assert "Too much." in said
    assert "Not now." in said


def test_keys_are_rotated_for_vectors_and_for_counts(one: Upstream, two: Upstream) -> None:
    def play(peer: Peer) -> str:
        request = peer.request()
        key = request.headers.get("authorization", "") or request.headers.get("x-api-key", "")
        key = key or request.headers["x-goog-api-key"]
        if "first-key-51a0" in key:
            refused: Any = ("401 No", {"error": {"message": "The key first-key-51a0 is not known."}})
        elif request.line.startswith("POST /v1/embeddings"):
            refused = ("200 OK", listed([1]))
        else:
            refused = ("200 OK", {"totalTokens": 31, "input_tokens": 31, "embedding": {"values": [1]}})
        answering(refused[1], refused[0])(_Asked(peer, request))
        return key.removeprefix("Bearer ")

    chat = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}
    contents = {"contents": [{"parts": [{"text": "Hello"}]}]}
    one.will(play)
    config = f'[providers.{{}}]\nkind = "{{}}"\nbase_url = "http://127.0.0.1:{one.port}/v1"\nmodels = ["m"]\n{KEYS}'
    kinds = (("o", "openai"), ("g", "gemini"), ("a", "anthropic"))
    with serving("".join(config.format(*kind) for kind in kinds)) as server:
        for path, body in (
            ("/v1/embeddings", {"model": "o/m", "input": "a"}),
            ("/genai/v1beta/models/g/m:countTokens", contents),
            ("/genai/v1beta/models/a/m:countTokens", contents),
        ):
            # Whichever comes first by chance, in the end the good one is asked.
            for _ in range(4):
                answer = post(server, body, path)
                assert answer.status == 200, answer
                assert b"first-key" not in answer.body
        for model in ("a/m", "g/m"):
            answer = post(server, {**chat, "model": model}, "/anthropic/v1/messages/count_tokens")
            assert answer.json() == {"input_tokens": 31}
            assert answer.headers["request-id"].startswith("req_")


class _Asked(Peer):
    """A peer whose request was read already."""

    def __init__(self, peer: Peer, request: Request) -> None:
        self._peer, self._request = peer, request

    @override
    def request(self) -> Request:
        return self._request

    @override
    def send(self, data: bytes) -> None:
        self._peer.send(data)


def test_a_count_of_googles_is_asked_of_anthropic_in_its_own_words(one: Upstream) -> None:
    config = f'[providers.a]\nkind = "anthropic"\nbase_url = "http://127.0.0.1:{one.port}/v1"\nmodels = ["m"]\n'
    asked = {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
        "generationConfig": {"temperature": 0.5, "maxOutputTokens": 9},
    }
    one.will(answering({"input_tokens": 12}))
    with serving(config) as server:
        answer = post(server, {"generateContentRequest": asked}, "/genai/v1beta/models/a/m:countTokens")
    assert answer.json() == {"totalTokens": 12}
    request = one.result()
    assert request.line == "POST /v1/messages/count_tokens HTTP/1.1"
    sent = json.loads(request.body)
    assert sent.keys() == {"model", "messages", "system"}
    assert (sent["model"], sent["system"]) == ("m", "Be brief.")


def silent(peer: Peer) -> float:
    """Never answer; returns when the gateway let go."""
    peer.request()
    peer.ready.set()
    return peer.left_at()


def test_a_client_that_leaves_cancels_its_errand(one: Upstream, server: Serving) -> None:
    one.will(silent)
    with Wire(server) as wire:
        wire.post(json.dumps({"model": "up/m", "input": "a"}).encode(), "/v1/embeddings")
        one.wait_ready()
    assert one.result()


def test_limits_of_a_request(one: Upstream, two: Upstream, server: Serving) -> None:
    one.will(silent)
    two.will(answering(listed([1])))
    body = {"model": "late-or-two", "input": "a"}
    answer = post(server, body, headers={"headgate-first-event-timeout": "0.05"})
    assert answer.headers["headgate-attempts"] == "late/m 504 first_event_timeout"
    one.will(silent)
    answer = post(server, {**body, "model": "late/m"}, headers={"headgate-total-timeout": "0.05"})
    assert (answer.status, answer.error["code"]) == (504, "total_timeout")
    assert post(server, body, headers={"headgate-total-timeout": "soon"}).status == 400


def test_a_key_of_the_servers_is_needed_where_there_are_some(one: Upstream) -> None:
    with serving(one.config() + '[keys]\nalice = "alice-key-0f2c"\n') as server:
        assert post(server, {"model": "up/m", "input": "a"}).status == 401
        one.will(answering(listed([1])))
        headers = {"authorization": "Bearer alice-key-0f2c"}
        assert post(server, {"model": "up/m", "input": "a"}, headers=headers).status == 200
        assert "authorization" not in one.result().headers
