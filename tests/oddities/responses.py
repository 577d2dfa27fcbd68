"""Responses, from upstreams that have them and through chat."""

from typing import Any

from tests.oddities.failures import AT_ONCE, FIRE, HTML, INNER, SAYS, after, event
from tests.oddities.framing import BROKEN, HEALTHY
from tests.oddities.more_tools import WHOLE as WHOLE_TOOLS
from tests.oddities.tools import STREAMED
from tests.oddities.upstream import CUT, HOLD, JSON, Play
from tests.oddities.verdict import ESTIMATED, Json, Said
from tests.oddities.wire import (
    HELLO,
    PIECES,
    WORDS,
    Broken,
    Case,
    Cases,
    body,
    chunk,
    said,
    streamed,
    want,
    without,
)
from tests.oddities.words import CONTENT

MESSAGE: Json = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": WORDS, "annotations": [], "logprobs": []}],
}
USAGE: Json = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 12,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 21,
}


def response(status: str = "completed", **more: Any) -> Json:
    """A response object."""
    done = status == "completed"
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": "model-1",
        "output": [MESSAGE] if done else [],
        "usage": USAGE if done else None,
    } | more


PLACE: Json = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
EMPTY_PART: Json = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
BEGIN: list[Json] = [
    {"type": "response.created", "response": response("in_progress")},
    {"type": "response.in_progress", "response": response("in_progress")},
    {
        "type": "response.output_item.added",
        "output_index": 0,
        "item": {**MESSAGE, "status": "in_progress", "content": []},
    },
    {"type": "response.content_part.added", **PLACE, "part": EMPTY_PART},
]
DELTAS: list[Json] = [
    {"type": "response.output_text.delta", **PLACE, "delta": piece, "logprobs": []} for piece in PIECES
]
END: list[Json] = [
    {"type": "response.output_text.done", **PLACE, "text": WORDS, "logprobs": []},
    {"type": "response.content_part.done", **PLACE, "part": MESSAGE["content"][0]},
    {"type": "response.output_item.done", "output_index": 0, "item": MESSAGE},
    {"type": "response.completed", "response": response()},
]
TALK: list[Json] = [*BEGIN, *DELTAS, *END]


def steps(*values: Json, named: bool = True, numbered: bool = True) -> list[bytes]:
    """Events as a Responses server sends them."""
    made = [{**value, "sequence_number": number} if numbered else value for number, value in enumerate(values)]
    return [event(value, value["type"] if named else "") for value in made]


def native(*values: Json, **how: Any) -> Play:
    """A stream of these events."""
    return Play(steps(*values), **how)


def all_with(*lost: str, **more: Any) -> Play:
    """Every event without some keys, or with some more."""
    return native(*({**without(value, *lost), **more} for value in TALK))


ARGUMENTS = '{"city":"Praha"}'
CALL: Json = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_a",
    "name": "get_weather",
    "arguments": "",
    "status": "in_progress",
}
CALL_PLACE: Json = {"item_id": "fc_1", "output_index": 0}
CALL_PIECES: list[Json] = [
    {"type": "response.function_call_arguments.delta", **CALL_PLACE, "delta": piece}
    for piece in (ARGUMENTS[:6], ARGUMENTS[6:])
]
CALLING: list[Json] = [
    *BEGIN[:2],
    {"type": "response.output_item.added", "output_index": 0, "item": CALL},
    *CALL_PIECES,
    {
        "type": "response.output_item.done",
        "output_index": 0,
        "item": {**CALL, "arguments": ARGUMENTS, "status": "completed"},
    },
    {
        "type": "response.completed",
        "response": response(output=[{**CALL, "arguments": ARGUMENTS, "status": "completed"}]),
    },
]
ONE = want(calls=(("get_weather", ARGUMENTS),), finish="tool_calls")
LINES = b"".join(steps(*TALK))

