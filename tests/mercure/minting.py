"""Tokens, as those make them who have the key."""

import base64
import hashlib
import hmac
import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

SECRET = "!ChangeThisMercureHubJWTSecretKey!"
"""What Mercure's own browser tests sign with."""

OTHER_SECRET = "another-secret-that-is-long-enough-for-it"
HUB = "https://localhost/.well-known/mercure"
ISSUER = "https://localhost"
DETAIL = "https://mercure.rocks/authorization-detail"


def topic(match: str, kind: str | None = None) -> dict[str, str]:
    """A matcher, as tokens have it."""
    return {"match": match} if kind is None else {"match": match, "match_type": kind}


def detail(*actions: str, topics: Any = ({"match": "*"},), **more: Any) -> dict[str, Any]:
    """An authorization detail."""
    return {"type": DETAIL, "actions": list(actions), "topics": list(topics), **more}


def claims(*details: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The claims of a token that is good for an hour."""
    said = {"iss": ISSUER, "aud": HUB, "exp": int(time.time()) + 3600, "authorization_details": list(details), **more}
    return {name: value for name, value in said.items() if value is not None}


def sign(said: dict[str, Any], key: Any = SECRET, algorithm: str | None = "HS256", typ: str | None = "at+jwt") -> str:
    """A token of these claims."""
    return jwt.PyJWS().encode(json.dumps(said).encode(), key, algorithm, headers={"typ": typ})


def may(*actions: str, topics: Any = ({"match": "*"},), **more: Any) -> str:
    """A token that allows that."""
    return sign(claims(detail(*actions, topics=topics), **more))


def older(key: Any = SECRET, typ: str | None = "JWT", *, more: Any = None, **mercure: Any) -> str:
    """A token as it was before 1.0."""
    return sign({"mercure": mercure, **(more or {})}, key, typ=typ)


@cache
def pair() -> tuple[str, str]:
    """A private and a public key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def in_its_plainest_form(payload: bytes, head: bytes = b'{"alg":"HS256","typ":"at+jwt"}') -> str:
    """A token of these bytes, made without the library that reads it."""
    parts = [base64.urlsafe_b64encode(part).rstrip(b"=") for part in (head, payload)]
    signature = hmac.digest(SECRET.encode(), b".".join(parts), hashlib.sha256)
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()
