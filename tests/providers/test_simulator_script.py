"""Scripts: what is refused, with which words, and how layers are laid over each other."""

from pathlib import Path
from typing import Any

import pytest

from headgate.errors import BadRequest
from headgate.providers.simulator import MODELS, Fail, Script
from headgate.providers.simulator.script import BASE, layered
from tests.providers.simulated import play


@pytest.mark.parametrize(
    ("script", "param", "says"),
    [
        ({"wrods": 3}, "simulator.wrods", "did you mean 'words'?"),
        ({"qqq": 3}, "simulator.qqq", "there are seed, text, words"),
        ({"fail": {"stats": 500}}, "simulator.fail.stats", "did you mean 'status'?"),
        ({"usage": {"inptu": 1}}, "simulator.usage.inptu", "did you mean 'input'?"),
        ({"tool_calls": [{"nmae": "a"}]}, "simulator.tool_calls[0].nmae", "did you mean 'name'?"),
        ({"tool_calls": [{}]}, "simulator.tool_calls[0].name", "Missing"),
        ("demo", "simulator", "expected 'object | null'"),
        ({"text": 1}, "simulator.text", "expected 'string"),
        ({"fail": {"at": "middle"}}, "simulator.fail.at", "invalid enum value 'middle'"),
        ({"text": "a", "words": 1}, "simulator.words", "cannot be combined with 'simulator.text'"),
        ({"words": 1, "echo": True}, "simulator.echo", "cannot be combined with 'simulator.words'"),
        ({"chunk_words": 1, "chunk_chars": 1}, "simulator.chunk_chars", "cannot be combined"),
        ({"fail": {}, "stall_after": 1}, "simulator.stall_after", "cannot be combined with 'simulator.fail'"),
        ({"cut_after": 0, "silent_start": True}, "simulator.silent_start", "cannot be combined"),
    ],
)
def test_what_is_wrong_is_named(script: object, param: str, says: str) -> None:
    error = refusal(script)
    assert error.param == param
    assert says in error.message
    assert error.status == 400


@pytest.mark.parametrize(
    ("script", "bound"),
    [
        ({"seed": 2**63}, "<= 9223372036854775807"),
        ({"text": "x" * 1_000_001}, "<= 1000000"),
        ({"words": -1}, ">= 0"),
        ({"words": 100_001}, "<= 100000"),
        ({"reasoning": 100_001}, "<= 100000"),
        ({"chunk_words": 0}, ">= 1"),
        ({"chunk_words": 100_001}, "<= 100000"),
        ({"chunk_chars": 0}, ">= 1"),
        ({"chunk_chars": 1_000_001}, "<= 1000000"),
        ({"first_ms": 600_001}, "<= 600000"),
        ({"gap_ms": -0.5}, ">= 0"),
        ({"gap_ms": 60_001}, "<= 60000"),
        ({"refusal": "x" * 2_001}, "<= 2000"),
        ({"finish_reason": ""}, ">= 1"),
        ({"tool_calls": [{"name": "a"}] * 129}, "<= 128"),
        ({"usage": {"input": 1_000_000_001}}, "<= 1000000000"),
        ({"fail": {"status": 399}}, ">= 400"),
        ({"fail": {"status": 600}}, "<= 599"),
        ({"fail": {"retry_after": 86_401}}, "<= 86400"),
        ({"fail": {"every": 0}}, ">= 1"),
        ({"fail": {"at": -1}}, ">= 0"),
        ({"cut_after": 1_000_001}, "<= 1000000"),
        ({"stall_after": 1_000_001}, "<= 1000000"),
    ],
)
def test_every_bound_is_named(script: dict[str, Any], bound: str) -> None:
    error = refusal(script)
    (field,) = script
    assert error.param is not None
    assert error.param.startswith(f"simulator.{field}")
    assert bound in error.message


@pytest.mark.parametrize(
    ("fields", "param", "bound"),
    [
        ({"n": 17}, "n", "at most 16"),
        ({"stop": ["x"] * 17}, "stop", "at most 16"),
        ({"stop": "x" * 1_001}, "stop", "at most 1000"),
    ],
)
def test_the_bounds_of_a_request_are_named_too(fields: dict[str, Any], param: str, bound: str) -> None:
    error = play(**fields).error
    assert isinstance(error, BadRequest)
    assert error.param == param
    assert bound in error.message.replace("_", "")


def test_nothing_is_as_good_as_no_script() -> None:
    assert play().events == play(script={}).events
    assert play().events == play(script={"text": None, "fail": None, "silent_start": False}).events


def test_refused_requests_emit_nothing() -> None:
    assert play(script={"wrods": 3}).emits == []


def test_the_uppermost_layer_that_speaks_of_a_matter_decides_it() -> None:
    upper = Script(text="hello", chunk_chars=2, gap_ms=0)
    lower = Script(words=3, chunk_words=5, first_ms=7, gap_ms=7, cut_after=1)
    assert layered(upper, lower) == Script(text="hello", chunk_chars=2, gap_ms=0, first_ms=7, cut_after=1)
    assert layered(Script(stall_after=3), MODELS["broken"]).breaks_after == 3
    assert layered(Script(silent_start=False), MODELS["stall"]).breaks_after is None


def test_every_model_is_a_script_over_the_base() -> None:
    assert layered(MODELS["demo"], BASE) == BASE
    assert MODELS["slow"].first_ms
    assert MODELS["flaky"].fail is not None
    assert MODELS["flaky"].fail.every == 2


@pytest.mark.parametrize(
    ("script", "after"),
    [
        (Script(), None),
        (Script(fail=Fail(at=4)), 4),
        (Script(cut_after=0), 0),
        (Script(stall_after=2), 2),
    ],
)
def test_a_script_knows_where_it_breaks(script: Script, after: int | None) -> None:
    assert script.breaks_after == after


def refusal(script: object) -> BadRequest:
    """What a script is refused with."""
    error = play(script=script).error
    assert isinstance(error, BadRequest)
    return error


def test_the_documentation_names_every_model_and_every_field() -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
    names = [*Script.__struct_fields__, *Fail.__struct_fields__, *(f"simulator/{model}" for model in MODELS)]
    assert [name for name in names if f"| `{name}` |" not in page] == []
