"""Embeddings through a real server, as the SDKs of OpenAI and Google and a plain client see them."""

import base64
import json
import math
import struct
from collections.abc import Iterator
from typing import Any

import openai
import pytest
import requests
from google.genai import errors, types
from typing_extensions import override

from tests.e2e import google, judges
from tests.e2e.google import answering
from tests.e2e.upstream import Peer, Play, Request, Upstream
from tests.e2e.wire import PATIENCE, Answer, Wire, ask
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

USAGE = {"prompt_tokens": 3, "total_tokens": 3}
TROUBLED = ("liar", "busy", "google-busy", "away", "late")
"""Providers for one test each: those that fail are left alone for a while."""

KEYS = 'api_keys = ["first-key-51a0", "second-key-9c3e"]\n'


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
        + one.config("openai", 'api_key = "the-key-of-openai"')
        + two.config("two")
        + google.provider(two, "gem")
        + one.config("mute", 'endpoints = ["chat"]')
        + two.config("vectors", 'endpoints = ["embeddings"]')
        + "[providers.simulator]\n"
        + "".join(one.config(name) for name in TROUBLED)
        + "[aliases]\n"
        + "".join(f'{name}-or-two = ["{name}/m", "two/n"]\n' for name in TROUBLED)
    )
    with serving(config) as server:
        yield server


@pytest.fixture(params=[judges.Sync, judges.Async], ids=["sync", "async"])
def judge(request: pytest.FixtureRequest, server: Serving) -> judges.Judge:
    made: judges.Judge = request.param(server.url)
    return made


def vector(place: int, value: Any) -> dict[str, Any]:
    return {"object": "embedding", "index": place, "embedding": value}


def listed(*values: Any, **more: Any) -> dict[str, Any]:
    """An answer in OpenAI's form."""
    data = [vector(place, value) for place, value in enumerate(values)]
    return {"object": "list", "data": data, "model": "real-name", "usage": USAGE, **more}


