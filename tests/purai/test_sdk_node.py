"""The official OpenAI SDK for Node.js under /openai/v1 and /openai."""

from typing import Any

import pytest

from tests.node import node
from tests.purai.companies import HELLO, Town

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("base", ["/openai/v1", "/openai"])
def test_a_chat(place: Town, base: str) -> None:
    asked = {"model": "gpt-3.5-turbo", "messages": HELLO}
    seen: Any = node("openai_sdk.mjs", url=place.server.url, base=base, play="chat", asked=asked)
    words = [chunk["choices"][0]["delta"].get("content") or "" for chunk in seen["chunks"]]
    assert "".join(words) == seen["final"]["choices"][0]["message"]["content"] == "I am openai"
    assert {chunk.get("provider") for chunk in seen["chunks"]} == {None if base.endswith("v1") else "openai"}
