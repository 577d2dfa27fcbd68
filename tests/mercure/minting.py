"""Tokens, as those make them who have the key."""

import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

SECRET = "!ChangeThisMercureHubJWTSecretKey!"
"""What Mercure's own examples and its browser tests sign with."""

OTHER_SECRET = "another-secret-that-is-long-enough-for-it"
HUB = "https://localhost/.well-known/mercure"
ISSUER = "https://localhost"
DETAIL = "https://mercure.rocks/authorization-detail"

OFFICIAL = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJodHRwczovL2xvY2FsaG9zdCIsImF1ZCI6Imh0dHBzOi8vbG9jYWxob3N0Ly"
    "53ZWxsLWtub3duL21lcmN1cmUiLCJleHAiOjQxMDI0NDQ4MDAsImF1dGhvcml6YXRpb25fZGV0YWlscyI6W3sidHlwZSI6Imh0dHBzOi8vbWVyY3"
    "VyZS5yb2Nrcy9hdXRob3JpemF0aW9uLWRldGFpbCIsImFjdGlvbnMiOlsicHVibGlzaCJdLCJ0b3BpY3MiOlt7Im1hdGNoIjoiKiJ9XX0seyJ0eX"
    "BlIjoiaHR0cHM6Ly9tZXJjdXJlLnJvY2tzL2F1dGhvcml6YXRpb24tZGV0YWlsIiwiYWN0aW9ucyI6WyJzdWJzY3JpYmUiXSwidG9waWNzIjpbey"
    "JtYXRjaCI6Imh0dHBzOi8vZXhhbXBsZS5jb20vbXktcHJpdmF0ZS10b3BpYyJ9LHsibWF0Y2giOiJodHRwczovL2V4YW1wbGUuY29tL2RlbW8vYm"
    "9va3MvOmlkLmpzb25sZCIsIm1hdGNoX3R5cGUiOiJ1cmxwYXR0ZXJuIn0seyJtYXRjaCI6Ii8ud2VsbC1rbm93bi9tZXJjdXJlL3N1YnNjcmlwdG"
    "lvbnN7LzptYXRjaFR5cGV9P3svOm1hdGNofT97LzpzdWJzY3JpYmVyfT8iLCJtYXRjaF90eXBlIjoidXJscGF0dGVybiJ9XSwicGF5bG9hZCI6ey"
    "J1c2VyIjoiaHR0cHM6Ly9leGFtcGxlLmNvbS91c2Vycy9kdW5nbGFzIiwicmVtb3RlQWRkciI6IjEyNy4wLjAuMSJ9fV19.w3Anl1ZVUiB8uLI9Z"
    "8_ekHQPsd8XP14qhPmjrIU3NkM"
)
"""The token of the protocol's own demonstration: not made by us, and good until 2100."""


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
