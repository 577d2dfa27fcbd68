"""Streams in the shapes that Anthropic documents, and what they say in events."""

import json
from typing import Any

from headgate.events import AnyEvent, Finished, Reasoning, Started, Text, ToolCall, ToolInput, Usage, Vendor

from .wire import Json

PING = {"type": "ping"}
STOP = {"type": "message_stop"}
OPUS = "claude-opus-4-8"


def extra(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def message(id: str, input: int, output: int = 1, **usage: Any) -> Json:
    """A stream's first event."""
    counted = {"input_tokens": input, **usage, "output_tokens": output}
    said = {"id": id, "type": "message", "role": "assistant", "model": OPUS, "content": []}
    return {
        "type": "message_start",
        "message": {**said, "stop_reason": None, "stop_sequence": None, "usage": counted},
    }


def begin(index: int, **block: Any) -> Json:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, type: str, **said: Any) -> Json:
    return {"type": "content_block_delta", "index": index, "delta": {"type": type, **said}}


def words(index: int, text: str) -> Json:
    return delta(index, "text_delta", text=text)


def input(index: int, piece: str) -> Json:
    return delta(index, "input_json_delta", partial_json=piece)


def end(index: int) -> Json:
    return {"type": "content_block_stop", "index": index}


def stopped(reason: str, output: int, sequence: str | None = None, **more: Any) -> Json:
    """A stream's last event but one."""
    said = {"stop_reason": reason, "stop_sequence": sequence, **more}
    return {"type": "message_delta", "delta": said, "usage": {"output_tokens": output}}


def started(first: Json) -> Started:
    told = first["message"]
    return Started("acme", told["model"], told["id"], 1, "anthropic.messages", extra({"usage": told["usage"]}))


def finished(reason: str, last: Json) -> Finished:
    return Finished(reason, extra=extra({"delta": last["delta"], "usage": last["usage"]}))


def usage(input: int, output: int, **more: int) -> Usage:
    own = {"input_tokens": input, **more, "output_tokens": output}
    cached, made = more.get("cache_read_input_tokens", 0), more.get("cache_creation_input_tokens", 0)
    all = input + cached + made
    return Usage(all, output, all + output, cached, 0, extra(own))


def vendor(**mark: Any) -> Vendor:
    return Vendor(extra(mark))


_HELLO = message("msg_1nZdL29xx5MUA1yADyHTEsnR8uuvGzszyY", 25)
_HELLO_END = stopped("end_turn", 15)
_WEATHER = message("msg_014p7gG3wDgGV9EUtLvnow3U", 472, 2, cache_creation_input_tokens=11, cache_read_input_tokens=30)
_WEATHER_END = stopped("tool_use", 89)
_THINKING = message("msg_01Thinking", 43)
_THINKING_END = stopped("end_turn", 120, None, stop_details=None)
_SEARCH = message("msg_01G", 2679)
_SEARCH_END: Json = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn", "stop_sequence": None},
    "usage": {"input_tokens": 10682, "output_tokens": 510, "server_tool_use": {"web_search_requests": 1}},
}
_SEQUENCE = message("msg_01Stop", 7)
_SEQUENCE_END = stopped("stop_sequence", 3, "END")
_HIDDEN = message("msg_01Hidden", 7)
_HIDDEN_END = stopped("max_tokens", 9)

RESULT = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_014hJH82Qum7Td6UV8gDXThB",
    "content": [
        {
            "type": "web_search_result",
            "title": "Weather in Brno",
            "url": "https://example.com/brno",
            "encrypted_content": "EqgfCioIARgBIiQ3YTAwMjY1Mi1mZjM5",
            "page_age": None,
        }
    ],
}
SERVED = {"type": "server_tool_use", "id": "srvtoolu_014hJH82Qum7Td6UV8gDXThB", "name": "web_search", "input": {}}
CITATION = {"type": "web_search_result_location", "cited_text": "20 °C", "url": "https://example.com/brno"}
CITED = {"type": "text", "text": "", "citations": []}

