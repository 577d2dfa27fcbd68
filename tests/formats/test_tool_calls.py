"""Tool calls leave in order, whole and named once, however they came."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.events import AnyEvent, ToolCall, ToolInput
from headgate.formats.tool_calls import Piece, ToolCalls, input_text, text

A, B = '{"a":1}', '{"b":[2]}'

Called = list[tuple[str, str, str]]
"""Calls as (id, name, input)."""

OWN = "call_seed_0_"

CASES: dict[str, tuple[list[Piece], Called]] = {
    "none": ([], []),
    "one": ([Piece(0, "x", "f"), Piece(0, input=A[:3]), Piece(0, input=A[3:])], [("x", "f", A)]),
    "one_at_once": ([Piece(0, "x", "f", A)], [("x", "f", A)]),
    "two": ([Piece(0, "x", "f", A), Piece(1, "y", "g", B)], [("x", "f", A), ("y", "g", B)]),
    "woven": (
        [Piece(0, "x", "f"), Piece(1, "y", "g"), Piece(0, input=A[:2]), Piece(1, input=B), Piece(0, input=A[2:])],
        [("x", "f", A), ("y", "g", B)],
    ),
    "never_whole": ([Piece(0, "x", "f", A[:3]), Piece(1, "y", "g", B)], [("x", "f", A[:3]), ("y", "g", B)]),
    "no_keys": (
        [Piece(id="x", name="f"), Piece(input=A), Piece(id="y", name="g"), Piece(input=B)],
        [("x", "f", A), ("y", "g", B)],
    ),
    "no_keys_ids_everywhere": (
        [Piece(id="x", name="f"), Piece(id="y", name="g"), Piece(id="x", input=A), Piece(id="y", input=B)],
        [("x", "f", A), ("y", "g", B)],
    ),
    "keys_at_first_only": ([Piece(0, "x", "f"), Piece(input=A)], [("x", "f", A)]),
    "keys_later_only": ([Piece(id="x", name="f"), Piece(0, input=A)], [("x", "f", A)]),
    "same_key_other_id": ([Piece(0, "x", "f", A), Piece(0, "y", "g", B)], [("x", "f", A), ("y", "g", B)]),
    "same_key_no_ids": ([Piece(0, "", "f", A), Piece(0, "", "f", B)], [(OWN + "0", "f", A), (OWN + "1", "f", B)]),
    "same_key_other_name": (
        [Piece(0, "", "f", A), Piece(0, "", "g"), Piece(0, input=B)],
        [(OWN + "0", "f", A), (OWN + "1", "g", B)],
    ),
    "same_key_nothing_else": ([Piece(0, "", "f", A), Piece(0, input=B)], [(OWN + "0", "f", A), (OWN + "1", "f", B)]),
    "same_id": ([Piece(0, "x", "f", A), Piece(1, "x", "g", B)], [("x", "f", A), (OWN + "1", "g", B)]),
    "same_id_no_keys": (
        [Piece(id="x", name="f", input=A), Piece(id="x", name="f", input=B)],
        [("x", "f", A), (OWN + "1", "f", B)],
    ),
    "said_twice": ([Piece(0, "x", "f", A), Piece(0, "x", "f", A)], [("x", "f", A)]),
    "id_changes": ([Piece(0, "x", "f"), Piece(0, "y", input=A[:2]), Piece(0, "z", input=A[2:])], [("x", "f", A)]),
    "id_changes_no_keys": (
        [Piece(id="x", name="f"), Piece(id="y", input=A[:2]), Piece(id="z", input=A[2:])],
        [("x", "f", A)],
    ),
    "id_before_name": ([Piece(0, "x"), Piece(0, "", "f"), Piece(0, input=A)], [("x", "f", A)]),
    "id_after_name": ([Piece(0, "", "f"), Piece(0, "x", input=A)], [(OWN + "0", "f", A)]),
    "name_after_input": ([Piece(0, "x", input=A), Piece(0, "", "f")], [("x", "f", A)]),
    "name_repeated": ([Piece(0, "x", "f"), Piece(0, "x", "f", A[:2]), Piece(0, "x", "f", A[2:])], [("x", "f", A)]),
    "name_never": ([Piece(0, "x", input=A)], [("x", "", A)]),
    "no_input": ([Piece(0, "x", "f"), Piece(1, "y", "g")], [("x", "f", "{}"), ("y", "g", "{}")]),
    "blank_input": ([Piece(0, "x", "f", " \n")], [("x", "f", " \n{}")]),
    "stand_in": ([Piece(0, "x", "f", "{}"), Piece(0, input=A[:3]), Piece(0, input=A[3:])], [("x", "f", A)]),
    "stand_in_that_was_meant": ([Piece(0, "x", "f", "{}"), Piece(1, "y", "g", B)], [("x", "f", "{}"), ("y", "g", B)]),
    "object_in_an_object": (
        [Piece(0, "x", "f", '{"a":'), Piece(0, input='{"b":1}'), Piece(0, input="}")],
        [("x", "f", '{"a":{"b":1}}')],
    ),
    "brace_in_a_text": ([Piece(0, "x", "f", '{"a":"}'), Piece(0, input='{"}')], [("x", "f", '{"a":"}{"}')]),
    "blank_after_the_end": ([Piece(0, "x", "f", A), Piece(0, input="\n")], [("x", "f", A)]),
    "no_json_at_all": ([Piece(0, "x", "f", "yes"), Piece(0, input="{no")], [("x", "f", "yes{no")]),
}


def told(pieces: list[Piece]) -> list[AnyEvent]:
    calls = ToolCalls("seed")
    return [*(event for piece in pieces for event in calls.piece(piece)), *calls.close()]


def made(events: list[AnyEvent]) -> Called:
    """The calls as a client puts them together, which takes nothing but the canonical order."""
    found: Called = []
    for event in events:
        if isinstance(event, ToolCall):
            assert event.index == len(found)
            found.append((event.id, event.name, ""))
        else:
            assert isinstance(event, ToolInput)
            assert event.index == len(found) - 1
            assert event.delta
            id, name, input = found[-1]
            found[-1] = (id, name, input + event.delta)
    return found


@pytest.mark.parametrize("name", CASES)
def test_pieces_are_put_together_as_they_were_meant(name: str) -> None:
    pieces, called = CASES[name]
    assert made(told(pieces)) == called


def test_a_call_is_passed_on_while_it_comes() -> None:
    calls = ToolCalls("seed", choice=2)
    assert calls.piece(Piece(0, "x", "f")) == [ToolCall(0, "x", "f", 2)]
    assert calls.piece(Piece(0, input='{"a')) == [ToolInput(0, '{"a', 2)]
    assert calls.piece(Piece(1, "y", "g")) == []
    assert calls.piece(Piece(1, input=B[:2])) == []
    assert calls.piece(Piece(0, input='":1}')) == [
        ToolInput(0, '":1}', 2),
        ToolCall(1, "y", "g", 2),
        ToolInput(1, B[:2], 2),
    ]
    assert calls.piece(Piece(1, input=B[2:])) == [ToolInput(1, B[2:], 2)]
    assert calls.close() == []


def test_what_may_be_a_stand_in_waits_for_the_next_piece() -> None:
    calls = ToolCalls("seed")
    assert calls.piece(Piece(0, "x", "f", "{}")) == []
    assert calls.close() == [ToolCall(0, "x", "f"), ToolInput(0, "{}")]


def test_a_custom_tool_takes_any_text() -> None:
    """Braces mean nothing in it, and nothing is added to it."""
    events = told(
        [Piece(0, "x", "sql", "{}", "custom"), Piece(0, input="{}", kind="custom"), Piece(1, "y", "sql", kind="custom")]
    )
    assert events == [
        ToolCall(0, "x", "sql", kind="custom"),
        ToolInput(0, "{}"),
        ToolInput(0, "{}"),
        ToolCall(1, "y", "sql", kind="custom"),
    ]


json_objects = st.dictionaries(
    st.text(max_size=3), st.text(max_size=9) | st.integers() | st.booleans(), min_size=1, max_size=3
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[Piece], Called]:
    """Some calls, their inputs cut anywhere and their pieces woven, each telling its number."""
    called: Called = []
    queues: list[list[Piece]] = []
    for number, value in enumerate(draw(st.lists(json_objects, min_size=1, max_size=4))):
        input = json.dumps(value, ensure_ascii=draw(st.booleans()))
        cuts = sorted(draw(st.sets(st.integers(1, len(input) - 1), max_size=5)))
        parts = [input[a:b] for a, b in zip([0, *cuts], [*cuts, len(input)], strict=True)]
        called.append((f"id{number}", f"f{number % 2}", input))
        repeats = draw(st.booleans())
        again = (f"id{number}", f"f{number % 2}") if repeats else ("", "")
        queues.append(
            [Piece(number * 3, f"id{number}", f"f{number % 2}"), *(Piece(number * 3, *again, part) for part in parts)]
        )
    pieces = [queue.pop(0) for queue in queues]
    while any(queues):
        queue = draw(st.sampled_from([queue for queue in queues if queue]))
        pieces.append(queue.pop(0))
    return pieces, called


@given(conversations())
def test_woven_calls_come_out_one_after_the_other(conversation: tuple[list[Piece], Called]) -> None:
    pieces, called = conversation
    assert made(told(pieces)) == called


@pytest.mark.parametrize(
    ("value", "input"),
    [(None, ""), ("", ""), ("{", "{"), ({"a": "ž"}, '{"a":"ž"}'), ([1], "[1]"), (7, "7"), (True, "true")],
)
def test_an_input_of_any_kind_becomes_text(value: Any, input: str) -> None:
    assert input_text(value) == input


@pytest.mark.parametrize(
    ("value", "said"), [("a", "a"), (7, "7"), (True, ""), (None, ""), (1.5, ""), ({}, ""), ([], "")]
)
def test_ids_and_names_are_texts_or_nothing(value: Any, said: str) -> None:
    assert text(value) == said
