"""
What an answer cost, as it stands in the usage object of every format: `cost`, in US dollars.

No vendor has both words that we add, and those that have a `cost` of their own keep it: it is what they charge.
"""

from typing import Any

import msgspec

from headgate.events import Usage

_encode = msgspec.json.Encoder().encode


def with_cost(said: dict[str, Any], usage: Usage) -> dict[str, Any]:
    """A usage object with what it cost, and whether it was estimated."""
    more: dict[str, Any] = {}
    if usage.cost is not None and said.get("cost") is None:
        more["cost"] = usage.cost
    if usage.estimated:
        more["estimated"] = True
    return {**said, **more} if more else said


def in_json(said: bytes, usage: Usage) -> bytes:
    """The same for one that is JSON already, whose bytes stay as they are."""
    if usage.cost is None and not usage.estimated:
        return said
    if usage.estimated or said.find(b'"cost"') >= 0:
        # Rare, and worth a second look.
        return _encode(with_cost(msgspec.json.decode(said), usage))
    said = said.rstrip()
    return b"".join((said[:-1], b',"cost":' if len(said) > 2 else b'"cost":', _encode(usage.cost), b"}"))
