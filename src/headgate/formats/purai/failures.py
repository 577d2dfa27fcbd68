"""
What failed providers said, as PurAI tells it.

PurAI lets a model summarize errors, which costs a request and may fail in its turn. Here the short form is made by
hand: one line without markup, cut to a length that a person reads. Whoever disables that gets all that we keep.
"""

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from headgate.errors import HeadgateError, Tried
from headgate.events import Attempt, Failed

SOME_FAILED = "Some of our providers returned with errors. 'records' holds what they said."
ALL_FAILED = "All of our providers returned with errors. 'records' holds what they said."

MAX_SHORT = 200
"""Letters of a short form: the first sentence or two, which say what went wrong."""

Record: TypeAlias = dict[str, Any]

_TAGS = re.compile(r"<[a-zA-Z/!][^<>]*>")
_SPACE = re.compile(r"\s+")


def records(failed: Iterable[Attempt | Tried], *, is_raw: bool) -> list[Record]:
    """One for each, in their order."""
    return [_record(one, is_raw) for one in failed]


def _record(failed: Attempt | Tried, is_raw: bool) -> Record:
    message = failed.message if is_raw else short(failed.message)
    said = {"message": message, "code": failed.code, "model": failed.model}
    return {"provider": failed.provider, "response": {"status": failed.status, "data": {"error": said}}}


def short(message: str) -> str:
    """The message in one line without markup, and not long."""
    line = _SPACE.sub(" ", html.unescape(_TAGS.sub(" ", message))).strip()
    return line if len(line) <= MAX_SHORT else f"{line[: MAX_SHORT - 3].rstrip()}..."


def cache(failed: Sequence[Attempt | Tried], *, is_raw: bool) -> dict[str, Any]:
    """The field `cache` of an answer, when some failed before it; no field otherwise."""
    if not failed:
        return {}
    said = {"message": SOME_FAILED, "records": records(failed, is_raw=is_raw)}
    return {"cache": {"status": 500, "error": said}}


def error_object(failure: HeadgateError | Failed, status: int, message: str, told: Sequence[Record]) -> dict[str, Any]:
    """The whole of an error, with the keys that OpenAI's clients look for."""
    said: dict[str, Any] = {
        "message": message,
        "type": failure.kind,
        "param": failure.param,
        "code": failure.code,
    }
    return {"status": status, "error": {**said, "records": list(told)} if told else said}
