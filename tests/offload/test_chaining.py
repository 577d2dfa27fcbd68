"""Conversations that go on."""

import json
from typing import Any

import msgspec
import pytest

from headgate.dialects.offload.chaining import continued
from headgate.errors import TooLarge

EARLIER = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
NEW = [{"role": "user", "content": "And in Czech?"}]
PLENTY = 1_000_000


def go_on(answer: dict[str, Any] | None, most: int | None = None, limit: int = PLENTY) -> Any:
    request = json.dumps({"model": "m", "messages": EARLIER}).encode()
    new = msgspec.Raw(json.dumps(NEW).encode())
    return json.loads(bytes(continued(request, answer, new, most=most, limit=limit)))


def said(text: str | None, **more: Any) -> dict[str, Any]:
    """An answer as a completion has it."""
    return {"role": "assistant", "content": text, "refusal": None, "annotations": [], **more}


@pytest.mark.parametrize(
    ("answer", "most", "turns"),
    [
        (said("Hello there!"), None, [{"role": "assistant", "content": "Hello there!"}]),
        (said("Hello there!"), 5, [{"role": "assistant", "content": "Hello"}]),
        (said("Hello there!"), 5000, [{"role": "assistant", "content": "Hello there!"}]),
        (said("👋🏽é!"), 2, [{"role": "assistant", "content": "👋🏽"}]),
        (said("Hi", reasoning_content="They greet."), None, [{"role": "assistant", "content": "Hi"}]),
        (said(""), None, []),
        (None, None, []),
        (said("No", refusal="I will not."), None, [{"role": "assistant", "content": "No", "refusal": "I will not."}]),
        (
            said(None, tool_calls=[{"id": "call_1"}]),
            5,
            [{"role": "assistant", "content": None, "tool_calls": [{"id": "call_1"}]}],
        ),
    ],
)
def test_the_answer_comes_between_what_was_said_and_what_is_said(
    answer: dict[str, Any] | None, most: int | None, turns: list[Any]
) -> None:
    assert go_on(answer, most) == [*EARLIER, *turns, *NEW]


def test_a_conversation_has_its_bounds() -> None:
    whole = go_on(said("x" * 100))
    size = len(json.dumps(whole, separators=(",", ":")))
    with pytest.raises(TooLarge):
        go_on(said("x" * 100), limit=size // 2)
