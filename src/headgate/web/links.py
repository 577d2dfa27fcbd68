"""
Links: addresses of one run that work without a key, for a while.

A browser's `EventSource` cannot send headers, and a page should not hold a key that opens everything.
A link's token says what it allows and until when, and is signed together with the run's name, so it
is of no use at any other run. Nothing of it is kept: it dies with the store that signed it, with its
run, and with the key that the run belongs to.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection
from typing import Annotated, Literal, TypeAlias

import msgspec

from headgate.errors import Forbidden

Rights: TypeAlias = Literal["read", "read+stop"]

MAX_LINK = 7 * 24 * 3600
"""Seconds that a link may last: it cannot be taken back before."""


class LinkRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What a link shall allow; an empty body asks for the defaults."""

    rights: Annotated[Rights, msgspec.Meta(description="Whether it may also stop the run.")] = "read"
    expires_in: Annotated[int, msgspec.Meta(ge=1, le=MAX_LINK, description="For how many seconds.")] = 3600


_RIGHTS: tuple[Rights, ...] = ("read", "read+stop")

_TAG = 12
"""Bytes that stand for an owner, whose name is nobody else's business."""

_BODY = 1 + 5 + _TAG
_SIGNED = hashlib.sha256().digest_size


class Links:
    """Makes them, and finds out what they allow."""

    def __init__(self, secret: Callable[[], bytes], owners: Collection[str]) -> None:
        self._secret, self._owners = secret, owners
        self._made: tuple[bytes, dict[bytes, str]] | None = None

    def make(self, run: str, owner: str, rights: Rights, expires: int) -> str:
        """The token of a link to that run."""
        key, _ = self._keys()
        body = bytes([_RIGHTS.index(rights)]) + expires.to_bytes(5, "big") + _tag(key, owner)
        return urlsafe_b64encode(body + _sign(key, run, body)).rstrip(b"=").decode()

    def owner(self, run: str, token: str, needed: Rights, now: float) -> str:
        """Whose run the token opens; raises Forbidden where it does not."""
        key, owners = self._keys()
        said = _decode(token)
        body, signature = said[:_BODY], said[_BODY:]
        owner = owners.get(body[-_TAG:])
        if not hmac.compare_digest(signature, _sign(key, run, body)) or owner is None:
            raise Forbidden("This link does not open this run.", code="link_invalid")
        if int.from_bytes(body[1:6], "big") <= now:
            raise Forbidden("This link has expired.", code="link_expired")
        if needed != "read" and _RIGHTS[body[0]] != needed:
            raise Forbidden("This link is for reading only.", code="link_forbids")
        return owner

    def _keys(self) -> tuple[bytes, dict[bytes, str]]:
        """The key that signs, which is of use for nothing else, and the owners by their tags; there after `open`."""
        if self._made is None:
            key = hmac.digest(self._secret(), b"headgate: links to runs", "sha256")
            self._made = key, {_tag(key, owner): owner for owner in self._owners}
        return self._made


def _tag(key: bytes, owner: str) -> bytes:
    return hmac.digest(key, b"owner\0" + owner.encode(), "sha256")[:_TAG]


def _sign(key: bytes, run: str, body: bytes) -> bytes:
    return hmac.digest(key, b"link\0" + run.encode() + b"\0" + body, "sha256")


def _decode(token: str) -> bytes:
    """The bytes of a token, as many as there must be; of anything else so many that fit nothing."""
    try:
        said = urlsafe_b64decode(token.encode("ascii") + b"==")
    except ValueError:
        said = b""
    return said if len(said) == _BODY + _SIGNED else bytes(_BODY + _SIGNED)
