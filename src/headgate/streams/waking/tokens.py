"""
Tokens of wakes: who has one may say how far the work is, and nothing else.

Nothing of them is kept. Each is signed for one generation of one subscription, so it is worth nothing for
another, and dies with the store that signed it and with the key that the subscription belongs to.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection

from headgate.streams.waking.errors import TokenInvalid

_TAG = 12
"""Bytes that stand for an owner, whose name is nobody else's business."""

_BODY = _TAG + 8
_SIGNED = hashlib.sha256().digest_size


class Tokens:
    """Makes them, and finds out what they are for."""

    def __init__(self, secret: Callable[[], bytes], owners: Collection[str]) -> None:
        self._secret, self._owners = secret, owners

    def make(self, owner: str, subscription: str, generation: int) -> str:
        """The token of one generation."""
        key = self._key()
        body = _tag(key, owner) + generation.to_bytes(8, "big")
        return urlsafe_b64encode(body + _sign(key, subscription, body)).rstrip(b"=").decode()

    def read(self, subscription: str, token: bytes) -> tuple[str, int]:
        """Whose subscription of that name it is for, and which generation; raises TokenInvalid."""
        key, said = self._key(), _decode(token)
        body, signature = said[:_BODY], said[_BODY:]
        is_ours = hmac.compare_digest(signature, _sign(key, subscription, body))
        owner = next((owner for owner in self._owners if _tag(key, owner) == body[:_TAG]), None)
        if not is_ours or owner is None:
            raise TokenInvalid
        return owner, int.from_bytes(body[_TAG:], "big")

    def _key(self) -> bytes:
        return hmac.digest(self._secret(), b"headgate: wakes of subscriptions", "sha256")


def wake_id() -> str:
    """A name for a wake, which nobody else had."""
    return "w_" + secrets.token_hex(12)


def _tag(key: bytes, owner: str) -> bytes:
    return hmac.digest(key, b"owner\0" + owner.encode(), "sha256")[:_TAG]


def _sign(key: bytes, subscription: str, body: bytes) -> bytes:
    return hmac.digest(key, b"wake\0" + subscription.encode() + b"\0" + body, "sha256")


def _decode(token: bytes) -> bytes:
    try:
        said = urlsafe_b64decode(token + b"==")
    except ValueError:
        said = b""
    return said if len(said) == _BODY + _SIGNED else bytes(_BODY + _SIGNED)
