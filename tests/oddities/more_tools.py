"""Tool calls in whole answers, and in two rarer forms: the deprecated one, and tools that take any text."""

from typing import Any

from tests.oddities.tools import BRNO, FIRST, ONE, PRAHA, REST, SAME, STREAMED, TOOLS, TWO, call, calls
from tests.oddities.upstream import Play
from tests.oddities.verdict import Choice, Said, ToolCall
from tests.oddities.wire import COUNT, ROLE, Broken, Case, Cases, body, chunk, streamed, want, whole

OLD = {"functions": [{"name": "get_weather", "parameters": {"type": "object"}}]}


def message(*made: Any, finish: Any = "tool_calls", **more: Any) -> Play:
    """A whole answer with these calls."""
    return body(whole({"role": "assistant", "content": None, "tool_calls": list(made), **more}, finish))


A, B = (
    call(None, "call_a", "get_weather", PRAHA, type="function"),
    call(None, "call_b", "get_time", BRNO, type="function"),
)

WHOLE: dict[str, tuple[Play, Said]] = {
    "plain": (message(A), ONE),
    "two": (message(A, B), TWO),
    "with_index": (message({**A, "index": 0}, {**B, "index": 1}), TWO),
    "with_same_index": (message({**A, "index": 0}, {**B, "index": 0}), TWO),
    "id_missing": (message(call(None, None, "get_weather", PRAHA), call(None, None, "get_weather", BRNO)), SAME),
    "id_same_for_two": (message(A, {**B, "id": "call_a"}), TWO),
    "id_null": (message(A | {"id": None}), ONE),
    "type_missing": (message(call(None, "call_a", "get_weather", PRAHA)), ONE),
    "arguments_object": (message(call(None, "call_a", "get_weather", {"city": "Praha"})), ONE),
    "arguments_missing": (
        message(call(None, "call_a", "get_weather")),
        want(calls=(("get_weather", "{}"),), finish="tool_calls"),
    ),
    "arguments_empty": (
        message(call(None, "call_a", "get_weather", "")),
        want(calls=(("get_weather", "{}"),), finish="tool_calls"),
    ),
    "arguments_broken_two": (
        message(call(None, None, "get_weather", '{"city":'), call(None, None, "get_weather", PRAHA), finish="length"),
        want(calls=(("get_weather", '{"city":'), ("get_weather", PRAHA)), finish="length"),
    ),
    "twice_the_same": (
        message(A, {**A, "id": "call_b"}),
        want(calls=(("get_weather", PRAHA),) * 2, finish="tool_calls"),
    ),
    "finish_stop": (message(A, finish="stop"), ONE),
    "finish_missing": (message(A, finish=None), ONE),
    "empty_list": (message(finish="stop", content="Hi"), want("Hi")),
    "null_list": (body(whole({"role": "assistant", "content": "Hi", "tool_calls": None})), want("Hi")),
    "with_words": (
        message(A, content="Let me see."),
        want("Let me see.", calls=(("get_weather", PRAHA),), finish="tool_calls"),
    ),
}

OLD_CALL = Said(
    (Choice(calls=(ToolCall("get_weather", PRAHA, "", "function_call"),), finish="function_call"),), (9, 12, 21)
)
OLD_PIECES = [
    chunk({"function_call": {"name": "get_weather", "arguments": ""}}),
    *(chunk({"function_call": {"arguments": piece}}) for piece in (PRAHA[:5], PRAHA[5:])),
]
OLD_STREAM = streamed(ROLE, *OLD_PIECES, chunk(finish="function_call"), COUNT)
OLD_REPEATED = streamed(
    ROLE,
    *(chunk({"function_call": {"name": "get_weather", "arguments": piece}}) for piece in ("", PRAHA[:5], PRAHA[5:])),
    chunk(finish="stop"),
    COUNT,
)
OLD_OBJECT = streamed(
    ROLE,
    chunk({"function_call": {"name": "get_weather", "arguments": {"city": "Praha"}}}),
    chunk(finish="function_call"),
    COUNT,
)
OLD_WHOLE = body(
    whole(
        {"role": "assistant", "content": None, "function_call": {"name": "get_weather", "arguments": PRAHA}},
        "function_call",
    )
)

CUSTOM = {"tools": [{"type": "custom", "custom": {"name": "run_sql"}}]}
SQL = Said((Choice(calls=(ToolCall("run_sql", "SELECT 1;", "call_a", "custom"),), finish="tool_calls"),), (9, 12, 21))
SQL_PIECES = [
    {"index": 0, "id": "call_a", "type": "custom", "custom": {"name": "run_sql", "input": ""}},
    {"index": 0, "custom": {"input": "SELECT "}},
    {"index": 0, "custom": {"input": "1;"}},
]


RARE_STREAMS: Cases = {
    "function_call": Case(OLD_STREAM, OLD_CALL, fields=OLD),
    "function_call_repeated": Case(OLD_REPEATED, OLD_CALL, fields=OLD),
    "function_call_object": Case(OLD_OBJECT, OLD_CALL, fields=OLD),
    "function_call_unasked": Case(OLD_STREAM, OLD_CALL),
    "function_call_for_tools": Case(OLD_STREAM, ONE, fields=TOOLS),
    "tools_for_functions": Case(STREAMED["plain"][0], OLD_CALL, fields=OLD),
    "custom_tool": Case(calls(*SQL_PIECES), SQL, fields=CUSTOM),
    "tools_cut": Case(
        streamed(ROLE, *(chunk({"tool_calls": [piece]}) for piece in [FIRST, REST[0]]), done=False),
        Broken(200),
        fields=TOOLS,
    ),
}

TOOL_WHOLES: Cases = {f"tools_{name}": Case(play, said, fields=TOOLS) for name, (play, said) in WHOLE.items()}
TOOL_WHOLES |= {
    "function_call": Case(OLD_WHOLE, OLD_CALL, fields=OLD),
    "function_call_unasked": Case(OLD_WHOLE, OLD_CALL),
    "function_call_for_tools": Case(OLD_WHOLE, ONE, fields=TOOLS),
    "custom_tool": Case(
        message({**SQL_PIECES[0], "custom": {"name": "run_sql", "input": "SELECT 1;"}}), SQL, fields=CUSTOM
    ),
    "tools_streamed_for_a_whole": Case(STREAMED["two"][0], TWO, fields=TOOLS),
}
