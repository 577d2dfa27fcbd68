"""Whose list of todos somebody may see and change."""

from collections.abc import Mapping
from typing import Any

from headgate.keys import ANYBODY, Keys
from headgate.todos import Lists


class Access:
    """Finds out, from what a request or a socket brings."""

    def __init__(self, keys: Keys, lists: Lists) -> None:
        self._keys, self._lists = keys, lists

    def owner(self, headers: Mapping[bytes, bytes]) -> str:
        """The list of whoever sends these headers. Raises Unauthorized."""
        if self._lists.sharing == "everybody":
            return ANYBODY
        return self._lists.owner(self._keys.owner(headers))

    def owner_of_socket(self, headers: Mapping[bytes, bytes], said: Mapping[str, Any]) -> str:
        """
        The same for who says something with the first message of a socket. Raises Unauthorized.

        Pages cannot send headers with a socket, so clients put them into that message, at the top or in `headers`.
        """
        inner = said.get("headers")
        told = {**said, **(inner if isinstance(inner, dict) else {})}
        brought = {name.lower().encode(): value.encode() for name, value in told.items() if isinstance(value, str)}
        return self.owner({**headers, **brought})
