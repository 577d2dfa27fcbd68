"""Requests are read strictly, and what is PurAI's goes no further."""

from typing import Any

import msgspec
import pytest

from headgate.errors import BadRequest
from headgate.formats import purai
from headgate.formats.purai import Personality
from tests.purai.asked import HELLO, read

KIRA = Personality(name="kira", prompt="You are Kira.", defaults={"temperature": 0.2, "max_tokens": 9})


def sent(part: Personality | None = None, /, names: tuple[str, ...] = ("a/m",), **fields: Any) -> dict[str, Any]:
    """What a provider is asked."""
    call = purai.call(read(**{"model": "m", **fields}), names, part)
    return {name: msgspec.json.decode(raw) for name, raw in call.fields.items()}


def test_all_fields_are_read() -> None:
    asked = read(model="m", personality="kira", primaryProvider="fox", forceModel=True, disableErrorSummarization=True)
    assert (asked.model, asked.personality, asked.primary, asked.force, asked.is_raw) == (
        "m",
        "kira",
        "fox",
        "true",
        True,
    )


def test_what_is_not_said() -> None:
    asked = read(model="m")
    assert (asked.personality, asked.primary, asked.force, asked.is_raw, asked.fallbacks) == (
        None,
        None,
        "auto",
        False,
        (),
    )


@pytest.mark.parametrize(
    ("said", "meant"),
    [(True, "true"), (False, "false"), ("true", "true"), ("false", "false"), ("auto", "auto"), (None, "auto")],
)
def test_a_model_is_forced_in_the_body(said: Any, meant: str) -> None:
    assert read(model="m", forceModel=said).force == meant


def test_a_model_is_forced_in_the_query_where_the_body_says_nothing() -> None:
    for word in ("true", "auto", "false"):
        assert read({"forceModel": word}, model="m").force == word
    assert read({"forceModel": "true"}, model="m", forceModel=False).force == "false"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "model"),
        ({"model": ""}, "model"),
        ({"model": 3}, "model"),
        ({"model": "m", "forceModel": "yes"}, "forceModel"),
        ({"model": "m", "primaryProvider": 1}, "primaryProvider"),
        ({"model": "m", "disableErrorSummarization": "no"}, "disableErrorSummarization"),
        ({"model": "m", "temperature": 3}, "temperature"),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "functions": [{}]}, "functions[0].name"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as raised:
        read(**fields)
    assert raised.value.param == param


def test_a_query_that_is_wrong_is_named() -> None:
    with pytest.raises(BadRequest) as raised:
        read({"forceModel": "maybe"}, model="m")
    assert raised.value.param == "forceModel"


def test_a_provider_is_asked_a_chat_and_nothing_of_ours() -> None:
    fields: dict[str, Any] = {
        "functions": [{"name": "f", "parameters": {"type": "object", "properties": {}}}],
        "function_call": {"name": "f"},
        "top_k": 3,
    }
    ours: dict[str, Any] = {
        "personality": "kira",
        "primaryProvider": "fox",
        "forceModel": True,
        "disableErrorSummarization": True,
    }
    assert sent(**fields, **ours) == {"model": "a/m", "messages": [HELLO], **fields}


def test_the_route_stands_in_the_request() -> None:
    """So that it is the same when the request is read again, after a crash."""
    assert sent(names=("a/m", "b/n", "c/o"), fallbacks=["x"])["fallbacks"] == ["b/n", "c/o"]


def test_a_personality_speaks_first_and_its_defaults_last() -> None:
    asked = sent(KIRA, temperature=1)
    assert asked["messages"] == [{"role": "system", "content": "You are Kira."}, HELLO]
    assert (asked["temperature"], asked["max_tokens"]) == (1, 9)
