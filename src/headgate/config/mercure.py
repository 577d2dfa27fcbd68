"""The Mercure hub: the section [mercure]."""

from importlib.util import find_spec
from typing import Annotated, Literal

import msgspec

from headgate.config import kinds
from headgate.config.problems import Problems
from headgate.config.secret import Secret

MEGABYTE = 1 << 20
KILOBYTE = 1 << 10

SECRET_ALGORITHMS = {"HS256": 32, "HS384": 48, "HS512": 64}
"""And the bytes of a secret at least: a shorter one is easier to find than a signature (RFC 7518, 3.2)."""
PUBLIC_ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "EdDSA")

EXTRA = "PyJWT, cryptography and urlpattern: scripts/extras mercure"


def _read_key(value: object) -> Secret:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return Secret(value.strip())


KEY = kinds.Kind("a secret, or a public key as PEM", _read_key, show=repr, is_secret=True)


class Mercure(msgspec.Struct, frozen=True, kw_only=True):
    """Who may publish and listen, and how much is kept."""

    key: Annotated[
        Secret | None,
        KEY,
        "What access tokens are verified with: a secret of 32 bytes or more, or a public key. It turns the hub on.",
    ] = None
    publisher_key: Annotated[Secret | None, KEY, "The same for publishers' tokens, where they have their own."] = None
    subscriber_key: Annotated[Secret | None, KEY, "The same for subscribers' tokens."] = None
    algorithms: Annotated[
        frozenset[str],
        kinds.some_of(*SECRET_ALGORITHMS, *PUBLIC_ALGORITHMS),
        "How tokens may be signed; by default HS256 with a secret, RS256 with a public key.",
    ] = frozenset({"HS256", "RS256"})
    audience: Annotated[
        str | None, kinds.TEXT, "What tokens must have as `aud`; by default the hub's own address, as clients reach it."
    ] = None
    issuers: Annotated[
        tuple[str, ...], kinds.TEXTS, "What tokens may have as `iss`; without any it is not looked at."
    ] = ()
    older_tokens: Annotated[
        bool, kinds.YES_NO, "Take tokens as they were before Mercure 1.0, too: with a claim `mercure`, without a type."
    ] = True
    anonymous: Annotated[bool, kinds.YES_NO, "Let everybody listen to updates that are not private."] = False
    history: Annotated[
        int, kinds.whole(100, 1_000_000), "How many updates are kept, of all topics together, for those who come back."
    ] = 10_000
    history_size: Annotated[int, kinds.size(MEGABYTE), "How much they may take together."] = 16 * MEGABYTE
    history_age: Annotated[float, kinds.duration(1), "How long each is kept."] = 300.0
    max_update: Annotated[int, kinds.size(KILOBYTE), "The largest form that is accepted from a publisher."] = (
        256 * KILOBYTE
    )
    max_subscribers: Annotated[
        int, kinds.whole(1, 1_000_000), "How many subscribers there may be at once; more are turned away."
    ] = 10_000

    @property
    def keys(self) -> dict[Literal["publisher", "subscriber"], Secret]:
        """What the tokens of each role are verified with; without any there is no hub."""
        publisher, subscriber = self.publisher_key or self.key, self.subscriber_key or self.key
        keys: dict[Literal["publisher", "subscriber"], Secret] = {}
        if publisher is not None:
            keys["publisher"] = publisher
        if subscriber is not None:
            keys["subscriber"] = subscriber
        return keys

    def algorithms_of(self, key: Secret) -> tuple[str, ...]:
        """Those that go with a key: a public key must never be taken for a secret."""
        fitting = PUBLIC_ALGORITHMS if _is_public(key) else SECRET_ALGORITHMS
        return tuple(name for name in fitting if name in self.algorithms)


def check_mercure(mercure: Mercure, problems: Problems) -> None:
    """Everything that would make every token, or none, a right one."""
    if mercure.keys and not _has_packages():
        problems.add(f"[mercure] needs {EXTRA}.")
        return
    named = {"key": mercure.key, "publisher_key": mercure.publisher_key, "subscriber_key": mercure.subscriber_key}
    for name, key in named.items():
        if key is None:
            continue
        label = f"[mercure] `{name}`"
        if _is_public(key):
            _check_public(label, key, problems)
        algorithms = mercure.algorithms_of(key)
        if not algorithms:
            kind = "public key" if _is_public(key) else "secret"
            problems.add(f"{label} is a {kind}, and none of the `algorithms` goes with one.")
        elif not _is_public(key):
            _check_secret(label, key, max(SECRET_ALGORITHMS[name] for name in algorithms), problems)


def _is_public(key: Secret) -> bool:
    return key.reveal().startswith("-----BEGIN")


def _check_secret(label: str, key: Secret, least: int, problems: Problems) -> None:
    if len(key.reveal().encode()) < least:
        problems.add(f"{label} must have at least {least} bytes, as the output of `openssl rand -base64 {least}`.")


def _check_public(label: str, key: Secret, problems: Problems) -> None:
    # It takes a while to load, and most servers have no such key.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if "PRIVATE KEY" in key.reveal():
        problems.add(f"{label} is a private key; the hub needs the public one, and whoever signs keeps this one.")
        return
    try:
        load_pem_public_key(key.reveal().encode())
    except (ValueError, UnsupportedAlgorithm):
        problems.add(f"{label} begins like a public key as PEM, and is none.")


def _has_packages() -> bool:
    return all(find_spec(name) is not None for name in ("jwt", "cryptography", "urlpattern"))
