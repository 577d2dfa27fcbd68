"""The two secrets of a private answer: made, told once, and afterwards only compared."""

import hashlib
import hmac
import secrets
from typing import NamedTuple

DIGITS = 32
"""Hexadecimal ones: 128 bits."""


class Tokens(NamedTuple):
    """What opens a private answer."""

    bearer: str
    """For all of its addresses, in the header `Authorization`."""
    stream: str
    """For its stream of events only, in the address, because a browser's EventSource sends no headers."""


def new() -> Tokens:
    """Two that nobody can guess."""
    return Tokens(secrets.token_hex(DIGITS // 2), secrets.token_hex(DIGITS // 2))


def repeatable(secret: bytes, key: bytes, stem: str) -> Tokens:
    """
    Two that are the same again when the same request comes again.

    A client that repeats its request under an Idempotency-Key has lost the answer, and with it the
    tokens, of which we keep only hashes. So they are made from its key, which we do not keep either,
    and our secret, which it does not know.
    """
    bearer, stream = (
        hmac.digest(secret, b"\0".join((purpose, key, stem.encode())), "sha256").hex()[:DIGITS]
        for purpose in (b"offload bearer", b"offload stream")
    )
    return Tokens(bearer, stream)


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def fits(token: str, kept: str) -> bool:
    """Whether it is the token of that digest; takes the same time whether or not."""
    return hmac.compare_digest(digest(token), kept)
