"""Who is asked, in which order."""

import asyncio
from typing import Any

import pytest

from headgate.dialects.purai.planning import COMPANY, MAX_ASKED, THIRD_PARTY, Planner, Scope
from headgate.errors import HeadgateError
from headgate.formats.purai import Personality, Plan
from headgate.runs import Catalogue, Several
from tests.purai.asked import read
from tests.runs.fakes import Fake

ALIASES: dict[str, str | Several] = {"default": "fox/small", "safe": Several(("openai/gpt-4", "fox/gpt-4"))}
STAND_INS = ("fox/small", "openai/gpt-6", "mute/own")
KIRA = Personality(name="kira", prompt="", models=("gpt-4", "safe"), blocked=frozenset({"mute/own", "small", "gpt-3"}))


def planner() -> Planner:
    """Three providers, one of which does not tell what it has."""
    providers = {
        "fox": Fake(name="fox", models=["small", "gpt-4"]),
        "openai": Fake(name="openai", models=["gpt-4", "gpt-6", "gpt-3"]),
        "claude": Fake(name="claude", models=["claude-2", "openai/gpt-4"]),
        "mute": Fake(name="mute", models=[]),
    }
    return Planner(Catalogue(providers, ALIASES, (("gpt-", "openai"), ("claude-", "claude"))), STAND_INS)


def plan(scope: Scope, personality: Personality | None = None, /, **fields: Any) -> Plan:
    """The plan of a request."""
    return asyncio.run(planner().plan(read(**fields), personality, scope))


OTHERS = ["fox/small", "openai/gpt-6", "mute/own"]
ROUTES: dict[str, tuple[Scope, dict[str, Any], list[str], list[str]]] = {
    "a_bare_name": (COMPANY, {"model": "gpt-4"}, ["openai/gpt-4", "fox/gpt-4"], OTHERS),
    "one_of_another_company": (COMPANY, {"model": "claude-2"}, ["claude/claude-2"], OTHERS),
    "a_name_that_only_another_lists": (COMPANY, {"model": "small"}, ["fox/small"], ["openai/gpt-6", "mute/own"]),
    "a_name_of_nobody": (COMPANY, {"model": "odd"}, ["openai/odd"], OTHERS),
    "provider_and_model": (
        COMPANY,
        {"model": "fox/gpt-4"},
        ["fox/gpt-4", "openai/gpt-4"],
        OTHERS,
    ),
    "a_name_as_a_marketplace_lists_it": (
        COMPANY,
        {"model": "openai/gpt-4"},
        ["openai/gpt-4", "claude/openai/gpt-4", "fox/gpt-4"],
        OTHERS,
    ),
    "an_alias": (COMPANY, {"model": "safe"}, ["openai/gpt-4", "fox/gpt-4"], OTHERS),
    "the_primary_first": (
        COMPANY,
        {"model": "gpt-4", "primaryProvider": "FOX"},
        ["fox/gpt-4", "openai/gpt-4"],
        OTHERS,
    ),
    "a_primary_that_may_have_it": (
        COMPANY,
        {"model": "gpt-4", "primaryProvider": "mute"},
        ["mute/gpt-4", "openai/gpt-4", "fox/gpt-4"],
        ["mute/own", "fox/small", "openai/gpt-6"],
    ),
    "a_primary_that_has_it_not": (
        COMPANY,
        {"model": "gpt-3", "primaryProvider": "fox"},
        ["openai/gpt-3"],
        OTHERS,
    ),
    "forced": (COMPANY, {"model": "gpt-4", "forceModel": True}, ["openai/gpt-4", "fox/gpt-4"], []),
    "fallbacks_before_others": (
        COMPANY,
        {"model": "claude-2", "fallbacks": ["gpt-3"]},
        ["claude/claude-2"],
        ["openai/gpt-3", *OTHERS],
    ),
    "third_parties": (
        THIRD_PARTY,
        {"model": "gpt-4"},
        ["fox/gpt-4"],
        ["fox/small", "mute/own"],
    ),
    "third_parties_that_have_it_not": (THIRD_PARTY, {"model": "gpt-3"}, [], ["fox/small", "mute/own"]),
}


@pytest.mark.parametrize(("scope", "fields", "wanted", "others"), ROUTES.values(), ids=ROUTES.keys())
def test_who_is_asked(scope: Scope, fields: dict[str, Any], wanted: list[str], others: list[str]) -> None:
    found = plan(scope, **fields)
    assert list(found.names) == wanted + others
    assert found.wanted == set(wanted)


