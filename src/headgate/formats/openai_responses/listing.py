"""What a response was asked, as a list of items that all have ids."""

from typing import Any

import msgspec

from headgate.calls import Fields
from headgate.formats.openai_responses import chaining, ids

_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "reasoning": "rs",
}


def input_items(fields: Fields, run: str) -> list[dict[str, Any]]:
    """The items in the order they were given, those without an id under one of ours."""
    return [_listed(msgspec.json.decode(raw), run, number) for number, raw in enumerate(chaining.items(fields))]


def _listed(item: dict[str, Any], run: str, number: int) -> dict[str, Any]:
    what = chaining.kind(item)
    if what == "message":
        item = _message({**item, "type": what})
    id = item.get("id")
    if not isinstance(id, str) or not id:
        item = {**item, "id": ids.input_id(_PREFIXES.get(what, "item"), run, number)}
    return item


def _message(item: dict[str, Any]) -> dict[str, Any]:
    """Typed clients want parts also where there was a bare string."""
    item = {"status": "completed", **item}
    if isinstance(item["content"], str):
        text = item["content"]
        said = {"type": "output_text", "text": text, "annotations": []}
        item["content"] = [said if item["role"] == "assistant" else {"type": "input_text", "text": text}]
    return item
