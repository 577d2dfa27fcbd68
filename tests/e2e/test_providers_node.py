"""The SDKs of Anthropic and Google for Node.js, and the AI SDK with each of its providers, as judges."""

from typing import Any

import pytest

from tests.node import node
from tests.serving import serving

pytestmark = pytest.mark.slow

TEXT = "The river goes to the sea."
PIECES = ["The", " river", " goes", " to", " the", " sea."]
FARO = {"harbour": "Faro"}
CALL = {"name": "get_tide", "arguments": FARO}

SCRIPTS: dict[str, dict[str, Any]] = {
    "text": {"text": TEXT, "reasoning": 3},
    "tools": {"text": "Let me look.", "tool_calls": [CALL]},
    "error": {"fail": {"status": 429, "code": "slow_down", "message": "Too fast."}},
    "breaks": {"text": "one two three four", "fail": {"at": 2, "status": 500, "message": "It broke."}},
    "abort": {"words": 500, "gap_ms": 5},
    "count": {},
    "loop": {},
    "object": {},
}
PLAYS = {
    "claude": ("text", "tools", "error", "breaks", "abort", "count"),
    "gemini": ("text", "tools", "error", "breaks", "abort", "count", "object"),
}
AI = ("openai chat", "openai responses", "compatible", "anthropic", "google")


@pytest.fixture(scope="module")
def seen() -> Any:
    """All that they saw, played one after the other by one program."""
    clients = PLAYS | dict.fromkeys(AI, ("text", "tools", "loop", "error", "breaks", "abort", "object"))
    plays = [(f"{name}/{play}", name, play, SCRIPTS[play]) for name, known in clients.items() for play in known]
    with serving() as server:
        return node("providers.mjs", url=server.url, model="simulator/demo", caller="simulator/tools", plays=plays)


def test_anthropics_sdk_reads_an_answer(seen: Any) -> None:
    text = seen["claude/text"]
    thought, said = text["content"]
    assert text["pieces"] == PIECES
    assert (thought["type"], len(thought["thinking"].split())) == ("thinking", 3)
    assert (said["text"], text["stop_reason"]) == (TEXT, "end_turn")
    assert (text["usage"]["input_tokens"], text["usage"]["output_tokens"]) == (1, 9)
    assert seen["claude/count"]["input_tokens"] > 0


def test_anthropics_sdk_is_told_to_call_tools(seen: Any) -> None:
    for form in ("streamed", "whole"):
        said, call = seen["claude/tools"][form]
        assert said["text"] == "Let me look."
        assert (call["type"], call["name"], call["input"]) == ("tool_use", "get_tide", FARO)
    assert seen["claude/tools"]["stop_reason"] == "tool_use"


def test_googles_sdk_reads_an_answer(seen: Any) -> None:
    text, usage = seen["gemini/text"], seen["gemini/text"]["usage"]
    assert (text["pieces"], text["finish"]) == (PIECES, "STOP")
    assert (usage["promptTokenCount"], usage["candidatesTokenCount"], usage["thoughtsTokenCount"]) == (1, 6, 3)
    assert seen["gemini/count"]["totalTokens"] > 0
    assert set(seen["gemini/object"]) == {"harbour", "metres"}


def test_googles_sdk_is_told_to_call_tools(seen: Any) -> None:
    for form in ("streamed", "whole"):
        (call,) = seen["gemini/tools"][form]
        assert (call["name"], call["args"]) == ("get_tide", FARO)


@pytest.mark.parametrize("name", ["claude", "gemini"])
def test_errors_are_raised(seen: Any, name: str) -> None:
    """With their status, before the first word; after it, with the words that came."""
    error, breaks = seen[f"{name}/error"], seen[f"{name}/breaks"]
    assert (error["name"], error["status"]) == ({"claude": "RateLimitError", "gemini": "ApiError"}[name], 429)
    assert "Too fast." in error["message"]
    assert breaks["pieces"] == ["one", " two"]
    assert breaks["name"] == {"claude": "APIError", "gemini": "ApiError"}[name]
    assert "It broke." in breaks["message"]


def test_streams_can_be_left(seen: Any) -> None:
    """By all of them; some have a few pieces more by then, and Google's says that it was aborted."""
    assert seen["claude/abort"] == 3
    assert 3 <= seen["gemini/abort"]["count"] < 500
    assert seen["gemini/abort"]["name"] == "AbortError"
    assert all(3 <= seen[f"{name}/abort"] < 500 for name in AI)


@pytest.mark.parametrize("name", AI)
def test_the_ai_sdk_reads_an_answer(seen: Any, name: str) -> None:
    """Its thoughts are read where the SDK knows them in that dialect."""
    text, usage = seen[f"{name}/text"], seen[f"{name}/text"]["usage"]
    assert text["pieces"] == PIECES
    assert (text["text"], text["finish"]) == (TEXT, "stop")
    assert (usage["inputTokens"], usage["outputTokens"], usage["totalTokens"]) == (1, 9, 10)
    assert usage["outputTokenDetails"]["reasoningTokens"] == 3
    if not name.startswith("openai"):
        assert len(text["reasoning"].split()) == 3


@pytest.mark.parametrize("name", AI)
def test_the_ai_sdk_calls_tools(seen: Any, name: str) -> None:
    """Those that it is told to call, and in a loop until there is an answer in words."""
    assert seen[f"{name}/tools"] == {
        "streamed": [["get_tide", FARO]],
        "whole": [["get_tide", FARO]],
        "finish": "tool-calls",
    }
    loop = seen[f"{name}/loop"]
    assert loop["steps"] == ["tool-calls", "stop"]
    assert loop["text"]


@pytest.mark.parametrize("name", AI)
def test_the_ai_sdk_makes_objects(seen: Any, name: str) -> None:
    """Of the shape that it was given, at once and in pieces."""
    made = seen[f"{name}/object"]
    assert set(made["whole"]) == {"harbour", "metres"}
    assert made["streamed"] == made["last"] == made["whole"]


@pytest.mark.parametrize("name", AI)
def test_the_ai_sdk_is_told_of_errors(seen: Any, name: str) -> None:
    assert seen[f"{name}/error"] == {"name": "APICallError", "status": 429, "message": "Too fast."}
    breaks = seen[f"{name}/breaks"]
    assert breaks["pieces"] == ["one", " two"]
    assert breaks["errors"][0] == "It broke."
