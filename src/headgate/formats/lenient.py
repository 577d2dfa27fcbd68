"""Reads upstream JSON leniently: what a strict parser refuses may still be meant well."""

import json
from typing import Any

import msgspec

_any = msgspec.json.Decoder()

REPLACEMENT = "\ufffd"
"""What stands for half a character whose other half never came."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def decode(data: bytes) -> Any:
    """
    The JSON value in `data`; raises ValueError when it is none.

    Python servers write NaN and Infinity, and cut an emoji's escape in two; the standard
    library reads those, and what cannot be UTF-8 becomes the replacement character.
    """
    value, is_well_formed = decode_halves(data)
    return value if is_well_formed else well_formed(value)


def decode_halves(data: bytes) -> tuple[Any, bool]:
    """
    The same for who can find the other half of a character that was cut in two.

    If the second value is False, texts may hold lone halves: `well_formed` must replace them
    before anything is encoded.
    """
    try:
        return _any.decode(data), True
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        text = data.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", "replace")
        return json.loads(text, parse_constant=lambda _: None, parse_float=_finite, strict=False), False
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None


def well_formed(value: Any) -> Any:
    """
    The value with halves of characters joined to their other half, lone ones replaced.

    Raises ValueError when it is nested deeper than anybody means it.
    """
    try:
        return _mended(value)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _mended(value: Any) -> Any:
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_mended(inner) for inner in value]
        case dict():
            return {_mended(key): _mended(inner) for key, inner in value.items()}
        case _:
            return value


def _finite(text: str) -> float | None:
    """A number; None when it is too large to be one."""
    number = float(text)
    return number if abs(number) < float("inf") else None


class Halves:
    """
    Puts together characters that a server cut in two.

    JavaScript counts an emoji as two, and a server that cuts its text there sends half of it at
    the end of one piece and half at the start of the next.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str], str] = {}

    def __bool__(self) -> bool:
        return bool(self._kept)

    def join(self, key: tuple[int, str], piece: str) -> str:
        """The piece with the half that was kept for it; a half at its end is kept for the next."""
        text = self._kept.pop(key, "") + piece
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._kept[key] = text[-1]
            text = text[:-1]
        return text

    def rest(self) -> list[tuple[int, str]]:
        """The keys of halves whose other half never came."""
        return list(self._kept)
