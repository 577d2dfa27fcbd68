"""Streams as Google sends them, and the same conversation from servers that bend its rules."""

import json
from typing import Any, NamedTuple

USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 2, "totalTokenCount": 11}


def chunk(*parts: Any, **more: Any) -> dict[str, Any]:
    """A chunk of one candidate; `usage` and other fields of the whole go beside it, the rest into it."""
    top: dict[str, Any] = {
        name: more.pop(name) for name in ("usageMetadata", "promptFeedback", "createTime") if name in more
    }
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": 0, **more}
    return {"candidates": [candidate], **top, "modelVersion": "gemini-3-flash", "responseId": "r1"}


def text(words: str, **more: Any) -> dict[str, Any]:
    """A chunk of words."""
    return chunk({"text": words}, **more)


def sse(*chunks: Any, end: str = "\r\n\r\n") -> bytes:
    """As `alt=sse` sends them."""
    return "".join(f"data: {json.dumps(each, ensure_ascii=False)}{end}" for each in chunks).encode(
        "utf-8", "surrogatepass"
    )


def array(*chunks: Any) -> bytes:
    """As it streams without."""
    return ("[" + "\n,\r\n".join(json.dumps(each, indent=2, ensure_ascii=False) for each in chunks) + "\n]\n").encode(
        "utf-8", "surrogatepass"
    )


class Case(NamedTuple):
    """Chunks and what they say."""

    chunks: list[Any]
    text: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    reason: str = "stop"
    total: int | None = 11


CASES: dict[str, Case] = {
    "words": Case(
        [
            text("Žluťoučký", usageMetadata={"promptTokenCount": 9, "totalTokenCount": 9}),
            text(' {"🐎}}": ["]"]}\\', usageMetadata={"promptTokenCount": 9, "totalTokenCount": 10}),
            text("", finishReason="STOP", usageMetadata=USAGE),
        ],
        'Žluťoučký {"🐎}}": ["]"]}\\',
    ),
    "an_end_that_is_none": Case(
        [text("Hi", finishReason="FINISH_REASON_UNSPECIFIED"), text("!", finishReason="STOP", usageMetadata=USAGE)],
        "Hi!",
    ),
    "usage_once": Case([text("Hi"), text("!", finishReason="STOP", usageMetadata=USAGE)], "Hi!"),
    "usage_after_the_end": Case([text("Hi", finishReason="STOP"), {"usageMetadata": USAGE}], "Hi"),
    "usage_before_all": Case([{"usageMetadata": USAGE}, text("Hi", finishReason="STOP")], "Hi"),
    "no_usage": Case([text("Hi"), text("", finishReason="STOP")], "Hi", total=None),
    "end_without_content": Case([text("Hi"), {"candidates": [{"finishReason": "STOP"}], "usageMetadata": USAGE}], "Hi"),
    "thoughts": Case(
        [
            chunk({"text": "**Plan**", "thought": True}),
            chunk({"text": "Hi"}),
            chunk({"text": "", "thoughtSignature": "c2ln"}, finishReason="STOP", usageMetadata=USAGE),
        ],
        "Hi",
        "**Plan**",
    ),
    "a_call": Case(
        [
            chunk(
                {"functionCall": {"name": "weather", "args": {"city": "Brno"}}, "thoughtSignature": "c2ln"},
                finishReason="STOP",
                usageMetadata=USAGE,
            )
        ],
        calls=(("weather", '{"city":"Brno"}'),),
        reason="tool_calls",
    ),
    "two_calls_and_words": Case(
        [
            text("Let me see."),
            chunk({"functionCall": {"name": "weather", "args": {"city": "Brno"}, "id": "w1"}}),
            chunk({"functionCall": {"name": "now", "id": "n1"}}, finishReason="STOP", usageMetadata=USAGE),
        ],
        "Let me see.",
        calls=(("weather", '{"city":"Brno"}'), ("now", "{}")),
        reason="tool_calls",
    ),
    "a_word_that_is_not_googles": Case(
        [chunk({"functionCall": {"name": "now", "id": "n1"}}, finishReason="FUNCTION_CALL", usageMetadata=USAGE)],
        calls=(("now", "{}"),),
        reason="tool_calls",
    ),
    "safety": Case(
        [
            text("Mix", safetyRatings=[{"category": "HARM", "probability": "LOW"}]),
            chunk(finishReason="SAFETY", safetyRatings=[{"category": "HARM", "blocked": True}], usageMetadata=USAGE),
        ],
        "Mix",
        reason="content_filter",
    ),
    "max_tokens": Case([chunk(finishReason="MAX_TOKENS", usageMetadata=USAGE)], reason="length"),
    "recitation": Case(
        [text("To be", finishReason="RECITATION", usageMetadata=USAGE)], "To be", reason="content_filter"
    ),
    "malformed_call": Case(
        [chunk(finishReason="MALFORMED_FUNCTION_CALL", finishMessage="print(x", usageMetadata=USAGE)],
        reason="content_filter",
    ),
    "blocked_prompt": Case(
        [
            {
                "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
                "usageMetadata": USAGE,
                "modelVersion": "m",
                "responseId": "r",
            }
        ],
        reason="content_filter",
    ),
    "picture": Case(
        [
            text("Here: "),
            chunk({"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}),
            chunk(finishReason="STOP", usageMetadata=USAGE),
        ],
        "Here: ",
    ),
    "search": Case(
        [
            text("Rain", groundingMetadata={"webSearchQueries": ["brno"]}),
            text(".", finishReason="STOP", citationMetadata={"citations": []}, avgLogprobs=-0.5, usageMetadata=USAGE),
        ],
        "Rain.",
    ),
    "code": Case(
        [
            chunk({"executableCode": {"language": "PYTHON", "code": "print(1)"}}),
            chunk({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}),
            text("One", finishReason="STOP", usageMetadata=USAGE),
        ],
        "One",
    ),
}