NATIVE: dict[str, tuple[Play, Said]] = {
    "plain": (native(*TALK), HELLO),
    "no_names": (Play(steps(*TALK, named=False)), HELLO),
    "no_numbers": (Play(steps(*TALK, numbered=False)), HELLO),
    "done_too": (Play([*steps(*TALK), b"data: [DONE]\n\n"]), HELLO),
    "then_open": (Play([*steps(*TALK), HOLD]), HELLO),
    "then_cut": (Play([*steps(*TALK), CUT]), HELLO),
    "crlf": (Play([LINES.replace(b"\n", b"\r\n")]), HELLO),
    "cr": (Play([LINES.replace(b"\n", b"\r")]), HELLO),
    "byte_by_byte": (native(*TALK, size=1), HELLO),
    "bom": (Play([b"\xef\xbb\xbf", LINES]), HELLO),
    "comments": (Play([step for each in steps(*TALK) for step in (b": hi\n\n", each)]), HELLO),
    "keepalives": (
        Play([step for each in steps(*TALK) for step in (event({"type": "keepalive"}, "keepalive"), each)]),
        HELLO,
    ),
    "no_content_type": (native(*TALK, kind=None), HELLO),
    "json_content_type": (native(*TALK, kind=JSON), HELLO),
    "one_write": (Play([LINES]), HELLO),
    "no_created": (native(*TALK[1:]), HELLO),
    "no_beginning": (native(*DELTAS, END[-1]), HELLO),
    "no_part_added": (native(*BEGIN[:3], *DELTAS, *END), HELLO),
    "no_item_added": (native(*BEGIN[:2], *DELTAS, *END), HELLO),
    "no_deltas": (native(*BEGIN, *END), HELLO),
    "only_the_end": (native(END[-1]), HELLO),
    "no_output_index": (all_with("output_index"), HELLO),
    "no_item_id": (all_with("item_id"), HELLO),
    "no_content_index": (all_with("content_index"), HELLO),
    "unknown_events": (
        native(*(step for each in TALK for step in (each, {"type": "response.acme.trace", "n": 1}))),
        HELLO,
    ),
    "whole_body": (body(response()), HELLO),
    "whole_body_under_event_stream": (body(response(), kind="text/event-stream"), HELLO),
    "usage_missing": (
        native(*TALK[:-1], {"type": "response.completed", "response": response(usage=None)}),
        want(WORDS, usage=ESTIMATED),
    ),
    "incomplete": (
        native(
            *TALK[:-1],
            {
                "type": "response.incomplete",
                "response": response(
                    "incomplete", usage=USAGE, output=[MESSAGE], incomplete_details={"reason": "max_output_tokens"}
                ),
            },
        ),
        want(WORDS, finish="length"),
    ),
    "call": (native(*CALLING), ONE),
    "call_without_deltas": (native(*(each for each in CALLING if each not in CALL_PIECES)), ONE),
}

CUT_SHORT = Broken(200, text=PIECES[0] + PIECES[1])
NATIVE_BROKEN: dict[str, tuple[Play, Broken]] = {
    "cut": (Play([*steps(*BEGIN, *DELTAS[:2]), CUT]), CUT_SHORT),
    "clean_end": (native(*BEGIN, *DELTAS[:2]), CUT_SHORT),
    "clean_end_after_done": (Play([*steps(*BEGIN, *DELTAS[:2]), b"data: [DONE]\n\n"]), CUT_SHORT),
    "garbage": (Play([*steps(*BEGIN, *DELTAS[:2]), b"data: garbage\n\n"]), CUT_SHORT),
    "failed": (
        native(
            *BEGIN,
            *DELTAS[:2],
            {
                "type": "response.failed",
                "response": response("failed", error={"code": "server_error", "message": SAYS}),
            },
        ),
        Broken(200, message=SAYS, text=CUT_SHORT.text),
    ),
    "error_nested": (
        native(*BEGIN, *DELTAS[:2], {"type": "error", "error": INNER}),
        Broken(200, "on_fire", message=SAYS, text=CUT_SHORT.text),
    ),
    "error_flat": (
        native(*BEGIN, *DELTAS[:2], {"type": "error", "message": SAYS, "code": "on_fire", "param": None}),
        Broken(200, "on_fire", message=SAYS, text=CUT_SHORT.text),
    ),
    "first_error": (native({"type": "error", "error": INNER}), Broken(500, "on_fire", message=SAYS)),
    "first_failed": (
        native(
            *BEGIN[:2],
            {
                "type": "response.failed",
                "response": response("failed", error={"code": "rate_limit_exceeded", "message": SAYS}),
            },
        ),
        Broken(429, "rate_limit_exceeded", message=SAYS),
    ),
    "refused": (body(FIRE, status="503 Service Unavailable"), Broken(503, "on_fire", message=SAYS)),
    "html": (body(HTML, kind="text/html"), Broken(502, message="502 Bad Gateway")),
    "empty": (body(b""), Broken(502)),
    "huge_event": (Play([*steps(*BEGIN, *DELTAS[:2]), b"data: ", *([b"a" * 2**20] * 20), b"\n\n"]), CUT_SHORT),
}

