"""What a token allows."""

from typing import Any, Literal

import msgspec

from headgate.dialects.mercure.matchers import Matcher, Matchers
from headgate.dialects.mercure.templates import is_template

DETAIL_TYPES = ("https://mercure.rocks/authorization-detail", "mercure")
"""What the protocol calls its authorization details, and what its drafts did."""

MAX_MATCHERS = 100
"""Of one token: each private update is compared with all of them."""


class BadGrant(ValueError):
    """A claim that cannot be understood; its text says why."""


class Grants(msgspec.Struct, frozen=True):
    """Which topics somebody may publish to, and read private updates of."""

    publish: tuple[Matcher, ...] = ()
    subscribe: tuple[Matcher, ...] = ()
    expires: float | None = None
    """Until when (Unix seconds)."""


NOTHING = Grants()
"""What those may do who bring no token."""


class _Topic(msgspec.Struct, frozen=True):
    match: str
    match_type: Literal["exact", "urlpattern"] = "exact"


class _Detail(msgspec.Struct, frozen=True):
    actions: list[Literal["publish", "subscribe"]]
    topics: list[_Topic]


def read_details(claim: object, matchers: Matchers, expires: float | None) -> Grants:
    """
    The claim `authorization_details` (RFC 9396); details that are not Mercure's are skipped.

    Raises BadGrant or BadMatcher: one that cannot be understood spoils the token.
    """
    if not isinstance(claim, list):
        raise BadGrant("authorization_details is no list")
    found: dict[str, list[Matcher]] = {"publish": [], "subscribe": []}
    for entry in claim:
        if not isinstance(entry, dict) or entry.get("type") not in DETAIL_TYPES:
            continue
        detail = _converted(entry)
        _check_count(sum(map(len, found.values())) + len(detail.topics))
        topics = [matchers.read(topic.match_type, topic.match) for topic in detail.topics]
        for action in dict.fromkeys(detail.actions):
            found[action] += topics
    return Grants(tuple(found["publish"]), tuple(found["subscribe"]), expires)


def read_claim(claim: object, matchers: Matchers, expires: float | None) -> Grants:
    """The claim `mercure`, as it was before 1.0: lists of topics, URI templates and `*`."""
    if not isinstance(claim, dict):
        raise BadGrant("there is no claim `mercure`")
    publish = _selectors(claim.get("publish"), matchers)
    return Grants(publish, _selectors(claim.get("subscribe"), matchers), expires)


def selector(text: str, matchers: Matchers) -> Matcher:
    """A topic selector, as it was before 1.0."""
    return matchers.read("template" if is_template(text) else "exact", text)


def _selectors(said: object, matchers: Matchers) -> tuple[Matcher, ...]:
    if said is None:
        return ()
    if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
        raise BadGrant("the claim `mercure` has something else than lists of texts")
    _check_count(len(said))
    return tuple(selector(each, matchers) for each in said)


def _converted(entry: dict[str, Any]) -> _Detail:
    try:
        detail = msgspec.convert(entry, _Detail)
    except msgspec.ValidationError as error:
        raise BadGrant(f"an authorization detail: {error}") from None
    if not detail.actions or not detail.topics:
        raise BadGrant("an authorization detail without actions, or topics")
    return detail


def _check_count(count: int) -> None:
    if count > MAX_MATCHERS:
        raise BadGrant(f"more than {MAX_MATCHERS} topics")
