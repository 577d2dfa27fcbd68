"""Vectors that llama.cpp's own server makes, for clients of OpenAI and of Google, straight and through two servers."""

from collections.abc import Iterator
from math import sqrt
from typing import Any

import pytest

from tests.e2e import google, judges
from tests.serving import Serving, serving
from tests.upstreams.llama import Llama

pytestmark = pytest.mark.slow

TEXTS = ["Hello", "über 你 🎈", "Hello", "ü."]
MODELS = ["llama/tiny", "openai/llama/tiny", "google/llama/tiny"]


@pytest.fixture(scope="module")
def inner(upstream: Llama) -> Iterator[Serving]:
    with serving(
        f'[providers.llama]\nkind = "openai"\nendpoints = ["chat", "embeddings"]\n'
        f'base_url = "{upstream.embeds}/v1"\nmodels = ["tiny"]\n'
    ) as server:
        yield server


@pytest.fixture(scope="module")
def server(inner: Serving, upstream: Llama) -> Iterator[Serving]:
    with serving(
        f'[providers.llama]\nkind = "openai"\nendpoints = ["chat", "embeddings"]\n'
        f'base_url = "{upstream.embeds}/v1"\nmodels = ["tiny"]\n'
        f'[providers.openai]\nbase_url = "{inner.url}/v1"\napi_key = "sk-of-nobody"\nmodels = ["llama/tiny"]\n'
        f'[providers.google]\nkind = "gemini"\nbase_url = "{inner.url}/genai/v1beta"\napi_key = "sk-of-nobody"\n'
        f'models = ["llama/tiny"]\n'
    ) as server:
        yield server


def check(vectors: list[list[float]]) -> None:
    """One for each text, of unit length, the same for the same text."""
    assert [len(vector) for vector in vectors] == [128] * len(TEXTS)
    assert all(abs(sqrt(sum(number * number for number in vector)) - 1) < 1e-4 for vector in vectors)
    assert vectors[0] == vectors[2]
    assert vectors[0] != vectors[1] != vectors[3]


@pytest.mark.parametrize("form", ["float", "base64", None])
@pytest.mark.parametrize("model", MODELS)
def test_openais_clients(server: Serving, model: str, form: str | None) -> None:
    wanted: dict[str, Any] = {"model": model, "input": TEXTS} | ({"encoding_format": form} if form else {})
    answer = judges.Sync(server.url).whole(lambda client: client.embeddings.create(**wanted))
    assert [each.index for each in answer.data] == [0, 1, 2, 3]
    assert answer.usage.total_tokens > 0
    if form != "base64":
        check([each.embedding for each in answer.data])


@pytest.mark.parametrize("model", MODELS)
def test_googles_clients(server: Serving, model: str) -> None:
    answer = google.Sync(server.url).whole(lambda models: models.embed_content(model=model, contents=TEXTS))
    check([each.values for each in answer.embeddings])