RESPONSE_STREAMS: Cases = {name: Case(play, said) for name, (play, said) in NATIVE.items()}
RESPONSE_STREAMS |= {name: Case(play, broken) for name, (play, broken) in NATIVE_BROKEN.items()}

THROUGH_CHAT = [
    "plain",
    "comments",
    "crlf",
    "cr",
    "bom",
    "no_space",
    "retry_alone",
    "ping_with_data",
    "byte_by_byte",
    "no_content_type",
    "no_done",
    "no_done_then_open",
    "done_then_open",
    "whole_body_for_a_stream",
    "whole_body_over_many_lines",
    "chunks_after_done",
    "several_data_lines",
]
TOOLS_THROUGH_CHAT = [
    "plain",
    "two",
    "index_missing_two",
    "index_same_for_two",
    "id_missing_two",
    "id_and_name_repeated",
    "arguments_object",
    "arguments_never",
    "two_in_one_delta",
    "woven",
    "finish_stop",
    "words_before",
    "index_from_one_two",
]
WORDS_THROUGH_CHAT = [
    "reasoning",
    "reasoning_content",
    "refusal",
    "content_parts",
    "content_thinking_parts",
    "empty_answer",
    "emoji_in_two_chunks",
]


RESPONSE_STREAMS |= {f"chat_{name}": Case(HEALTHY[name], HELLO, provider="chatty") for name in THROUGH_CHAT}
RESPONSE_STREAMS |= {f"chat_tools_{name}": Case(*STREAMED[name], provider="chatty") for name in TOOLS_THROUGH_CHAT}
RESPONSE_STREAMS |= {f"chat_words_{name}": Case(*CONTENT[name], provider="chatty") for name in WORDS_THROUGH_CHAT}
RESPONSE_STREAMS |= {
    f"chat_{name}": Case(BROKEN[name], CUT_SHORT, provider="chatty")
    for name in ("cut", "clean_end_without_finish", "garbage_in_the_middle", "huge_event")
}
RESPONSE_STREAMS |= {
    "chat_late_error": Case(
        after(event(FIRE)), Broken(200, "on_fire", message=SAYS, text=CUT_SHORT.text), provider="chatty"
    ),
    "chat_first_error": Case(streamed(FIRE), Broken(500, "on_fire", message=SAYS), provider="chatty"),
    "chat_function_call": Case(
        said({"function_call": {"name": "get_weather", "arguments": ARGUMENTS}}, finish="function_call"),
        ONE,
        provider="chatty",
    ),
    "chat_length": Case(
        streamed(chunk({"content": "a"}), chunk(finish="length")),
        want("a", finish="length", usage=ESTIMATED),
        provider="chatty",
    ),
}

RESPONSE_WHOLES: Cases = {
    "plain": Case(body(response()), HELLO),
    "streamed": Case(native(*TALK), HELLO),
    "usage_missing": Case(body(response(usage=None)), want(WORDS, usage=ESTIMATED)),
    "failed": Case(
        body(response("failed", error={"code": "server_error", "message": SAYS})), Broken(500, message=SAYS)
    ),
    "refused": Case(AT_ONCE["429_retry_after"][0], AT_ONCE["429_retry_after"][1]),
    "html": Case(AT_ONCE["html"][0], AT_ONCE["html"][1]),
    "empty": Case(body(b""), Broken(502)),
    "chat_streamed": Case(HEALTHY["plain"], HELLO, provider="chatty"),
    "chat_fails": Case(AT_ONCE["502_html"][0], AT_ONCE["502_html"][1], provider="chatty"),
}
RESPONSE_WHOLES |= {
    f"chat_tools_{name}": Case(*WHOLE_TOOLS[name], provider="chatty")
    for name in ("plain", "two", "id_same_for_two", "arguments_object", "finish_stop")
}