STREAMS: dict[str, list[Json]] = {
    "text": [
        _HELLO,
        begin(0, type="text", text=""),
        PING,
        words(0, "Hello"),
        words(0, "! žluťoučký "),
        words(0, "🐎"),
        words(0, "\n\n"),
        end(0),
        _HELLO_END,
        STOP,
    ],
    "tools": [
        _WEATHER,
        begin(0, type="text", text=""),
        PING,
        words(0, "Okay"),
        words(0, ", let's see"),
        end(0),
        begin(1, type="tool_use", id="toolu_01T1", name="get_weather", input={}),
        input(1, ""),
        input(1, '{"location":'),
        input(1, ' "San'),
        input(1, ' Francisco, CA"}'),
        end(1),
        begin(2, type="tool_use", id="toolu_01T2", name="now", input={}),
        input(2, ""),
        end(2),
        begin(3, type="tool_use", id="toolu_01T3", name="get_weather", input={}, caller={"type": "direct"}),
        input(3, '{"location": "Brno"}'),
        end(3),
        _WEATHER_END,
        STOP,
    ],
    "thinking": [
        _THINKING,
        begin(0, type="thinking", thinking="", signature=""),
        delta(0, "thinking_delta", thinking="27 * 453 = ?"),
        delta(0, "thinking_delta", thinking="\n12231."),
        delta(0, "signature_delta", signature="EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk="),
        end(0),
        begin(1, type="redacted_thinking", data="EmwKAhgBEgy3va3pzix/LafPsn4a"),
        end(1),
        begin(2, type="text", text=""),
        words(2, "27 * 453 = 12,231"),
        end(2),
        _THINKING_END,
        STOP,
    ],
    "hidden_thinking": [
        _HIDDEN,
        begin(0, type="thinking", thinking="", signature=""),
        delta(0, "signature_delta", signature="EosnCkYICxIM"),
        end(0),
        begin(1, type="thinking", thinking="", signature=""),
        delta(1, "thinking_delta", thinking="More."),
        delta(1, "signature_delta", signature="EosnCkYICxIN"),
        end(1),
        begin(2, type="text", text=""),
        words(2, "And"),
        end(2),
        _HIDDEN_END,
        STOP,
    ],
    "search": [
        _SEARCH,
        begin(0, type="text", text=""),
        words(0, "I'll look."),
        end(0),
        begin(1, **SERVED),
        input(1, '{"query":'),
        input(1, '"weather Brno"}'),
        end(1),
        begin(2, **RESULT),
        end(2),
        begin(3, type="text", text=""),
        words(3, "It is "),
        end(3),
        begin(4, **CITED),
        delta(4, "citations_delta", citation=CITATION),
        words(4, "20 °C"),
        end(4),
        _SEARCH_END,
        STOP,
    ],
    "stop_sequence": [
        _SEQUENCE,
        begin(0, type="text", text=""),
        words(0, "one two "),
        end(0),
        _SEQUENCE_END,
        STOP,
    ],
    "two_texts": [
        _SEQUENCE,
        begin(0, type="text", text=""),
        words(0, "one "),
        words(0, "two "),
        end(0),
        begin(1, type="text", text=""),
        words(1, "three "),
        words(1, "four"),
        end(1),
        _SEQUENCE_END,
        STOP,
    ],
    "nothing": [_SEQUENCE, stopped("end_turn", 0), STOP],
}

EVENTS: dict[str, list[AnyEvent]] = {
    "text": [
        started(_HELLO),
        Text("Hello"),
        Text("! žluťoučký "),
        Text("🐎"),
        Text("\n\n"),
        usage(25, 15),
        finished("stop", _HELLO_END),
    ],
    "tools": [
        started(_WEATHER),
        Text("Okay"),
        Text(", let's see"),
        ToolCall(0, "toolu_01T1", "get_weather"),
        ToolInput(0, '{"location":'),
        ToolInput(0, ' "San'),
        ToolInput(0, ' Francisco, CA"}'),
        ToolCall(1, "toolu_01T2", "now"),
        ToolInput(1, "{}"),
        ToolCall(2, "toolu_01T3", "get_weather", extra=extra({"block": {"caller": {"type": "direct"}}})),
        ToolInput(2, '{"location": "Brno"}'),
        usage(472, 89, cache_creation_input_tokens=11, cache_read_input_tokens=30),
        finished("tool_calls", _WEATHER_END),
    ],
    "thinking": [
        started(_THINKING),
        Reasoning("27 * 453 = ?", kind="summary"),
        Reasoning("\n12231.", kind="summary"),
        vendor(delta={"type": "signature_delta", "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk="}),
        vendor(block={"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix/LafPsn4a"}),
        Text("27 * 453 = 12,231"),
        usage(43, 120),
        finished("stop", _THINKING_END),
    ],
    "hidden_thinking": [
        started(_HIDDEN),
        vendor(
            block={"type": "thinking", "thinking": "", "signature": ""},
            delta={"type": "signature_delta", "signature": "EosnCkYICxIM"},
        ),
        Reasoning(
            "More.", kind="summary", extra=extra({"block": {"type": "thinking", "thinking": "", "signature": ""}})
        ),
        vendor(delta={"type": "signature_delta", "signature": "EosnCkYICxIN"}),
        Text("And"),
        usage(7, 9),
        finished("length", _HIDDEN_END),
    ],
    "search": [
        started(_SEARCH),
        Text("I'll look."),
        vendor(block=SERVED),
        vendor(delta={"type": "input_json_delta", "partial_json": '{"query":'}),
        vendor(delta={"type": "input_json_delta", "partial_json": '"weather Brno"}'}),
        vendor(block=RESULT),
        Text("It is "),
        vendor(block=CITED, delta={"type": "citations_delta", "citation": CITATION}),
        Text("20 °C"),
        Usage(
            10682,
            510,
            11192,
            0,
            0,
            extra({"input_tokens": 10682, "output_tokens": 510, "server_tool_use": {"web_search_requests": 1}}),
        ),
        finished("stop", _SEARCH_END),
    ],
    "stop_sequence": [
        started(_SEQUENCE),
        Text("one two "),
        usage(7, 3),
        finished("stop", _SEQUENCE_END),
    ],
    "two_texts": [
        started(_SEQUENCE),
        Text("one "),
        Text("two "),
        Text("three ", extra=extra({"block": {"type": "text", "text": ""}})),
        Text("four"),
        usage(7, 3),
        finished("stop", _SEQUENCE_END),
    ],
    "nothing": [started(_SEQUENCE), usage(7, 0), finished("stop", stopped("end_turn", 0))],
}
