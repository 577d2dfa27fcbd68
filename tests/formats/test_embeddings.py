"""OpenAI's embeddings: what may be asked, and what upstreams answer."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import BadRequest, ProviderError
from headgate.events import Usage
from headgate.formats import counting, embedding, openai_embeddings
from headgate.formats.embedding import EmbedCall, Inputs, Vectors
from headgate.formats.vectors import Vector
from tests.formats.bending import bent

ASKED: dict[str, Any] = {"model": "m", "input": "Hello"}


def read(**fields: Any) -> EmbedCall:
    return openai_embeddings.read(json.dumps({**ASKED, **fields}).encode())


@pytest.mark.parametrize(
    ("said", "texts"),
    [
        ("Hello", ("Hello",)),
        (["a", "b"], ("a", "b")),
        ([1, 2, 3], ((1, 2, 3),)),
        ([[1, 2], [3]], ((1, 2), (3,))),
        (["a"] * 2048, ("a",) * 2048),
        (list(range(5000)), (tuple(range(5000)),)),
    ],
    ids=["text", "texts", "tokens", "lists_of_tokens", "as_many_as_there_may_be", "one_long_list_of_tokens"],
)
def test_inputs_of_every_form(said: Any, texts: Any) -> None:
    call = read(input=said, dimensions=7)
    assert call.count == len(texts)
    assert openai_embeddings.inputs(call) == Inputs(texts=texts, dimensions=7)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input[1]"),
        ({"input": [[]]}, "input[0]"),
        ({"input": [[1], []]}, "input[1]"),
        ({"input": ["a", 1]}, "input[1]"),
        ({"input": [1, "a"]}, "input[1]"),
        ({"input": ["a", ["b"]]}, "input[1][0]"),
        ({"input": [[1], "a"]}, "input[1]"),
        ({"input": [-1]}, "input[0]"),
        ({"input": [[1, 2**32]]}, "input[0][1]"),
        ({"input": [1.5]}, "input[0]"),
        ({"input": [True]}, "input[0]"),
        ({"input": [None]}, "input[0]"),
        ({"input": None}, "input"),
        ({"input": 1}, "input"),
        ({"input": {}}, "input"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": [[1]] * 2049}, "input"),
        ({"model": ""}, "model"),
        ({"model": 1}, "model"),
        ({"encoding_format": "binary"}, "encoding_format"),
        ({"dimensions": 0}, "dimensions"),
        ({"dimensions": "8"}, "dimensions"),
        ({"dimensions": 2.5}, "dimensions"),
        ({"user": 1}, "user"),
        ({"fallbacks": "m"}, "fallbacks"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(**fields)
    assert (caught.value.status, caught.value.param, caught.value.code) == (400, param, "invalid_value")


@pytest.mark.parametrize("name", ["model", "input"])
def test_what_is_missing_is_named(name: str) -> None:
    body = json.dumps({key: value for key, value in ASKED.items() if key != name}).encode()
    with pytest.raises(BadRequest) as caught:
        openai_embeddings.read(body)
    assert (caught.value.param, caught.value.code) == (name, "missing_required_parameter")


def test_fields_travel_as_their_bytes_came() -> None:
    body = b'{"model":"m","input":[ "a" ],"dimensions":4,"encoding_format":"base64","of_tomorrow":{"x":1.50}}'
    call = openai_embeddings.read(body)
    assert call.wants_base64
    sent = openai_embeddings.forward(call, "real")
    assert b'"of_tomorrow":{"x":1.50}' in sent
    assert b'"input":[ "a" ]' in sent
    assert json.loads(sent) == {**json.loads(body), "model": "real"}
    assert json.loads(openai_embeddings.forward(call, "real", "output_dimension"))["output_dimension"] == 4


@given(bent([{**ASKED, "dimensions": 3, "encoding_format": "float"}, {**ASKED, "input": [[1], [2]]}], most=4))
def test_bent_requests_are_read_or_refused(requests: list[Any]) -> None:
    """And what was found valid can be taken apart and sent on."""
    for fields in requests:
        try:
            call = openai_embeddings.read(json.dumps(fields).encode())
        except BadRequest:
            continue
        assert len(openai_embeddings.inputs(call).texts) == call.count
        json.loads(openai_embeddings.forward(call, "m"))


def datum(index: int | None, *numbers: float) -> dict[str, Any]:
    said = {"object": "embedding", "embedding": list(numbers)}
    return said if index is None else {**said, "index": index}


def answered(*data: Any, **more: Any) -> bytes:
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    return json.dumps({"object": "list", "data": data, "model": "up", "usage": usage, **more}).encode()


def raws(body: bytes, count: int = 2) -> list[Any]:
    return [json.loads(bytes(raw)) for raw in openai_embeddings.read_answer(body, "up", count).raws]


def test_an_answer_in_its_exact_form() -> None:
    said = openai_embeddings.read_answer(answered(datum(0, 1), datum(1, 2)), "up", 2)
    assert (said.is_regular, said.model, said.tokens) == (True, "up", 3)


@pytest.mark.parametrize(
    ("data", "first"),
    [
        ([datum(1, 2), datum(0, 1)], [1]),
        ([datum(None, 1), datum(None, 2)], [1]),
        ([datum(0, 1), datum(0, 2)], [1]),
    ],
    ids=["mixed_up", "without_numbers", "all_of_one_number"],
)
def test_vectors_are_put_into_the_order_of_the_inputs(data: list[Any], first: list[float]) -> None:
    said = openai_embeddings.read_answer(answered(*data), "up", 2)
    assert json.loads(bytes(said.raws[0])) == first
    assert not said.is_regular


@pytest.mark.parametrize(
    "more", [{"usage": None}, {"usage": {}}, {"usage": {"prompt_tokens": 3}}, {"model": None}, {"object": "page"}]
)
def test_a_form_that_is_not_exact_is_made_so(more: dict[str, Any]) -> None:
    said = openai_embeddings.read_answer(answered(datum(0, 1), **more), "up", 1)
    assert not said.is_regular


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        (b"", "upstream_empty", 502),
        (b"<html><body>Welcome</body></html>", "upstream_invalid", 502),
        (b'{"data": [', "upstream_invalid", 502),
        (b"[]", "upstream_invalid", 502),
        (b"{}", "upstream_invalid", 502),
        (b'{"data": null}', "upstream_invalid", 502),
        (b'{"data": [{"index": 0}]}', "upstream_invalid", 502),
        (b'{"data": [{"index": 0, "embedding": [NaN]}]}', "upstream_invalid", 502),
        (answered(), "upstream_invalid", 502),
        (answered(datum(0, 1), datum(1, 2)), "upstream_invalid", 502),
        (b'{"error": {"message": "Too much.", "code": "rate_limit_exceeded"}}', "rate_limit_exceeded", 429),
        (b'{"data": [], "error": {"message": "Too much.", "code": "rate_limit_exceeded"}}', "rate_limit_exceeded", 429),
    ],
)
def test_what_is_no_answer(body: bytes, code: str, status: int) -> None:
    with pytest.raises(ProviderError) as caught:
        openai_embeddings.read_answer(body, "up", 1)
    assert (caught.value.code, caught.value.status) == (code, status)


@pytest.mark.parametrize("numbers", [(0, 2), (1, 2), (0, -1)])
def test_numbers_that_make_no_sense(numbers: tuple[int, int]) -> None:
    with pytest.raises(ProviderError, match="no sense"):
        raws(answered(*(datum(number, 1) for number in numbers)))


def test_the_wrong_count_says_both() -> None:
    with pytest.raises(ProviderError, match="sent 1 vectors where 2 were asked for"):
        raws(answered(datum(0, 1)))


@pytest.mark.parametrize(("encoding", "shown"), [("float", [0.25, -0.5]), ("base64", "AACAPgAAAL8=")])
def test_what_is_written(encoding: str, shown: Any) -> None:
    call = read(input=["a", "b"], encoding_format=encoding)
    vector = Vector(2, b"[0.25, -0.5]")
    made = Vectors(vectors=[vector, vector], model="up", usage=b'{"prompt_tokens":0,"x":0.5}')
    body = json.loads(b"".join(openai_embeddings.pieces(call, made, Usage(7, 0, 7, cost=0.25, estimated=True))))
    assert body == {
        "object": "list",
        "data": [{"object": "embedding", "index": index, "embedding": shown} for index in (0, 1)],
        "model": "up",
        "usage": {"prompt_tokens": 7, "x": 0.5, "total_tokens": 7, "cost": 0.25, "estimated": True},
    }


def test_tokens_are_counted_and_texts_estimated() -> None:
    assert counting.take(embedding.tokens_of(Inputs(texts=((1, 2, 3), (4,))))) == 4
    one = counting.take(embedding.tokens_of(Inputs(texts=("Where does the river go?",))))
    assert 4 <= one <= 10
    assert counting.take(embedding.tokens_of(Inputs(texts=("Where does the river go?",) * 10))) >= 8 * one


@given(st.binary(max_size=200))
def test_any_answer_is_read_or_an_error_of_the_providers(body: bytes) -> None:
    with suppress(ProviderError):
        openai_embeddings.read_answer(body, "up", 1)
