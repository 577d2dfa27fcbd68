"""Tool calls in all the ways that vendors bend them, in streams and whole."""

from typing import Any

from tests.oddities.upstream import HOLD, Play
from tests.oddities.verdict import Failed, Json, Said
from tests.oddities.wire import (
    COUNT,
    ROLE,
    STOP,
    Case,
    Cases,
    chunk,
    frames,
    streamed,
    want,
)

TOOLS = {
    "tools": [
        {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
        for name in ("get_weather", "get_time")
    ]
}

PRAHA, BRNO = '{"city":"Praha"}', '{"city":"Brno","unit":"°C"}'
ONE = want(calls=(("get_weather", PRAHA),), finish="tool_calls")
TWO = want(calls=(("get_weather", PRAHA), ("get_time", BRNO)), finish="tool_calls")
SAME = want(calls=(("get_weather", PRAHA), ("get_weather", BRNO)), finish="tool_calls")


def call(index: Any = None, id: Any = None, name: Any = None, arguments: Any = None, **more: Any) -> Json:
    """A piece of a call; what is None is left out."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    piece = {"index": index, "id": id, **more, "function": function}
    return {key: value for key, value in piece.items() if value is not None}


def calls(*pieces: Json, finish: Any = "tool_calls") -> Play:
    """A stream of these pieces, one in a chunk."""
    return streamed(ROLE, *(chunk({"tool_calls": [piece]}) for piece in pieces), chunk(finish=finish), COUNT)


def together(*pieces: Json) -> Play:
    """A stream with all of these in one chunk."""
    return streamed(ROLE, chunk({"tool_calls": list(pieces)}), chunk(finish="tool_calls"), COUNT)


FIRST = call(0, "call_a", "get_weather", "", type="function")
REST = [call(0, arguments='{"city":'), call(0, arguments='"Praha"}')]
OTHER = call(1, "call_b", "get_time", "", type="function")
OTHERS = [call(1, arguments='{"city":"Br'), call(1, arguments='no","unit":"°C"}')]

STREAMED: dict[str, tuple[Play, Said]] = {
    "plain": (calls(FIRST, *REST), ONE),
    "two": (calls(FIRST, *REST, OTHER, *OTHERS), TWO),
    "index_missing": (
        calls(call(None, "call_a", "get_weather", ""), call(arguments='{"city":'), call(arguments='"Praha"}')),
        ONE,
    ),
    "index_missing_two": (
        calls(
            call(None, "call_a", "get_weather", ""),
            call(arguments=PRAHA[:5]),
            call(arguments=PRAHA[5:]),
            call(None, "call_b", "get_time", ""),
            call(arguments=BRNO),
        ),
        TWO,
    ),
    "index_null": (calls({**FIRST, "index": None}, *({**piece, "index": None} for piece in REST)), ONE),
    "index_text": (calls({**FIRST, "index": "0"}, *REST), ONE),
    "index_from_one": (calls({**FIRST, "index": 1}, *({**piece, "index": 1} for piece in REST)), ONE),
    "index_from_one_two": (
        calls(*({**piece, "index": piece["index"] + 1} for piece in [FIRST, *REST, OTHER, *OTHERS])),
        TWO,
    ),
    "index_with_gaps": (calls(FIRST, *REST, *({**piece, "index": 7} for piece in [OTHER, *OTHERS])), TWO),
    "index_backwards": (
        calls(*({**piece, "index": 1 - piece["index"]} for piece in [FIRST, *REST, OTHER, *OTHERS])),
        TWO,
    ),
    "index_same_for_two": (calls(FIRST, *REST, *({**piece, "index": 0} for piece in [OTHER, *OTHERS])), TWO),
    "index_same_for_two_ids_everywhere": (
        calls(
            FIRST,
            *({**piece, "id": "call_a"} for piece in REST),
            *({**piece, "index": 0, "id": "call_b"} for piece in [OTHER, *OTHERS]),
        ),
        TWO,
    ),
    "index_same_and_woven": (
        calls(
            FIRST,
            call(0, "call_b", "get_time", ""),
            call(0, "call_a", arguments=PRAHA[:5]),
            call(0, "call_b", arguments=BRNO[:5]),
            call(0, "call_a", arguments=PRAHA[5:]),
            call(0, "call_b", arguments=BRNO[5:]),
        ),
        TWO,
    ),
    "index_same_no_ids": (
        calls(call(0, None, "get_weather", PRAHA), call(0, None, "get_weather", ""), call(0, arguments=BRNO)),
        SAME,
    ),
    "index_same_no_ids_whole_each": (
        calls(call(0, None, "get_weather", PRAHA), call(0, None, "get_weather", BRNO)),
        SAME,
    ),
    "id_missing": (calls(call(0, None, "get_weather", ""), *REST), ONE),
    "id_missing_two": (calls(call(0, None, "get_weather", PRAHA), call(1, None, "get_time", BRNO)), TWO),
    "id_empty": (calls({**FIRST, "id": ""}, *REST), ONE),
    "id_null": (calls(FIRST | {"id": None}, *REST), ONE),
    "id_number": (calls({**FIRST, "id": 17}, *REST), ONE),
    "id_late": (calls(call(0, None, "get_weather", ""), *({**piece, "id": "call_a"} for piece in REST)), ONE),
    "id_same_for_two": (calls(FIRST, *REST, {**OTHER, "id": "call_a"}, *OTHERS), TWO),
    "id_repeated": (calls(FIRST, *({**piece, "id": "call_a"} for piece in REST)), ONE),
    "id_another_in_every_piece": (calls(FIRST, *({**piece, "id": f"x{n}"} for n, piece in enumerate(REST))), ONE),
    "id_and_name_empty_later": (
        calls(FIRST, *(call(0, "", "", piece["function"]["arguments"]) for piece in REST)),
        ONE,
    ),
    "id_and_name_null_later": (
        calls(
            FIRST,
            *(
                {"index": 0, "id": None, "type": None, "function": {"name": None, **piece["function"]}}
                for piece in REST
            ),
        ),
        ONE,
    ),
    "id_and_name_repeated": (
        calls(FIRST, *({**FIRST, **piece, "function": {"name": "get_weather", **piece["function"]}} for piece in REST)),
        ONE,
    ),
    "id_and_name_repeated_no_index": (
        calls(*(call(None, "call_a", "get_weather", piece) for piece in ("", PRAHA[:5], PRAHA[5:]))),
        ONE,
    ),
    "name_repeated_no_id_no_index": (
        calls(*(call(None, None, "get_weather", piece) for piece in ("", PRAHA[:5], PRAHA[5:]))),
        ONE,
    ),
    "name_repeated_at_the_end": (calls(FIRST, *REST, call(0, "call_a", "get_weather", "")), ONE),
    "name_late": (calls(call(0, "call_a"), call(0, None, "get_weather"), *REST), ONE),
    "name_after_input": (calls(call(0, "call_a", None, PRAHA[:5]), call(0, None, "get_weather", PRAHA[5:])), ONE),
    "type_missing": (calls(call(0, "call_a", "get_weather", ""), *REST), ONE),
    "type_empty": (calls({**FIRST, "type": ""}, *REST), ONE),
    "type_wrong": (calls({**FIRST, "type": "tool"}, *REST), ONE),
    "type_everywhere": (calls(FIRST, *({**piece, "type": "function"} for piece in REST)), ONE),
    "arguments_object": (calls(call(0, "call_a", "get_weather", {"city": "Praha"})), ONE),
    "arguments_objects_two": (
        calls(
            call(0, "call_a", "get_weather", {"city": "Praha"}),
            call(1, "call_b", "get_time", {"city": "Brno", "unit": "°C"}),
        ),
        TWO,
    ),
    "arguments_missing_at_first": (calls(call(0, "call_a", "get_weather"), *REST), ONE),
    "arguments_null_at_first": (calls({**FIRST, "function": {"name": "get_weather", "arguments": None}}, *REST), ONE),
    "arguments_never": (
        calls(call(0, "call_a", "get_weather")),
        want(calls=(("get_weather", "{}"),), finish="tool_calls"),
    ),
    "arguments_empty": (calls(FIRST), want(calls=(("get_weather", "{}"),), finish="tool_calls")),
    "arguments_empty_two": (
        calls(FIRST, OTHER),
        want(calls=(("get_weather", "{}"), ("get_time", "{}")), finish="tool_calls"),
    ),
    "arguments_empty_object": (
        calls(call(0, "call_a", "get_weather", "{}")),
        want(calls=(("get_weather", "{}"),), finish="tool_calls"),
    ),
    "arguments_empty_object_first": (calls(call(0, "call_a", "get_weather", "{}"), *REST), ONE),
    "arguments_with_the_name": (calls(call(0, "call_a", "get_weather", PRAHA[:4]), call(0, arguments=PRAHA[4:])), ONE),
    "arguments_said_again": (calls(FIRST, *REST, call(0, "call_a", "get_weather", PRAHA)), ONE),
    "arguments_with_blank_ends": (calls(FIRST, *REST, call(0, arguments="\n")), ONE),
    "arguments_cut_by_length": (
        calls(FIRST, REST[0], finish="length"),
        want(calls=(("get_weather", '{"city":'),), finish="length"),
    ),
    "two_in_one_delta": (together(call(0, "call_a", "get_weather", PRAHA), call(1, "call_b", "get_time", BRNO)), TWO),
    "two_in_one_delta_no_index": (
        together(call(None, "call_a", "get_weather", PRAHA), call(None, "call_b", "get_time", BRNO)),
        TWO,
    ),
    "two_in_one_delta_no_index_no_id": (
        together(call(None, None, "get_weather", PRAHA), call(None, None, "get_weather", BRNO)),
        SAME,
    ),
    "two_in_every_delta": (
        streamed(
            ROLE,
            chunk({"tool_calls": [FIRST, OTHER]}),
            *(chunk({"tool_calls": [one, other]}) for one, other in zip(REST, OTHERS, strict=True)),
            chunk(finish="tool_calls"),
            COUNT,
        ),
        TWO,
    ),
    "woven": (calls(FIRST, OTHER, REST[0], OTHERS[0], REST[1], OTHERS[1]), TWO),
    "woven_second_whole_first": (calls(FIRST, REST[0], OTHER, *OTHERS, REST[1]), TWO),
    "finish_stop": (calls(FIRST, *REST, finish="stop"), ONE),
    "finish_function_call": (calls(FIRST, *REST, finish="function_call"), ONE),
    "finish_in_the_same_chunk": (
        streamed(ROLE, chunk({"tool_calls": [call(0, "call_a", "get_weather", PRAHA)]}, "tool_calls"), COUNT),
        ONE,
    ),
    "finish_before_the_last_piece": (
        streamed(
            ROLE,
            *(chunk({"tool_calls": [piece]}) for piece in [FIRST, REST[0]]),
            chunk(finish="tool_calls"),
            chunk({"tool_calls": [REST[1]]}),
            COUNT,
        ),
        ONE,
    ),
    "finish_tool_calls_then_stop": (
        streamed(
            ROLE, *(chunk({"tool_calls": [piece]}) for piece in [FIRST, *REST]), chunk(finish="tool_calls"), STOP, COUNT
        ),
        ONE,
    ),
    "finish_tool_use": (calls(FIRST, *REST, finish="tool_use"), ONE),
    "finish_missing": (streamed(ROLE, *(chunk({"tool_calls": [piece]}) for piece in [FIRST, *REST]), COUNT), ONE),
    "not_in_a_list": (
        streamed(ROLE, *(chunk({"tool_calls": piece}) for piece in [FIRST, *REST]), chunk(finish="tool_calls"), COUNT),
        ONE,
    ),
    "without_function": (calls({"index": 0, "id": "call_a", "name": "get_weather", "arguments": PRAHA}), ONE),
    "words_before": (
        streamed(
            ROLE,
            chunk({"content": "Let me see."}),
            *(chunk({"tool_calls": [piece]}) for piece in [FIRST, *REST]),
            chunk(finish="tool_calls"),
            COUNT,
        ),
        want("Let me see.", calls=(("get_weather", PRAHA),), finish="tool_calls"),
    ),
    "words_between": (
        streamed(
            ROLE,
            *(
                chunk({"tool_calls": [piece], "content": "." if number else None})
                for number, piece in enumerate([FIRST, *REST])
            ),
            chunk(finish="tool_calls"),
            COUNT,
        ),
        want("..", calls=(("get_weather", PRAHA),), finish="tool_calls"),
    ),
    "empty_list_in_words": (
        streamed(ROLE, chunk({"content": "Hi", "tool_calls": []}), STOP, COUNT),
        want("Hi"),
    ),
    "nulls_in_the_list": (together(call(0, "call_a", "get_weather", PRAHA), None), ONE),  # type: ignore[arg-type]
    "no_done_then_open": (
        Play(
            [
                *frames(
                    ROLE,
                    *(chunk({"tool_calls": [piece]}) for piece in [FIRST, *REST]),
                    chunk(finish="tool_calls"),
                    COUNT,
                    done=False,
                ),
                HOLD,
            ]
        ),
        ONE,
    ),
}


def ids_kept(answer: Said | Failed) -> None:
    """The provider's own ids: a client sends them back to it."""
    assert isinstance(answer, Said)
    assert [made.id for made in answer.choices[0].calls] == ["call_a", "call_b"][: len(answer.choices[0].calls)]


TOOL_STREAMS: Cases = {f"tools_{name}": Case(play, said, fields=TOOLS) for name, (play, said) in STREAMED.items()}
for kept in (
    "plain",
    "two",
    "index_missing_two",
    "index_same_for_two",
    "woven",
    "id_and_name_repeated",
    "arguments_object",
):
    play, said = STREAMED[kept]
    TOOL_STREAMS[f"tools_{kept}"] = Case(play, said, ids_kept, fields=TOOLS)
