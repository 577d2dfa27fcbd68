"""
Signatures, so that a receiver knows who speaks: Standard Webhooks, version 1.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence

PREFIX = "whsec_"

_SHAPE = re.compile(r"whsec_[A-Za-z0-9+/]+={0,2}")
_MIN_BYTES, _MAX_BYTES = 24, 64
"""What the standard asks for."""


class SigningSecret:
    """What a sender and its receivers know, and nobody else."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def from_text(cls, text: str) -> "SigningSecret":
        """Read `whsec_` and base64; raises ValueError, without the text in its message."""
        try:
            key = base64.b64decode(text.removeprefix(PREFIX), validate=True) if _SHAPE.fullmatch(text) else b""
        except binascii.Error:
            key = b""
        if not _MIN_BYTES <= len(key) <= _MAX_BYTES:
            raise ValueError(f"A secret is {PREFIX} and {_MIN_BYTES} to {_MAX_BYTES} bytes in base64.")
        return cls(key)

    @classmethod
    def derived(cls, root: bytes, name: str) -> "SigningSecret":
        """The secret of that name: whoever knows it can tell neither the root nor another one."""
        return cls(hmac.digest(root, b"webhooks/" + name.encode(), hashlib.sha256))

    def reveal(self) -> str:
        """The secret as receivers are given it."""
        return PREFIX + base64.b64encode(self._key).decode()

    def sign(self, id: str, timestamp: int, body: bytes) -> str:
        """One signature."""
        digest = hmac.digest(self._key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
        return f"v1,{base64.b64encode(digest).decode()}"


def signed_headers(
    secrets: Sequence[SigningSecret], id: str, timestamp: int, body: bytes
) -> tuple[tuple[str, str], ...]:
    """The headers that say who sent it and when; one signature for each secret, so that a secret can be changed."""
    signatures = " ".join(secret.sign(id, timestamp, body) for secret in secrets)
    return (("webhook-id", id), ("webhook-timestamp", str(timestamp)), ("webhook-signature", signatures))
