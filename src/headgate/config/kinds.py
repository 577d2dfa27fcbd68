"""
What kinds of values settings have: how each is read from TOML, from text, and shown.

A value from the environment or the command line is text; `parse` makes of it what TOML would
have given, and `read` checks both alike. Each raises ValueError, and `words` then tells a person
what was expected.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from headgate.config.secret import Secret
from headgate.db.place import MEMORY
from headgate.net.guard import Network, network
from headgate.runs import NO_HEDGE, Hedge
from headgate.webhooks.signing import SigningSecret

T = TypeVar("T")

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
_MAX_AMOUNT = 1e15
"""A thousand terabytes, thirty million years: whatever is more is a slip."""
_MAX_WEIGHT = 1e6
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([a-z]*)")
_HEADER_SAFE = re.compile(r"[\x21-\x7e]+")
_WORD = re.compile(r"[A-Za-z0-9-]{1,64}")
_DATABASE = re.compile(r"[a-z][a-z0-9_]*(\+[a-z0-9_]+)?://")


def _same(text: str) -> object:
    return text


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One kind of value."""

    words: str
    """What it must be, as a sentence goes on after "must be"."""
    read: Callable[[object], T]
    parse: Callable[[str], object] = _same
    show: Callable[[T], str] = str
    """The value as one would write it in the file."""
    is_secret: bool = False
    """A wrong value must not be repeated in a message."""


def _read_text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value.strip()


def _read_secret(value: object) -> Secret:
    # A header cannot carry anything else, and a line end in one would begin another header.
    text = _read_text(value)
    if not _HEADER_SAFE.fullmatch(text):
        raise ValueError
    return Secret(text)


def _read_yes_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _parse_yes_no(text: str) -> object:
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.lower(), text)


def _parse_whole(text: str) -> object:
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def _amount(value: object, units: dict[str, float] | dict[str, int], bare: str) -> float:
    """A number with a unit, or a bare one in the unit given."""
    if isinstance(value, str):
        match = _AMOUNT.fullmatch(value.strip().lower())
        if match is None:
            raise ValueError
        value = float(match[1]) * units.get(match[2] or bare, math.nan)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _MAX_AMOUNT:
        raise ValueError
    return float(value)


def _show_duration(seconds: float) -> str:
    for unit in ("d", "h", "m"):
        if seconds >= 2 * _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f'"{seconds / _UNITS[unit]:.0f}{unit}"'
    return f"{seconds:g}" if seconds >= 1 or seconds == 0 else f'"{seconds * 1000:g}ms"'


def _show_size(size: int) -> str:
    for unit in ("GB", "MB", "KB"):
        if size >= _SIZES[unit.lower()] and size % _SIZES[unit.lower()] == 0:
            return f'"{size // _SIZES[unit.lower()]}{unit}"'
    return str(size)


def _quoted(value: str) -> str:
    return f'"{value}"'


def _list(items: tuple[str, ...]) -> str:
    return f"[{', '.join(_quoted(item) for item in items)}]"


def _read_texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError
    return tuple(_read_text(item) for item in value)


def _parse_texts(text: str) -> object:
    return [item.strip() for item in text.split(",") if item.strip()]


def _read_networks(value: object) -> tuple[Network, ...]:
    return tuple(network(text) for text in _read_texts(value))


def _show_networks(value: tuple[Network, ...]) -> str:
    return _list(tuple(str(each) for each in value))


def _read_signing_secret(value: object) -> Secret:
    secret = _read_secret(value)
    SigningSecret.from_text(secret.reveal())
    return secret


