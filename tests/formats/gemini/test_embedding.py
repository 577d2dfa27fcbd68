"""Requests for vectors in Google's form, for its own providers and for others; and their answers."""

import json
from typing import Any

import pytest

from headgate.errors import BadRequest, ProviderError
from headgate.events import Usage
from headgate.formats import gemini, openai_embeddings
from headgate.formats.embedding import EmbedCall, Inputs, Vectors
from headgate.formats.vectors import Vector

HELLO: dict[str, Any] = {"content": {"parts": [{"text": "Hello"}]}}
PICTURE: dict[str, Any] = {"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}}


def read(fields: Any, *, single: bool = False) -> EmbedCall:
    return gemini.read_embed(json.dumps(fields).encode(), "up/m", single=single)


def several(*requests: Any, **more: Any) -> EmbedCall:
    return read({"requests": requests, **more})


def test_one_and_several() -> None:
    one = read({**HELLO, "outputDimensionality": 4}, single=True)
    assert gemini.embed_inputs(one) == Inputs(texts=("Hello",), dimensions=4)
    two = several(HELLO, {"content": {"parts": {"text": "you"}}}, fallbacks=["other/m"])
    assert (two.count, two.fallbacks) == (2, ("other/m",))
    assert gemini.embed_inputs(two) == Inputs(texts=("Hello", "you"))


def test_parts_of_one_text_are_put_together() -> None:
    call = several({"content": {"parts": [{"text": "a"}, {"text": "b"}]}, "task_type": "RETRIEVAL_QUERY"})
    assert gemini.embed_inputs(call).texts == ("a\nb",)


@pytest.mark.parametrize(
    ("requests", "param"),
    [
        ([HELLO, PICTURE], "requests[1].content.parts[0]"),
        ([HELLO, {"content": {"parts": [{"text": ""}]}}], "requests[1].content"),
        ([HELLO, {**HELLO, "outputDimensionality": 4}], "requests[1].outputDimensionality"),
    ],
    ids=["a_picture", "nothing", "different_sizes"],
)
def test_what_others_cannot_be_asked_is_named(requests: list[Any], param: str) -> None:
    """A Gemini provider may be asked it all the same."""
    call = several(*requests)
    assert json.loads(gemini.forward_embed(call, "models/m"))["requests"][1].keys() >= requests[1].keys()
    with pytest.raises(BadRequest) as caught:
        gemini.embed_inputs(call)
    assert caught.value.param == param


def test_too_many_are_refused() -> None:
    with pytest.raises(BadRequest) as caught:
        several(*[HELLO] * 2049)
    assert caught.value.param == "requests"


def test_it_goes_on_as_it_came_under_the_providers_name() -> None:
    one = {**HELLO, "model": "models/up/m", "ofTomorrow": 1.5}
    assert json.loads(gemini.forward_embed(read(one, single=True), "models/m")) == {**one, "model": "models/m"}
    assert json.loads(gemini.forward_embed(read(HELLO, single=True), "models/m")) == HELLO
    forwarded = json.loads(gemini.forward_embed(several(one, PICTURE), "models/m"))
    assert forwarded == {"requests": [{**one, "model": "models/m"}, {**PICTURE, "model": "models/m"}]}


def asked(said: Any, **more: Any) -> list[tuple[int, Any]]:
    """What Gemini is asked for a request of OpenAI's."""
    body = json.dumps({"model": "m", "input": said, **more}).encode()
    inputs = openai_embeddings.inputs(openai_embeddings.read(body))
    return [(count, json.loads(body)) for count, body in gemini.embed_request(inputs, "models/m")]


def test_openais_requests_are_asked_in_batches() -> None:
    batches = asked([f"text {number}" for number in range(250)], dimensions=8)
    assert [count for count, _ in batches] == [100, 100, 50]
    assert [len(body["requests"]) for _, body in batches] == [100, 100, 50]
    assert batches[2][1]["requests"][0] == {
        "model": "models/m",
        "content": {"parts": [{"text": "text 200"}]},
        "outputDimensionality": 8,
    }


def test_tokens_mean_nothing_to_gemini() -> None:
    with pytest.raises(BadRequest) as caught:
        asked([[1, 2]])
    assert (caught.value.param, caught.value.code) == ("input", "unsupported_parameter")


def test_answers_of_one_and_of_several() -> None:
    one = gemini.read_embedded(b'{"embedding": {"values": [1, 2]}}', "up", 1, single=True)
    assert (list(map(bytes, one.raws)), one.tokens) == ([b"[1, 2]"], None)
    body = b'{"embeddings": [{"values": [1]}, {"values": [2]}], "usageMetadata": {"promptTokenCount": 5}}'
    two = gemini.read_embedded(body, "up", 2, single=False)
    assert (list(map(bytes, two.raws)), two.tokens) == ([b"[1]", b"[2]"], 5)


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"no", b'{"embedding": {}}', b'{"embeddings": [{"values": [NaN]}]}', b'{"embeddings": []}'],
)
def test_what_is_no_answer(body: bytes, single: bool) -> None:
    with pytest.raises(ProviderError) as caught:
        gemini.read_embedded(body, "up", 1, single=single)
    assert caught.value.status == 502


def test_what_is_written() -> None:
    made = Vectors(vectors=[Vector(2, packed=b"\0\0\x80>\0\0\0\xbf")] * 2, model="m")
    one = b"".join(
        gemini.embed_pieces(read(HELLO, single=True), Vectors(vectors=made.vectors[:1], model="m"), Usage(3, 0, 3))
    )
    assert json.loads(one) == {"embedding": {"values": [0.25, -0.5]}, "usageMetadata": {"promptTokenCount": 3}}
    two = b"".join(gemini.embed_pieces(several(HELLO, HELLO), made, Usage(6, 0, 6)))
    assert json.loads(two) == {"embeddings": [{"values": [0.25, -0.5]}] * 2, "usageMetadata": {"promptTokenCount": 6}}
