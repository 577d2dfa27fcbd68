"""Vectors without a model: always the same, of length 1, and similar for texts that share words."""

import asyncio
import json
import math
import struct
from typing import Any

import pytest

from headgate.errors import BadRequest, ProviderError
from headgate.formats import openai_embeddings
from headgate.formats.embedding import Vectors
from headgate.providers.base import Embedder
from headgate.providers.simulator import Simulator
from headgate.providers.simulator.vectors import MAX_SIZE, SIZE

SIMULATOR = Simulator()


def made(said: Any, model: str = "embedding", simulator: Embedder = SIMULATOR, **fields: Any) -> Vectors:
    """What the simulator makes of these inputs."""
    body = json.dumps({"model": model, "input": said, **fields}).encode()
    return asyncio.run(simulator.embed(openai_embeddings.read(body), model, 1.0))


def numbers(said: Any, **fields: Any) -> list[tuple[float, ...]]:
    return [struct.unpack(f"<{vector.size}f", vector.packed) for vector in made(said, **fields).vectors]


def likeness(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("size", [None, 1, 2, 8, 1536, MAX_SIZE])
def test_vectors_have_the_size_that_is_asked_for_and_length_1(size: int | None) -> None:
    said = {} if size is None else {"dimensions": size}
    for vector in numbers(["Hello", "kůň 🐎", "one two three"], **said):
        assert len(vector) == (size or SIZE)
        assert math.isclose(likeness(vector, vector), 1.0, abs_tol=1e-6)


def test_the_same_text_has_the_same_vector_everywhere() -> None:
    assert numbers(["Hello", "Hello"]) == numbers("Hello") * 2
    assert numbers([[1, 2]]) == numbers([1, 2])


def test_no_two_texts_have_the_same_vector() -> None:
    """Not even of the same words."""
    several = numbers(["Hello", "hello", "Hello.", "Hello Hello", "you"])
    assert len(set(several)) == len(several)


def test_texts_that_share_words_are_alike() -> None:
    asked, near, far = numbers(
        ["Where does the river go?", "The river goes to the sea, where else.", "A recipe for bread with salt."]
    )
    assert likeness(asked, near) > likeness(asked, far) + 0.2


def test_words_are_counted() -> None:
    answer = made(["one two", "three"])
    assert (answer.tokens, answer.model) == (3, "embedding")


def test_every_model_makes_vectors() -> None:
    assert made("Hello", "demo").vectors == made("Hello", "echo").vectors
    with pytest.raises(ProviderError) as caught:
        made("Hello", "gpt")
    assert (caught.value.status, caught.value.code) == (404, "model_not_found")


def test_too_large_a_size_is_refused() -> None:
    with pytest.raises(BadRequest) as caught:
        made("Hello", dimensions=MAX_SIZE + 1)
    assert caught.value.param == "dimensions"


def test_failures_are_as_the_script_says() -> None:
    script = {"fail": {"status": 429, "code": "full", "retry_after": 2}}
    body = json.dumps({"model": "m", "input": "Hello", "simulator": script}).encode()
    with pytest.raises(ProviderError) as caught:
        asyncio.run(SIMULATOR.embed(openai_embeddings.read(body), "embedding", 1.0))
    assert (caught.value.status, caught.value.code, caught.value.retry_after) == (429, "full", 2)


def test_the_flaky_one_fails_every_other_time() -> None:
    simulator = Simulator()
    with pytest.raises(ProviderError):
        made("Hello", "flaky", simulator)
    assert made("Hello", "flaky", simulator).vectors
