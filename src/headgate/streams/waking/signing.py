"""
Signatures of what is sent to webhooks: Ed25519, so that whoever gets it needs no secret to verify it.

Every owner has a key of its own, made from the store's secret: nobody can have something signed in another's
name. The library is loaded with the first signature, and is no part of a plain installation.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from headgate.streams.waking.errors import CannotSign

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class PublicKey(msgspec.Struct, frozen=True):
    """As a JSON Web Key (RFC 8037)."""

    kid: str
    x: str
    kty: str = "OKP"
    crv: str = "Ed25519"
    alg: str = "EdDSA"
    use: str = "sig"


class Signer:
    """Signs in the names of owners."""

    def __init__(self, secret: Callable[[], bytes]) -> None:
        self._secret = secret
        self._keys: dict[str, tuple[Ed25519PrivateKey, PublicKey]] = {}

    def public(self, owner: str) -> PublicKey:
        """What an owner's signatures are verified with; raises CannotSign."""
        return self._key(owner)[1]

    def sign(self, owner: str, now: int, body: bytes) -> str:
        """What goes with a body that is sent now; raises CannotSign."""
        key, public = self._key(owner)
        return f"t={now},kid={public.kid},ed25519={_text(key.sign(b'%d.%b' % (now, body)))}"

    def _key(self, owner: str) -> "tuple[Ed25519PrivateKey, PublicKey]":
        if owner not in self._keys:
            try:
                from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
            except ImportError:
                raise CannotSign from None
            seed = hmac.digest(self._secret(), b"headgate: signatures of wakes\0" + owner.encode(), "sha256")
            key = Ed25519PrivateKey.from_private_bytes(seed)
            raw = key.public_key().public_bytes_raw()
            self._keys[owner] = key, PublicKey(kid="ds_" + hashlib.sha256(raw).hexdigest()[:16], x=_text(raw))
        return self._keys[owner]


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
