"""Functions and toolboxes for the tests."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from headgate.tools import Context, Limits, Outcome, PlainFunction, Toolbox

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city"],
    "additionalProperties": False,
}

ULM = '{"city": "Ulm"}'

Run = Callable[[Mapping[str, Any], Context], Awaitable[str]]


async def echo(arguments: Mapping[str, Any], context: Context) -> str:
    """Says what it was called with."""
    return f"{dict(arguments)} {context.call_id}"


def function(run: Run = echo, **said: Any) -> PlainFunction:
    """One that is called `weather`, where nothing else is said."""
    return PlainFunction(**{"name": "weather", "description": "The weather.", "schema": SCHEMA, "run": run, **said})


async def outcome(
    run: Run, arguments: str = '{"city": "Ulm"}', secrets: tuple[str, ...] = (), **limits: Any
) -> Outcome:
    """What comes of calling it."""
    toolbox = Toolbox([function(run)], Limits(**limits), secrets=secrets)
    return await toolbox.call("weather", arguments, Context("run_1", "anybody", "call_1"))
