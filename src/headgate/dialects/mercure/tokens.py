"""
Access tokens: JSON Web Tokens (RFC 9068) that say who may publish, and who may read what is private.

They are made by others, with a key that is shared with us, or whose public half we know. What is wrong with one is
written to the log and not told to its bearer.
"""

import logging
from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from headgate.dialects.mercure.failures import InvalidToken
from headgate.dialects.mercure.grants import BadGrant, Grants, read_claim, read_details
from headgate.dialects.mercure.matchers import BadMatcher, Matchers

log = logging.getLogger(__name__)

Role: TypeAlias = Literal["publisher", "subscriber"]

MAX_TOKEN = 16 * 1024
"""Characters; one that is longer is not even looked at."""

_TYPES = ("at+jwt", "application/at+jwt")


class Key(msgspec.Struct, frozen=True):
    """What tokens of one role are verified with."""

    text: str
    """A secret, or a public key as PEM."""
    algorithms: tuple[str, ...]
    """Those that may be used with it, whatever a token says."""

    @property
    def is_public(self) -> bool:
        """Whether it is the public half of two keys."""
        return self.text.lstrip().startswith("-----BEGIN")


class Tokens:
    """Finds out what tokens allow."""

    def __init__(
        self, keys: Mapping[Role, Key], issuers: Collection[str], *, takes_older: bool, matchers: Matchers
    ) -> None:
        self._keys = {role: (_loaded(key), key.algorithms) for role, key in keys.items()}
        self._issuers, self._takes_older, self._matchers = frozenset(issuers), takes_older, matchers

    def grants(self, token: str, role: Role, audience: str) -> Grants:
        """What a token allows at the hub of that audience; raises InvalidToken."""
        try:
            return self._read(token, role, audience)
        except (BadGrant, BadMatcher) as error:
            log.debug("The token of a %s was refused: %s", role, error)
            raise InvalidToken from None

    def _read(self, token: str, role: Role, audience: str) -> Grants:
        if role not in self._keys:
            raise BadGrant(f"there is no key for {role}s")
        if len(token) > MAX_TOKEN:
            raise BadGrant("it is too long")
        kind, claims = self._verified(token, role)
        expires = float(claims["exp"]) if "exp" in claims else None
        if kind in _TYPES:
            self._check(claims, audience, needed=True)
            return read_details(claims.get("authorization_details", []), self._matchers, expires)
        if not self._takes_older:
            raise BadGrant("its `typ` is not at+jwt")
        self._check(claims, audience, needed=False)
        return read_claim(claims.get("mercure"), self._matchers, expires)

    def _verified(self, token: str, role: Role) -> tuple[str, dict[str, Any]]:
        """Its type and its claims, if it is really from whoever has the key, and of this time."""
        import jwt

        key, algorithms = self._keys[role]
        options: Any = {"verify_aud": False, "verify_iss": False, "verify_sub": False, "verify_jti": False}
        try:
            whole = jwt.decode_complete(token, key, algorithms=list(algorithms), options=options)
        except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
            raise BadGrant(f"{type(error).__name__}: {error}") from None
        claims = whole["payload"]
        return str(whole["header"].get("typ", "")).lower(), claims

    def _check(self, claims: dict[str, Any], audience: str, *, needed: bool) -> None:
        said = claims.get("aud")
        if (needed or said is not None) and audience not in (said if isinstance(said, list) else [said]):
            raise BadGrant(f"its `aud` is not {audience}")
        issuer = claims.get("iss")
        if self._issuers and (needed or issuer is not None) and str(issuer) not in self._issuers:
            raise BadGrant("its `iss` is not among the issuers")
        if needed and "exp" not in claims:
            raise BadGrant("it has no `exp`")


def _loaded(key: Key) -> Any:
    """A public key is read once, not with every token."""
    if not key.is_public:
        return key.text
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    return load_pem_public_key(key.text.strip().encode())
