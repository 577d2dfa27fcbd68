"""Embeddings through a real server, as the SDKs of OpenAI and Google and a plain client see them."""

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from google.genai import types

from tests.e2e import google, judges
from tests.e2e.google import answering
from tests.e2e.upstream import Peer, Request, Upstream
from tests.e2e.vectors import USAGE, listed, packed, post, vector
from tests.e2e.wire import PATIENCE
from tests.node import node
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow


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
    config = one.config() + one.config("openai", 'api_key = "the-key-of-openai"') + google.provider(two, "gem")
    with serving(config + "[providers.simulator]\n") as server:
        yield server


@pytest.fixture(params=[judges.Sync, judges.Async], ids=["sync", "async"])
def judge(request: pytest.FixtureRequest, server: Serving) -> judges.Judge:
    made: judges.Judge = request.param(server.url)
    return made


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
    asked = b'{"model":"up/m","input":["a"],"of_tomorrow":{"x":1.50},"user":"u","dimensions":2,"fallbacks":["gem/m"]}'
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


def test_clients_in_node_js_all_see_the_same(server: Serving) -> None:
    texts = ["Where does the river go?", "Hello"]
    seen = node("embeddings.mjs", url=server.url, model="simulator/embedding", texts=texts)
    answer = post(server, {"model": "simulator/embedding", "input": texts}).json()
    wanted = [each["embedding"] for each in answer["data"]]
    assert len(seen) == 6
    for client, lists in seen.items():
        assert lists[-1] == wanted, client
        assert lists[0][0] == wanted[0], client


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
