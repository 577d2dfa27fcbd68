"""A conversation that goes on: what was said before, the answer to it, and what is said now."""

from typing import Any

import msgspec

from headgate.calls import Fields
from headgate.errors import TooLarge

_fields = msgspec.json.Decoder(Fields)
_array = msgspec.json.Decoder(list[msgspec.Raw])

_SAID = ("role", "content", "refusal", "tool_calls", "function_call")
"""What of an answer is a part of the conversation; what was thought before it is not."""


def continued(
    request: bytes, answer: dict[str, Any] | None, new: msgspec.Raw, *, most: int | None, limit: int
) -> msgspec.Raw:
    """
    The messages of an earlier request and its answer, cut to `most` characters, before the new ones.

    Where nothing came of the answer, nothing is put in its place. Raises TooLarge beyond `limit`
    bytes, because every turn of a conversation without end is larger than the one before.
    """
    messages = _array.decode(_fields.decode(request)["messages"])
    said = {} if answer is None else _said(answer, most)
    if said:
        messages.append(msgspec.Raw(msgspec.json.encode({"role": "assistant", **said})))
    whole = msgspec.json.encode(messages + _array.decode(new))
    if len(whole) > limit:
        raise TooLarge(f"The whole conversation is larger than {limit / 1_000_000:g} MB.", param="from_status_url")
    return msgspec.Raw(whole)


def _said(answer: dict[str, Any], most: int | None) -> dict[str, Any]:
    """What a message says, without fields that say nothing; empty when it says nothing at all."""
    content = answer.get("content")
    if isinstance(content, str):
        answer = {**answer, "content": content[:most]}
    said = {name: answer[name] for name in _SAID[1:] if answer.get(name)}
    # Some providers want the field in every message, also beside calls.
    return {"content": None, **said} if said else said