def whole(least: int, most: int) -> Kind[int]:
    """A whole number between two others, both allowed."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError
        return value

    return Kind(f"a whole number from {least} to {most}", read, _parse_whole)


def size(least: int) -> Kind[int]:
    """An amount of memory, in bytes."""

    def read(value: object) -> int:
        amount = _amount(value, _SIZES, "b")
        if not math.isfinite(amount) or amount < least or amount != int(amount):
            raise ValueError
        return int(amount)

    return Kind(f'a size of at least {_show_size(least)}, like "32MB" or a number of bytes', read, show=_show_size)


def duration(least: float) -> Kind[float]:
    """A time, in seconds."""

    def read(value: object) -> float:
        seconds = _amount(value, _UNITS, "s")
        if not math.isfinite(seconds) or seconds < least:
            raise ValueError
        return seconds

    words = 'a time, like "90s", "24h", "7d" or a number of seconds'
    return Kind(words if least == 0 else f"{words}, at least {_show_duration(least)}", read, show=_show_duration)


def _read_hedge(value: object) -> Hedge:
    return {"off": NO_HEDGE, "usual": Hedge()}.get(str(value)) or Hedge(duration(0.001).read(value))


def _show_hedge(hedge: Hedge) -> str:
    if hedge == NO_HEDGE:
        return '"off"'
    return '"usual"' if hedge.after is None else _show_duration(hedge.after)


def or_none(some: Kind[T]) -> Kind[T | None]:
    """Something, or none of it."""

    def read(value: object) -> T | None:
        return None if value == "none" else some.read(value)

    def show(value: T | None) -> str:
        return '"none"' if value is None else some.show(value)

    return Kind(f'"none", or {some.words}', read, show=show)


def one_of(*choices: str) -> Kind[Any]:
    """One of a few words; Any, because which ones is for the field's own type to say."""

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError
        return value

    return Kind(" or ".join(_quoted(choice) for choice in choices), read, show=_quoted)


def some_of(*choices: str) -> Kind[Any]:
    """A set of a few words, at least one."""

    def read(value: object) -> frozenset[str]:
        chosen = frozenset(_read_texts(value))
        if not chosen or not chosen <= set(choices):
            raise ValueError
        return chosen

    return Kind(f"a list of some of {', '.join(_quoted(choice) for choice in choices)}", read, _parse_texts)


def _read_headers(value: object) -> dict[str, Secret]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError
    return {name: Secret(text) for name, text in value.items()}


def _read_table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError
    return value


def _read_address(value: object) -> str:
    text = _read_text(value).rstrip("/")
    # ValueError is what both raise, too.
    parts = urlsplit(text)
    if not _HEADER_SAFE.fullmatch(text) or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError
    if parts.query or parts.fragment or "@" in parts.netloc or parts.port == 0:
        raise ValueError
    return text


def _read_word(value: object) -> str:
    text = _read_text(value)
    if not _WORD.fullmatch(text):
        raise ValueError
    return text


def _read_database(value: object) -> Secret:
    text = _read_text(value)
    if text != MEMORY and not _DATABASE.match(text):
        raise ValueError
    return Secret(text)


DATABASE = Kind('a database\'s URL, like "sqlite:///todos.db", or "memory"', _read_database, show=repr, is_secret=True)
WORD = Kind("a word of letters, digits and hyphens", _read_word, show=_quoted)
ADDRESS = Kind('a URL, like "https://llm.example.com"', _read_address, show=_quoted)
TEXT = Kind("text", _read_text, show=_quoted)


def _read_secrets(value: object) -> tuple[Secret, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError
    return tuple(_read_secret(item) for item in value)


def _read_weights(value: object) -> tuple[float, ...]:
    if not isinstance(value, list) or any(
        isinstance(item, bool) or not isinstance(item, int | float) for item in value
    ):
        raise ValueError
    if not all(0 < item <= _MAX_WEIGHT for item in value):
        raise ValueError
    return tuple(float(item) for item in value)


SECRETS = Kind("a list of texts without spaces", _read_secrets, is_secret=True)
WEIGHTS = Kind("a list of numbers greater than 0", _read_weights, show=lambda value: str(list(value)))
SECRET = Kind("text without spaces", _read_secret, show=repr, is_secret=True)
YES_NO = Kind("true or false", _read_yes_no, _parse_yes_no, show=lambda value: str(value).lower())
TEXTS = Kind("a list of texts", _read_texts, _parse_texts, show=_list)
NETWORKS = Kind(
    'a list of networks, like ["10.1.0.0/16", "fd00::/8"]', _read_networks, _parse_texts, show=_show_networks
)
SIGNING_SECRET = Kind(
    'a secret like "whsec_..." of 24 to 64 bytes in base64', _read_signing_secret, show=repr, is_secret=True
)


def _parse_number(text: str) -> object:
    return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else text


def _read_share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError
    return float(value)


SHARE = Kind("a number from 0 to 1", _read_share, _parse_number, show=lambda value: f"{value:g}")
HEADERS = Kind('a table of texts, like { "X-Team" = "blue" }', _read_headers, is_secret=True)
TABLE = Kind("a table, like { temperature = 0.2 }", _read_table)
HEDGE = Kind('"off", "usual", or a time like "2s"', _read_hedge, show=_show_hedge)
