"""Reads upstream JSON leniently: what a strict parser refuses may still be meant well."""

import json
from typing import Any

import msgspec

_any = msgspec.json.Decoder()


def decode(data: bytes) -> Any:
    """
    The JSON value in `data`; raises ValueError when it is none.

    Python servers write NaN and Infinity, and cut an emoji's escape in two; the standard
    library reads those, and what cannot be UTF-8 becomes the replacement character.
    """
    try:
        return _any.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        text = data.decode("utf-8", "replace")
        return json.loads(_well_formed(json.dumps(json.loads(text), ensure_ascii=False)), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None


def _well_formed(text: str) -> str:
    """Pairs of surrogates joined, lone ones replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