def test_any_model_is_asked_for_in_the_order_of_the_providers() -> None:
    """At each the wanted one first, if it has it."""
    found = plan(COMPANY, model="gpt-4", forceModel=False)
    assert found.names == ("openai/gpt-4", "openai/gpt-6", "fox/gpt-4", "fox/small", "mute/own")
    found = plan(COMPANY, model="claude-2", forceModel=False, primaryProvider="fox")
    assert found.names == ("fox/small", "openai/gpt-6", "claude/claude-2", "mute/own")
    assert found.wanted == {"claude/claude-2"}
    found = plan(THIRD_PARTY, model="claude-2", forceModel=False)
    assert found.names == ("fox/small", "claude/claude-2", "mute/own")


def test_a_personality_has_models_of_its_own_and_none_that_are_blocked() -> None:
    found = plan(COMPANY, KIRA, personality="kira")
    assert found.names == ("openai/gpt-4", "fox/gpt-4", "openai/gpt-6")
    assert found.wanted == {"openai/gpt-4", "fox/gpt-4"}
    assert plan(COMPANY, KIRA, personality="kira", model="claude-2").names[0] == "claude/claude-2"


def test_a_personality_without_models_is_played_by_the_default() -> None:
    found = plan(COMPANY, Personality(name="p", prompt=""), personality="p")
    assert found.names[0] == "fox/small"
    assert found.wanted == {"fox/small"}


def test_no_more_are_asked_than_any_request_may_name() -> None:
    """The route is kept as a request, and must be one."""
    found = plan(COMPANY, model="gpt-4", fallbacks=[f"mute/{number}" for number in range(10)])
    assert len(found.names) == MAX_ASKED


REFUSED: dict[str, tuple[Scope, Personality | None, dict[str, Any], tuple[int, str, str]]] = {
    "a_forced_model_of_nobody": (
        THIRD_PARTY,
        None,
        {"model": "odd-1", "forceModel": True},
        (404, "model_not_found", "model"),
    ),
    "a_forced_model_with_a_strange_slash": (
        COMPANY,
        None,
        {"model": "odd/1", "forceModel": True},
        (404, "model_not_found", "model"),
    ),
    "a_forced_model_of_the_official_provider": (
        THIRD_PARTY,
        None,
        {"model": "gpt-3", "forceModel": True},
        (400, "endpoint_not_available", "model"),
    ),
    "a_blocked_model": (COMPANY, KIRA, {"model": "gpt-3", "personality": "kira"}, (400, "model_blocked", "model")),
    "a_blocked_model_in_full": (
        COMPANY,
        KIRA,
        {"model": "openai/gpt-3", "personality": "kira"},
        (400, "model_blocked", "model"),
    ),
    "a_blocked_model_by_its_alias": (
        COMPANY,
        KIRA,
        {"model": "default", "personality": "kira"},
        (400, "model_blocked", "model"),
    ),
    "an_unknown_primary": (
        COMPANY,
        None,
        {"model": "gpt-4", "primaryProvider": "Skailar"},
        (400, "unknown_provider", "primaryProvider"),
    ),
    "the_official_primary_among_third_parties": (
        THIRD_PARTY,
        None,
        {"model": "gpt-4", "primaryProvider": "openai"},
        (400, "unknown_provider", "primaryProvider"),
    ),
    "a_forced_model_with_fallbacks": (
        COMPANY,
        None,
        {"model": "gpt-4", "forceModel": True, "fallbacks": ["gpt-3"]},
        (400, "invalid_value", "fallbacks"),
    ),
    "a_fallback_of_nobody": (
        COMPANY,
        None,
        {"model": "gpt-4", "fallbacks": ["gpt-3", "a/b"]},
        (404, "model_not_found", "fallbacks[1]"),
    ),
}


@pytest.mark.parametrize(("scope", "personality", "fields", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_who_cannot_be_asked(
    scope: Scope, personality: Personality | None, fields: dict[str, Any], said: tuple[int, str, str]
) -> None:
    with pytest.raises(HeadgateError) as raised:
        plan(scope, personality, **fields)
    assert (raised.value.status, raised.value.code, raised.value.param) == said


def test_where_there_is_nobody_at_all() -> None:
    """503: it may be different at another moment, or with another configuration."""
    alone = Planner(Catalogue({"openai": Fake(name="openai", models=["gpt-4"])}, {}, ()), ())
    with pytest.raises(HeadgateError) as raised:
        asyncio.run(alone.plan(read(model="gpt-4"), None, THIRD_PARTY))
    assert (raised.value.status, raised.value.code) == (503, "model_not_available")
