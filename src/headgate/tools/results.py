"""What a model is told: without secrets, and not too much."""

import re
from collections.abc import Iterable

MIN_SECRET = 6
"""Characters. What is shorter stands in too many texts by chance, and guards nothing."""

_USER = re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)")
"""The name and password that many libraries repeat with a URL when they cannot reach it."""


class Discretion:
    """Knows what must not be told."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first: one may be a part of another.
        self._secrets = sorted({each for each in secrets if len(each) >= MIN_SECRET}, key=len, reverse=True)

    @property
    def reach(self) -> int:
        """The longest of them."""
        return len(self._secrets[0]) if self._secrets else 0

    def clean(self, text: str) -> str:
        """The text, with stars in their place."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _USER.sub("***", text)


def told(text: str, limit: int, discretion: Discretion) -> str:
    """The text as a model is told it: `limit` bytes at most."""
    # What is cut off is not looked at; but a secret must not be cut before it is known for one.
    begin = discretion.clean(text[: limit + discretion.reach])
    encoded = begin.encode("utf-8", "replace")
    if len(text) <= limit and len(encoded) <= limit:
        return encoded.decode()
    note = f"\n[cut: this is the beginning of {len(text):,} characters]".encode()
    return (encoded[: max(limit - len(note), 0)] + note).decode("utf-8", "ignore")
