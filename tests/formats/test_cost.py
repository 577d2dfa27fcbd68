"""What an answer cost, as clients of every format are told."""

from typing import Any

import msgspec
import pytest

from headgate.events import Usage
from headgate.formats import cost, openai
from headgate.formats.anthropic import usage as anthropic
from headgate.formats.gemini import counts as gemini

EXTRA = b'{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12,"queue_time":0.5}'
PLAIN = Usage(10, 2, 12, 4, 1)
PRICED = msgspec.structs.replace(PLAIN, cost=0.000125)
GUESSED = msgspec.structs.replace(PLAIN, cost=0.000125, estimated=True)


def test_the_providers_own_object_keeps_its_bytes() -> None:
    """The cost comes after them."""
    assert cost.in_json(EXTRA, PLAIN) == EXTRA
    assert cost.in_json(EXTRA, PRICED) == EXTRA[:-1] + b',"cost":0.000125}'
    assert cost.in_json(b"{}", PRICED) == b'{"cost":0.000125}'
    assert cost.in_json(EXTRA + b"\n", PRICED) == EXTRA[:-1] + b',"cost":0.000125}'


OWN: dict[str, tuple[bytes, Any]] = {
    "its own": (b'{"total_tokens":12,"cost":0.5}', {"total_tokens": 12, "cost": 0.5}),
    "its own, which is an object": (b'{"cost":{"total_cost":0.5}}', {"cost": {"total_cost": 0.5}}),
    "none": (b'{"cost":null}', {"cost": 0.000125}),
    "of something else": (b'{"search":{"cost":1}}', {"search": {"cost": 1}, "cost": 0.000125}),
}


@pytest.mark.parametrize(("said", "expected"), OWN.values(), ids=OWN.keys())
def test_a_provider_that_says_a_cost_has_the_word(said: bytes, expected: object) -> None:
    assert msgspec.json.decode(cost.in_json(said, PRICED)) == expected


@pytest.mark.parametrize("kindred", [True, False])
def test_every_format_says_it(kindred: bool) -> None:
    for made in (PLAIN, PRICED, GUESSED):
        usage = msgspec.structs.replace(made, extra=b'{"input_tokens":10}' if kindred else None)
        told = (
            msgspec.json.decode(openai.usage_json(usage, kindred)),
            msgspec.json.decode(msgspec.json.encode(gemini.write(usage, kindred))),
            anthropic.told(usage, kindred),
            anthropic.ended(None, usage, kindred),
        )
        for said in told:
            assert said.get("cost") == usage.cost
            assert said.get("estimated", False) == usage.estimated


def test_the_end_of_anthropics_stream_keeps_what_was_said_there() -> None:
    """But for what was found out to be only a part of it."""
    said = {"output_tokens": 2, "server_tool_use": {"web_search_requests": 1}}
    assert anthropic.ended(said, None, True) == said
    assert anthropic.ended(said, PRICED, True) == {**said, "cost": 0.000125}
    assert anthropic.ended(said, GUESSED, True)["input_tokens"] == 6
    assert anthropic.ended(said, GUESSED, True)["estimated"] is True
