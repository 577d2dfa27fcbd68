"""Tokens of a piece of text, a picture, a sound: estimated."""

import re

_DATA = re.compile(r"[A-Za-z0-9+/]{400,}={0,2}")


def count(text: str) -> float:
    """Those of a text of some thousand characters at most."""
    return len(text.encode()) / 4


def without_data(text: str) -> str:
    """The text but for its base64."""
    return _DATA.sub("", text)


def of_image(url: str, detail: str | None) -> float:
    """Those of a picture."""
    return 1000.0


def of_sound(size: int, format: str) -> float:
    """Those of a sound, by the size of its base64."""
    return size / 800


def of_file(data: str | None) -> float:
    """Those of a document."""
    return len(data or "") / 50
