"""Text that must not be seen."""

import hmac

from typing_extensions import override


class Secret:
    """A key or a password; every way of printing it shows three stars."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: for a header, or a comparison, and nothing else."""
        return self._text

    @override
    def __repr__(self) -> str:
        return "***"

    @override
    def __eq__(self, other: object) -> bool:
        # In constant time, so that a comparison tells nothing about how much of a guess was right.
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    @override
    def __hash__(self) -> int:
        return hash(self._text)