def packed(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def post(server: Serving, body: Any, path: str = "/v1/embeddings", headers: dict[str, str] | None = None) -> Answer:
    return ask(server, path, headers, "POST", body if isinstance(body, bytes) else json.dumps(body).encode())


# OpenAI's clients.


@pytest.mark.parametrize("encoding", [None, "base64", "float"], ids=["by_default", "base64", "float"])
@pytest.mark.parametrize("answers_with", ["base64", "float"])
def test_the_sdk_gets_numbers_whichever_form_it_and_the_provider_have(
    one: Upstream, judge: judges.Judge, encoding: str | None, answers_with: str
) -> None:
    """The SDK asks for base64 by itself; many servers do not know it and send numbers all the same."""
    numbers = ([0.25, -0.5], [1.0, 2.0])
    values = numbers if answers_with == "float" else [packed(*each) for each in numbers]
    one.will(answering(listed(*values)))
    said: dict[str, Any] = {} if encoding is None else {"encoding_format": encoding}
    answer = judge.whole(lambda sdk: sdk.embeddings.create(model="up/m", input=["a", "b"], **said))
    request = one.result()
    assert request.line == "POST /v1/embeddings HTTP/1.1"
    asked = json.loads(request.body)
    assert asked == {"model": "m", "input": ["a", "b"], "encoding_format": encoding or "base64"}
    # Whoever asks it for base64 wants to see it.
    wanted = [packed(*each) for each in numbers] if encoding == "base64" else [[0.25, -0.5], [1.0, 2.0]]
    assert [each.embedding for each in answer.data] == wanted
    assert [each.index for each in answer.data] == [0, 1]
    assert (answer.model, answer.usage.prompt_tokens, answer.usage.total_tokens) == ("real-name", 3, 3)


@pytest.mark.parametrize(("encoding", "wanted"), [("float", [0.25, -0.5]), ("base64", packed(0.25, -0.5))])
@pytest.mark.parametrize("sent", [[0.25, -0.5], packed(0.25, -0.5)], ids=["numbers", "bytes"])
def test_the_client_gets_the_form_that_it_asked_for(
    one: Upstream, server: Serving, encoding: str, wanted: Any, sent: Any
) -> None:
    one.will(answering(listed(sent)))
    answer = post(server, {"model": "up/m", "input": "a", "encoding_format": encoding})
    assert answer.json() == listed(wanted)


def test_an_answer_in_the_form_asked_for_goes_on_as_its_bytes_came(one: Upstream, server: Serving) -> None:
    body = json.dumps(listed([0.1, 1e-7], id="embd-1", of_tomorrow={"x": 1.50})).replace(", ", ",  ").encode()

    def play(peer: Peer) -> Request:
        request = peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        return request

    one.will(play)
    asked = b'{"model":"up/m","input":["a"],"of_tomorrow":{"x":1.50},"user":"u","dimensions":2,"fallbacks":["two/m"]}'
    answer = post(server, asked)
    assert answer.body == body
    request = one.result()
    assert b'"of_tomorrow":{"x":1.50}' in request.body
    sent = json.loads(asked)
    del sent["fallbacks"]
    assert json.loads(request.body) == {**sent, "model": "m"}
    assert answer.headers["headgate-provider"] == "up/m"
    assert "headgate-attempts" not in answer.headers
    assert "headgate-run" not in answer.headers


@pytest.mark.parametrize(
    "said",
    ["Hello", ["Hello"], [15339, 1917], [[15339], [1917, 11]]],
    ids=["a_text", "texts", "tokens", "lists_of_tokens"],
)
def test_inputs_of_every_form_go_on(one: Upstream, server: Serving, said: Any) -> None:
    """LangChain sends lists of tokens, OpenAI's examples send texts."""
    count = 2 if isinstance(said[0], list) else 1
    one.will(answering(listed(*[[0.5]] * count)))
    answer = requests.post(server.url + "/v1/embeddings", json={"model": "up/m", "input": said}, timeout=PATIENCE)
    assert [each["embedding"] for each in answer.json()["data"]] == [[0.5]] * count
    assert json.loads(one.result().body)["input"] == said


@pytest.mark.parametrize("path", ["/openai/v1/embeddings", "/openai/embeddings"])
def test_under_openais_name_a_bare_model_is_openais(one: Upstream, server: Serving, path: str) -> None:
    one.will(answering(listed([0.5])))
    answer = post(server, {"model": "text-embedding-3-small", "input": "a"}, path)
    assert (answer.status, answer.headers["headgate-provider"]) == (200, "openai/text-embedding-3-small")
    assert one.result().headers["authorization"] == "Bearer the-key-of-openai"


def test_what_a_server_sends_oddly_is_put_right(one: Upstream, server: Serving) -> None:
    """Without numbers, names and usage, or in another order."""
    one.will(answering({"data": [{"embedding": [1, 0]}, {"embedding": [0, 1]}]}))
    answer = post(server, {"model": "up/m", "input": ["One text.", "Another."]}).json()
    assert answer["data"] == [vector(0, [1, 0]), vector(1, [0, 1])]
    assert (answer["object"], answer["model"]) == ("list", "m")
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["total_tokens"] > 1
    mixed = listed([1], [2])
    mixed["data"].reverse()
    one.will(answering(mixed))
    assert post(server, {"model": "up/m", "input": ["a", "b"]}).json() == listed([1], [2])


def test_what_it_cost_stands_in_the_usage(one: Upstream, two: Upstream) -> None:
    """By the price list, in the provider's own answer too; what is estimated is marked."""
    prices = '[prices]\n"up/*" = { input = 1000000, output = 0 }\n"gem/*" = { input = 1000000, output = 0 }\n'
    content = {"content": {"parts": [{"text": "a"}]}}
    with serving(one.config() + google.provider(two, "gem") + prices) as server:
        one.will(answering(listed([1])))
        assert post(server, {"model": "up/m", "input": "a"}).json() == listed([1], usage={**USAGE, "cost": 3.0})
        asked = {"model": "up/m", "input": "a", "encoding_format": "base64"}
        assert post(server, asked).json() == listed(packed(1), usage={**USAGE, "cost": 3.0})
        one.will(answering(listed([1], usage={**USAGE, "cost": 0.5})))
        assert post(server, asked).json()["usage"]["cost"] == 0.5, "what a provider charges is true"
        two.will(answering({"embedding": {"values": [1]}, "usageMetadata": {"promptTokenCount": 2}}))
        answer = post(server, content, "/genai/v1beta/models/gem/m:embedContent").json()
        assert answer["usageMetadata"] == {"promptTokenCount": 2, "cost": 2.0}
        two.will(answering({"embeddings": [{"values": [1]}]}))
        usage = post(server, {"model": "gem/m", "input": "Where does the river go?"}).json()["usage"]
        assert usage["estimated"] is True
        assert usage["cost"] == usage["prompt_tokens"] > 1


def test_the_simulator_makes_vectors_offline(judge: judges.Judge) -> None:
    def create(said: Any, **more: Any) -> Any:
        return judge.whole(lambda sdk: sdk.embeddings.create(model="simulator/embedding", input=said, **more))

    again, numbers = create(["Hello", "you"]), create("Hello", encoding_format="float")
    assert list(again.data[0].embedding) == pytest.approx(numbers.data[0].embedding)
    assert math.isclose(sum(value * value for value in numbers.data[0].embedding), 1.0, abs_tol=1e-6)
    assert len(create("Hello", dimensions=33).data[0].embedding) == 33


# Other providers and other dialects.


def test_openais_client_and_gemini(two: Upstream, judge: judges.Judge) -> None:
    two.will(answering({"embeddings": [{"values": [0.5, 0.25]}, {"values": [1, 2]}]}))
    answer = judge.whole(lambda sdk: sdk.embeddings.create(model="gem/m", input=["a", "bc"], dimensions=2, user="u"))
    request = two.result()
    assert request.line == "POST /v1beta/models/m:batchEmbedContents HTTP/1.1"
    assert request.headers["x-goog-api-key"] == google.SECRET
    assert json.loads(request.body) == {
        "requests": [
            {"model": "models/m", "content": {"parts": [{"text": text}]}, "outputDimensionality": 2}
            for text in ("a", "bc")
        ]
    }
    assert [list(each.embedding) for each in answer.data] == [[0.5, 0.25], [1.0, 2.0]]
    assert answer.model == "m"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens > 0


def test_more_than_gemini_takes_at_once(two: Upstream, server: Serving) -> None:
    def play(peer: Peer) -> int:
        request = peer.request()
        texts = [each["content"]["parts"][0]["text"] for each in json.loads(request.body)["requests"]]
        values = [{"values": [int(text), 1]} for text in texts]
        body = json.dumps({"embeddings": values, "usageMetadata": {"promptTokenCount": len(texts)}}).encode()
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        return len(texts)

    two.will(play)
    answer = post(server, {"model": "gem/m", "input": [str(number) for number in range(250)]}).json()
    assert [each["embedding"][0] for each in answer["data"]] == list(range(250))
    assert answer["usage"] == {"prompt_tokens": 250, "total_tokens": 250}
    assert [two.result() for _ in range(3)] == [100, 100, 50]


@pytest.fixture(params=[google.Sync, google.Async], ids=["sync", "async"])
def googler(request: pytest.FixtureRequest, server: Serving) -> google.Judge:
    made: google.Judge = request.param(server.url)
    return made


def test_googles_client_and_a_provider_that_speaks_openai(one: Upstream, googler: google.Judge) -> None:
    one.will(answering(listed([0.5, 0.25], [1, 2])))
    config = types.EmbedContentConfig(output_dimensionality=2, task_type="RETRIEVAL_DOCUMENT", title="A page")
    answer = googler.whole(lambda models: models.embed_content(model="up/m", contents=["a", "b"], config=config))
    request = one.result()
    assert request.line == "POST /v1/embeddings HTTP/1.1"
    assert json.loads(request.body) == {"model": "m", "input": ["a", "b"], "dimensions": 2}
    assert [each.values for each in answer.embeddings] == [[0.5, 0.25], [1.0, 2.0]]


def test_googles_client_and_gemini(two: Upstream, googler: google.Judge) -> None:
    two.will(answering({"embeddings": [{"values": [0.5, 0.25]}]}))
    config = types.EmbedContentConfig(task_type="RETRIEVAL_QUERY")
    answer = googler.whole(lambda models: models.embed_content(model="gem/m", contents="a", config=config))
    request = two.result()
    assert request.line == "POST /v1beta/models/m:batchEmbedContents HTTP/1.1"
    (asked,) = json.loads(request.body)["requests"]
    assert (asked["model"], asked["taskType"]) == ("models/m", "RETRIEVAL_QUERY")
    assert answer.embeddings[0].values == [0.5, 0.25]


def test_googles_client_and_the_simulator(googler: google.Judge) -> None:
    answer = googler.whole(lambda models: models.embed_content(model="simulator/embedding", contents=["a", "b"]))
    assert [len(each.values) for each in answer.embeddings] == [256, 256]


@pytest.mark.parametrize("more", [b"", b'"ofTomorrow":{"x":1.50},'])
def test_one_content_goes_on_to_gemini_as_it_came(two: Upstream, server: Serving, more: bytes) -> None:
    two.will(answering({"embedding": {"values": [1]}, "usageMetadata": {"promptTokenCount": 1}}))
    asked = b"{" + more + b'"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA=="}}]}}'
    answer = post(server, asked, "/genai/v1beta/models/gem/m:embedContent")
    request = two.result()
    assert (request.line, request.body) == ("POST /v1beta/models/m:embedContent HTTP/1.1", asked)
    assert answer.json() == {"embedding": {"values": [1]}, "usageMetadata": {"promptTokenCount": 1}}


def test_a_picture_means_nothing_to_others(server: Serving) -> None:
    asked = {"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}}
    answer = post(server, asked, "/genai/v1beta/models/up/m:embedContent")
    assert answer.status == 400
    assert answer.json()["error"]["details"][1]["fieldViolations"][0]["field"] == "content.parts[0]"


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
