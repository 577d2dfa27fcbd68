"""Who is asking: from a request's key to the name that owns its runs."""

import hashlib
from collections.abc import Collection, Iterable, Mapping

from headgate.errors import Unauthorized

ANYBODY = "anybody"
"""The owner of all runs on a server without keys."""

HEADERS = (b"x-api-key", b"x-goog-api-key", b"x-bf-vk", b"x-rapidapi-key")
"""Where clients put their key when not under Authorization: Anthropic, Gemini, Bifrost, RapidAPI."""


class Keys:
    """
    The keys this server knows, as hashes.

    A key is looked up by its hash, so neither the time a look-up takes nor anything we
    hold in memory tells about the key itself.
    """

    def __init__(self, keys: Iterable[tuple[str, str]]) -> None:
        self._names = {_hash(key.encode()): name for name, key in keys}

    @property
    def owners(self) -> Collection[str]:
        """Everybody whom runs may belong to."""
        return self._names.values() if self._names else (ANYBODY,)

    @property
    def marks(self) -> Mapping[str, bytes]:
        """Everybody, each with something that changes with the key; nobody else may see it."""
        return {name: hashed for hashed, name in self._names.items()} or {ANYBODY: b""}

    @property
    def is_open(self) -> bool:
        """Whether there are none, and everybody may do everything."""
        return not self._names

    def owner(self, headers: Mapping[bytes, bytes]) -> str:
        """The name of the request's key; raises Unauthorized."""
        if not self._names:
            return ANYBODY
        key = key_in(headers)
        if not key:
            raise Unauthorized("No API key was given. Send it as 'Authorization: Bearer KEY'.")
        name = self._names.get(_hash(key))
        if name is None:
            raise Unauthorized("The API key is not known here.")
        return name

    def name(self, headers: Mapping[bytes, bytes]) -> str | None:
        """The same for whoever only wants to know; None for anybody, and for a key that is unknown."""
        key = key_in(headers) if self._names else b""
        return self._names.get(_hash(key)) if key else None


def key_in(headers: Mapping[bytes, bytes]) -> bytes:
    """The key a request brings, wherever its client put it; the space after Bearer is optional, its case free."""
    authorization = headers.get(b"authorization", b"").strip()
    if authorization[:6].lower() == b"bearer":
        return authorization[6:].strip()
    return next((headers[name].strip() for name in HEADERS if name in headers), b"")


def _hash(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
