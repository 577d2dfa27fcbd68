"""
Tokens: what a browser brings in place of a key, for a while.

A page must not hold a key that opens everything. Its own server knows who the page's user is, and asks for a
token that says so, which channels it is for, what it allows there, and until when. Nothing of it is kept: it
dies with the store that signed it, and with the key that it was made with.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping

import msgspec

from headgate.dialects.messaging.reach import EVERYTHING
from headgate.errors import Unauthorized
from headgate.formats.messaging import Right

MAX_TOKEN = 4096
"""Characters: it has to fit into an address, beside everything else that stands there."""

_TAG = 12
"""Bytes that stand for a key, whose name is nobody else's business."""


class Claims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a token says."""

    expires: int
    user: str | None = None
    email: str | None = None
    channels: tuple[str, ...] = EVERYTHING
    rights: tuple[Right, ...] = ("subscribe",)


class _Signed(Claims, frozen=True, kw_only=True):
    key: str


_decoder = msgspec.json.Decoder(_Signed)


class Tokens:
    """Makes them, and finds out what they say."""

    def __init__(self, secret: Callable[[], bytes], owners: Mapping[str, bytes]) -> None:
        self._secret, self._owners = secret, owners
        self._made: tuple[bytes, dict[str, str]] | None = None

    def make(self, owner: str, claims: Claims) -> str:
        """The token of a key's claims."""
        key, _ = self._keys()
        tag = _tag(key, owner, self._owners[owner])
        body = msgspec.json.encode(_Signed(**{**msgspec.structs.asdict(claims), "key": tag}))
        return f"{_text(body)}.{_text(_sign(key, body))}"

    def read(self, token: str, now: float) -> tuple[str, Claims]:
        """Whose key it was made with, and what it says; raises Unauthorized where it is worth nothing."""
        key, owners = self._keys()
        body, _, signature = token.partition(".")
        said = _bytes(body) if len(token) <= MAX_TOKEN else b""
        if not hmac.compare_digest(_bytes(signature), _sign(key, said)):
            raise Unauthorized("This token is not valid here.", code="invalid_token")
        claims = _decoder.decode(said)
        owner = owners.get(claims.key)
        if owner is None:
            raise Unauthorized("The key that this token was made with is gone.", code="invalid_token")
        if claims.expires <= now:
            raise Unauthorized("This token has expired.", code="token_expired")
        return owner, claims

    def session(self, name: str) -> str:
        """The id of the connections that bring this secret of their own; it says nothing about the secret."""
        key, _ = self._keys()
        return _text(hmac.digest(key, b"session\0" + name.encode("utf-8", "replace"), "sha256")[:16])

    def _keys(self) -> tuple[bytes, dict[str, str]]:
        """The key that signs, which is of use for nothing else, and the owners by their tags; there after `open`."""
        if self._made is None:
            key = hmac.digest(self._secret(), b"headgate: tokens of channels", "sha256")
            self._made = key, {_tag(key, owner, mark): owner for owner, mark in self._owners.items()}
        return self._made


def _tag(key: bytes, owner: str, mark: bytes) -> str:
    return _text(hmac.digest(key, b"owner\0%b\0%b" % (owner.encode(), mark), "sha256")[:_TAG])


def _sign(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"token\0" + body, "sha256")


def _text(said: bytes) -> str:
    return urlsafe_b64encode(said).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text.encode("ascii") + b"==")
    except ValueError:
        return b""
