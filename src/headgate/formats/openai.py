"""What the three OpenAI text formats share: error bodies, usage, reasons."""

from typing import Any

import msgspec

from headgate.errors import BadRequest, HeadgateError
from headgate.events import Failed, Usage
from headgate.formats import attempts, cost, letters


def error_object(failure: HeadgateError | Failed) -> dict[str, Any]:
    """OpenAI's inner error object, all four keys always there, and what was tried."""
    return {
        "message": failure.message,
        "type": failure.kind,
        "param": failure.param,
        "code": failure.code,
        **attempts.field(failure),
    }


def error_body(failure: HeadgateError | Failed) -> bytes:
    """The whole error answer; `detail` repeats the message for clients of FastAPI services."""
    return msgspec.json.encode({"error": error_object(failure), "detail": failure.message})


def unforced(choice: Any) -> Any:
    """A `tool_choice` once the model has called: who had to call a tool would have to call one for ever."""
    match choice:
        case None | "auto" | "none":
            return choice
        # Which of them it may call is still true.
        case {"type": "allowed_tools", "allowed_tools": dict(allowed)}:
            return {**choice, "allowed_tools": {**allowed, "mode": "auto"}}
        case {"type": "allowed_tools"}:
            return {**choice, "mode": "auto"}
        case _:
            return "auto"


def count(value: object) -> int:
    """A vendor's count or time: a number that is not negative, maybe written as text; 0 for any other thing."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:MAX_DIGITS])
    return int(value) if isinstance(value, int | float) and 0 <= value < MOST else 0


def number(value: object, otherwise: int) -> int:
    """A vendor's number of a choice, maybe written as text or with a point; `otherwise` where it is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value[:MAX_DIGITS])
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


MOST = 2**53
"""More than anybody counts, and more than every client's language and the store can count to."""

MAX_DIGITS = 16
"""Enough for any count; Python takes its time over numbers of thousands."""


class _Details(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    text_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0


_NO_DETAILS = _Details()


class _Usage(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """OpenAI has no nulls here."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: _Details = _NO_DETAILS
    completion_tokens_details: _Details = _NO_DETAILS


_usage = msgspec.json.Decoder(_Usage)


def read_regular_usage(raw: msgspec.Raw) -> Usage | None:
    """A usage object of OpenAI's shape to the last field, taken as its bytes came; None when it is of another."""
    try:
        usage = _usage.decode(raw)
    except msgspec.ValidationError:
        return None
    said = bytes(raw)
    # A line end (of a server that writes JSON nicely) would break a stream.
    if letters.LF in said or letters.CR in said:
        return None
    cached, reasoning = usage.prompt_tokens_details.cached_tokens, usage.completion_tokens_details.reasoning_tokens
    input, output, total = usage.prompt_tokens, usage.completion_tokens, usage.total_tokens
    # One that is negative, or over a power of two, makes all of them together so.
    if not 0 <= input | output | total | cached | reasoning < MOST:
        return None
    return Usage(input, output, total, cached, reasoning, said)


_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_OTHER_NAMES = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
_DETAILS = ("prompt_tokens_details", "completion_tokens_details")


def read_usage(usage: object) -> Usage | None:
    """Chat's and completions' usage object, however odd; None when it is absent or counts nothing."""
    if not isinstance(usage, dict) or all(usage.get(name) is None for name in (*_COUNTS, *_OTHER_NAMES.values())):
        return None
    prompt, completion = (count(usage.get(name, usage.get(_OTHER_NAMES[name]))) for name in _COUNTS[:2])
    total = count(usage.get("total_tokens")) or prompt + completion
    regular = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
    inputs, outputs = (_details(usage.get(name)) for name in _DETAILS)
    details = {name: found for name, found in zip(_DETAILS, (inputs, outputs), strict=True) if found}
    known = (*_COUNTS, *_OTHER_NAMES.values(), *_DETAILS)
    own = {key: value for key, value in usage.items() if value is not None and key not in known}
    return Usage(
        input=prompt,
        output=completion,
        total=total,
        # DeepSeek and Moonshot, xAI and Perplexity have names of their own for these.
        cached=inputs.get("cached_tokens") or count(own.get("prompt_cache_hit_tokens", own.get("cached_tokens"))),
        reasoning=outputs.get("reasoning_tokens") or count(own.get("reasoning_tokens")),
        extra=msgspec.json.encode(regular | details | own),
    )


def _details(said: object) -> dict[str, Any]:
    """A usage's details: what OpenAI knows as numbers, what it does not as it is."""
    if not isinstance(said, dict):
        return {}
    known = _Details.__struct_fields__
    return {name: count(value) if name in known else value for name, value in said.items() if value is not None}


def usage_json(usage: Usage, kindred: bool) -> bytes:
    """Chat's and completions' usage object; `kindred` says that `extra` is in this format's terms."""
    if kindred and usage.extra is not None:
        return cost.in_json(usage.extra, usage)
    said = {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.total,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
    return msgspec.json.encode(cost.with_cost(said, usage))


def no_choices_over_one(choices: int, what: str) -> None:
    """Formats with one answer per request refuse `n`."""
    if choices > 1:
        raise BadRequest(f"'n' must be 1 for {what}.", param="n", code="unsupported_parameter")
