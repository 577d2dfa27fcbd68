"""What the cases say, in events."""

import json
from typing import Any

from headgate.events import AnyEvent, Finished, Reasoning, Refusal, Started, Text, ToolCall, ToolInput, Usage, Vendor

KEPT = {
    "parallel_tool_calls": True,
    "reasoning": {"effort": "medium"},
    "service_tier": "auto",
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
}
MESSAGE = {"item": {"id": "msg_68af4033a2c48193b5e1a1b2c3d4e5f6"}}
THOUGHT = "rs_68af4031d1dc8193a1b2c3d4e5f60718"
TIER = {"service_tier": "default"}


def extra(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def started(**more: Any) -> Started:
    kept = {"parallel_tool_calls": True, "reasoning": {"effort": "medium", "summary": None}}
    kept |= {key: value for key, value in KEPT.items() if key not in kept}
    if "max_output_tokens" in more:
        kept = {"max_output_tokens": more.pop("max_output_tokens"), **kept}
    return Started(
        "acme",
        "gpt-5-2025-08-07",
        "resp_68af4030592c81938ec0a5fbab4a3e9f05438e46b5f69a3b",
        1756315696,
        "openai.responses",
        extra({**kept, **more}),
    )


def usage(input: int, output: int, cached: int = 0, reasoning: int = 0) -> Usage:
    own = {
        "input_tokens": input,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": input + output,
    }
    return Usage(input, output, input + output, cached, reasoning, extra(own))


def finished(reason: str, **more: Any) -> Finished:
    return Finished(reason, extra=extra({**TIER, **more}))


def vendor(item: int, /, **event: Any) -> Vendor:
    return Vendor(extra({"item": item, "event": event}))


def llama(model: str, created: int) -> Started:
    return Started("acme", model, "resp_q1", created, "openai.responses")


LLAMA_USAGE = {"input_tokens": 5, "output_tokens": 4, "total_tokens": 9, "input_tokens_details": {"cached_tokens": 3}}
CITATIONS = [
    {"type": "url_citation", "start_index": 4, "end_index": 9, "url": "https://example.org/a", "title": "A page"},
    {"type": "url_citation", "start_index": 0, "end_index": 3, "url": "https://example.org/b", "title": "B"},
]
SEARCH = {"id": "ws_68af4032aa", "type": "web_search_call"}

STREAMS: dict[str, list[AnyEvent]] = {
    "text": [
        started(),
        Text("Hel", extra=extra(MESSAGE)),
        Text("lo, žluťoučký "),
        Text("🐎"),
        Text("\n\n"),
        Text("!"),
        usage(11, 6),
        finished("stop"),
    ],
    "logprobs": [
        started(top_logprobs=2),
        Text(
            "Hi",
            0,
            extra(
                [
                    {
                        "token": "Hi",
                        "logprob": -0.1,
                        "top_logprobs": [
                            {"token": "Hi", "bytes": [72, 105], "logprob": -0.1},
                            {"token": "Hey", "bytes": [72, 101, 121], "logprob": -2.5},
                        ],
                    }
                ]
            ),
            extra(MESSAGE),
        ),
        Text(
            "!",
            0,
            extra(
                [
                    {
                        "token": "!",
                        "logprob": -0.0,
                        "top_logprobs": [{"token": "!", "bytes": [33], "logprob": -0.0}],
                    }
                ]
            ),
        ),
        usage(8, 2),
        finished("stop"),
    ],
    "reasoning_summary": [
        started(reasoning={"effort": "high", "summary": "auto"}),
        Reasoning("**Thinking", 0, "summary", extra({"item": {"id": THOUGHT}})),
        Reasoning("** hard", 0, "summary"),
        Reasoning("\n\n", 0, "summary", extra({"part": True, "gap": True})),
        Reasoning("**Checking**", 0, "summary"),
        vendor(
            0,
            type="response.output_item.done",
            item={"type": "reasoning", "id": THOUGHT, "encrypted_content": "gAAAA-whole"},
        ),
        Text("One moment.", extra=extra({"item": {**MESSAGE["item"], "phase": "commentary"}})),
        Text("It is", extra=extra({"item": {"id": MESSAGE["item"]["id"][:-1] + "7", "phase": "final_answer"}})),
        Text(" 42."),
        usage(20, 90, 4, 64),
        Finished("stop", extra=extra({"reasoning": {"effort": "high", "summary": "detailed"}, **TIER})),
    ],
    "reasoning_silent": [
        started(),
        vendor(
            0,
            type="response.output_item.done",
            item={"type": "reasoning", "id": THOUGHT, "encrypted_content": "gAAAA-whole"},
        ),
        Text("Yes.", extra=extra(MESSAGE)),
        usage(20, 30, 0, 24),
        finished("stop"),
    ],
    "reasoning_text": [
        started(),
        Reasoning("Hm, ", extra=extra({"item": {"id": THOUGHT}})),
        Reasoning("well."),
        Text("Sure.", extra=extra(MESSAGE)),
        usage(9, 8, 0, 5),
        finished("stop"),
    ],
    "parallel_calls": [
        started(),
        ToolCall(0, "call_Ab12", "get_weather", extra=extra({"item": {"id": "fc_68af40a1"}})),
        ToolInput(0, '{"ci'),
        ToolInput(0, 'ty":"Praha"'),
        ToolInput(0, "}"),
        ToolCall(1, "call_Cd34", "get_time", extra=extra({"item": {"id": "fc_68af40a2", "namespace": "clock"}})),
        ToolInput(1, '{"tz":"CET"}'),
        ToolCall(2, "call_Ef56", "run_sql", kind="custom", extra=extra({"item": {"id": "ctc_68af40a3"}})),
        ToolInput(2, "SELECT 1"),
        ToolInput(2, ";\n"),
        usage(50, 40),
        finished("tool_calls"),
    ],
    "web_search": [
        started(),
        vendor(
            0,
            type="response.output_item.added",
            item={**SEARCH, "status": "in_progress", "action": {"type": "search", "query": ""}},
        ),
        vendor(0, type="response.web_search_call.in_progress", item_id=SEARCH["id"]),
        vendor(0, type="response.web_search_call.searching", item_id=SEARCH["id"]),
        vendor(0, type="response.web_search_call.completed", item_id=SEARCH["id"]),
        vendor(
            0,
            type="response.output_item.done",
            item={**SEARCH, "status": "completed", "action": {"type": "search", "query": "horse", "sources": []}},
        ),
        Text("The ", extra=extra(MESSAGE)),
        Text("horse"),
        vendor(1, type="response.output_text.annotation.added", annotation=CITATIONS[0]),
        vendor(1, type="response.output_text.annotation.added", annotation=CITATIONS[1]),
        usage(300, 12),
        finished("stop"),
    ],
    "refusal": [started(), Refusal("I ca", extra=extra(MESSAGE)), Refusal("n't."), usage(9, 4), finished("stop")],
    "incomplete": [
        started(max_output_tokens=16),
        Text("Once upon", extra=extra(MESSAGE)),
        usage(9, 16),
        finished("length"),
    ],
    "content_filter": [started(), Text("Once", extra=extra(MESSAGE)), usage(9, 1), finished("content_filter")],
    "llama_text": [
        llama("asked-for", 1),
        Reasoning("Hm.", extra=extra({"item": {"id": "rs_q3"}})),
        Text("Hi", extra=extra({"item": {"id": "msg_q2"}})),
        Text(" there"),
        Usage(5, 4, 9, 3, 0, extra(LLAMA_USAGE)),
        Finished("stop"),
    ],
    "llama_tools": [
        llama("asked-for", 1),
        ToolCall(0, "call_t1", "tool1", extra=extra({"item": {"id": "fc_t1"}})),
        ToolInput(0, '{"a":'),
        ToolInput(0, "1}"),
        ToolCall(1, "call_t2", "tool2", extra=extra({"item": {"id": "fc_t2"}})),
        ToolInput(1, "{}"),
        Usage(5, 4, 9, 3, 0, extra(LLAMA_USAGE)),
        Finished("tool_calls"),
    ],
}


def gist(events: list[AnyEvent]) -> Any:
    """All that was said, whatever the pieces."""
    words: dict[str, str] = {}
    rest: list[Any] = []
    for event in events:
        match event:
            case Text() | Refusal() | Reasoning() | ToolInput():
                key = f"{type(event).__name__}{event.index if isinstance(event, ToolInput) else ''}"
                words[key] = words.get(key, "") + event.delta
            case Vendor():
                said = json.loads(event.extra)["event"]
                if said["type"].endswith(("output_item.done", "annotation.added")):
                    rest.append(said.get("item", said.get("annotation")))
            case Started() | Finished():
                rest.append(type(event))
            case _:
                rest.append(event)
    encrypted = [item for item in rest if isinstance(item, dict) and item["type"] == "reasoning"]
    return words, [entry for entry in rest if entry not in encrypted]
