"""What tokens allow, and which are worth nothing."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from headgate.dialects.mercure.failures import InvalidToken
from headgate.dialects.mercure.grants import MAX_MATCHERS, Grants
from headgate.dialects.mercure.matchers import ALL, Matcher, Matchers
from headgate.dialects.mercure.tokens import MAX_TOKEN, Key, Role, Tokens
from tests.mercure.minting import (
    HUB,
    OTHER_SECRET,
    SECRET,
    claims,
    detail,
    in_its_plainest_form,
    may,
    older,
    pair,
    sign,
    topic,
)

HS = Key(SECRET, ("HS256",))


def make(*, takes_older: bool = True, issuers: Any = ("https://localhost",), **keys: Key) -> Tokens:
    roles: dict[Role, Key] = {"publisher": keys.get("publisher", HS), "subscriber": keys.get("subscriber", HS)}
    return Tokens(roles, issuers, takes_older=takes_older, matchers=Matchers(HUB))


def read(token: str, tokens: Tokens | None = None) -> Grants:
    return (tokens or make()).grants(token, "subscriber", HUB)


def unsigned(said: dict[str, Any], head: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, said)]
    return ".".join([*parts, ""])


def test_a_token_that_others_made() -> None:
    payload = (
        b'{"iss":"https://localhost","aud":"https://localhost/.well-known/mercure","exp":4102444800,'
        b'"authorization_details":[{"type":"https://mercure.rocks/authorization-detail","actions":["publish"],'
        b'"topics":[{"match":"*"}]},{"type":"https://mercure.rocks/authorization-detail","actions":["subscribe"],'
        b'"topics":[{"match":"mine"},{"match":"https://shop.example/:id","match_type":"urlpattern"}],"payload":{}}]}'
    )
    grants = read(in_its_plainest_form(payload), make(takes_older=False))
    assert grants.publish == (ALL,)
    assert grants.subscribe == (Matcher("exact", "mine"), Matcher("urlpattern", "https://shop.example/:id"))
    assert grants.expires == 4102444800


def test_details_allow_what_they_say() -> None:
    token = sign(
        claims(
            detail("publish", "subscribe", topics=[topic("a")]),
            detail("subscribe", topics=[topic("https://e.com/:id", "urlpattern")], payload={"any": "thing"}),
            {"type": "something-else", "actions": 5},
        )
    )
    grants = read(token)
    assert grants.publish == (Matcher("exact", "a"),)
    assert grants.subscribe == (Matcher("exact", "a"), Matcher("urlpattern", "https://e.com/:id"))


def test_a_token_without_details_allows_nothing() -> None:
    said = claims()
    del said["authorization_details"]
    assert read(sign(said)).subscribe == ()


def test_an_older_token_allows_what_it_says() -> None:
    for typ in ("JWT", None, "jwt"):
        grants = read(older(typ=typ, publish=["*"], subscribe=["a", "https://e.com/{id}"]))
        assert grants.publish == (ALL,)
        assert grants.subscribe == (Matcher("exact", "a"), Matcher("template", "https://e.com/{id}"))
        assert grants.expires is None
    assert read(older()) == Grants()


def test_an_older_token_can_be_refused() -> None:
    with pytest.raises(InvalidToken):
        read(older(subscribe=["*"]), make(takes_older=False))


def test_the_older_claim_of_a_new_token_says_nothing() -> None:
    assert read(sign(claims(mercure={"subscribe": ["*"]}))).subscribe == ()


NOW = int(time.time())

BAD: dict[str, str] = {
    "nonsense": "x.y.z",
    "empty": "",
    "one part": "abc",
    "other key": sign(claims(detail("subscribe")), OTHER_SECRET),
    "no algorithm": unsigned(claims(detail("subscribe")), {"alg": "none", "typ": "at+jwt"}),
    "no algorithm, older": unsigned({"mercure": {"subscribe": ["*"]}}, {"alg": "none"}),
    "expired": may("subscribe", exp=NOW - 1),
    "no exp": may("subscribe", exp=None),
    "exp is no number": may("subscribe", exp="soon"),
    "exp is endless": may("subscribe", exp=float("inf")),
    "exp is null": sign({**claims(detail("subscribe")), "exp": None}),
    "deep claims": in_its_plainest_form(b"[" * 10_000),
    "deep head": in_its_plainest_form(b"{}", b"[" * 10_000),
    "claims are a list": in_its_plainest_form(b"[]"),
    "not yet": may("subscribe", nbf=NOW + 3600),
    "other audience": may("subscribe", aud="https://other/.well-known/mercure"),
    "no audience": may("subscribe", aud=None),
    "audience is no text": may("subscribe", aud={"a": 1}),
    "other issuer": may("subscribe", iss="https://other"),
    "no issuer": may("subscribe", iss=None),
    "issuer is a list": may("subscribe", iss=["https://localhost"]),
    "type of another kind": sign(claims(detail("subscribe")), typ="JWT"),
    "details are no list": sign(claims(authorization_details={"a": 1})),
    "no actions": sign(claims(detail())),
    "unknown action": sign(claims(detail("subscribe", "delete"))),
    "no topics": sign(claims(detail("subscribe", topics=[]))),
    "topic is a text": sign(claims(detail("subscribe", topics=["*"]))),
    "topic without match": sign(claims(detail("subscribe", topics=[{"match_type": "exact"}]))),
    "match is null": sign(claims(detail("subscribe", topics=[{"match": None}]))),
    "unknown match type": sign(claims(detail("subscribe", topics=[topic("a", "Exact")]))),
    "bad pattern": sign(claims(detail("subscribe", topics=[topic("(", "urlpattern")]))),
    "one bad among good": sign(claims(detail("subscribe"), detail("subscribe", topics=[topic("")]))),
    "too many topics": sign(claims(detail("subscribe", topics=[topic("a")] * (MAX_MATCHERS + 1)))),
    "too long": may("subscribe", padding="x" * MAX_TOKEN),
    "older, other key": older(OTHER_SECRET, subscribe=["*"]),
    "older, expired": older(subscribe=["*"], more={"exp": NOW - 1}),
    "older, other audience": older(subscribe=["*"], more={"aud": "https://other"}),
    "older, other issuer": older(subscribe=["*"], more={"iss": "https://other"}),
    "older, not lists": older(subscribe="*"),
    "older, objects": older(subscribe=[{"match": "*"}]),
    "older, nothing": sign({"sub": "me"}, typ="JWT"),
}


@pytest.mark.parametrize("token", BAD.values(), ids=BAD.keys())
def test_tokens_that_are_worth_nothing(token: str) -> None:
    """And their bearers are all told the same."""
    with pytest.raises(InvalidToken) as caught:
        read(token)
    assert caught.value.message == InvalidToken().message


@pytest.mark.parametrize("good", [{"aud": [HUB, "https://other"]}, {"nbf": NOW - 10}, {"iat": NOW}])
def test_tokens_that_say_more(good: dict[str, Any]) -> None:
    assert read(may("subscribe", **good)).subscribe == (ALL,)


def test_only_the_algorithms_that_are_allowed() -> None:
    long = SECRET * 2
    token = sign(claims(detail("subscribe")), long, "HS384")
    assert read(token, make(subscriber=Key(long, ("HS256", "HS384")))).subscribe == (ALL,)
    with pytest.raises(InvalidToken):
        read(token, make(subscriber=Key(long, ("HS256",))))


def test_without_issuers_none_is_looked_at() -> None:
    assert read(may("subscribe", iss="https://anybody"), make(issuers=())).subscribe == (ALL,)


def test_public_keys() -> None:
    private, public = pair()
    tokens = make(subscriber=Key(public, ("RS256",)))
    assert read(sign(claims(detail("subscribe")), private, "RS256"), tokens).subscribe == (ALL,)


def test_a_public_key_is_never_taken_for_a_secret() -> None:
    """Whoever knows it could sign with it otherwise."""
    _, public = pair()
    head = {"alg": "HS256", "typ": "at+jwt"}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims(detail("subscribe")))
    ]
    signature = hmac.digest(public.strip().encode(), b".".join(parts), hashlib.sha256)
    forged = b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()
    for algorithms in (("RS256",), ("HS256", "RS256")):
        with pytest.raises(InvalidToken):
            read(forged, make(subscriber=Key(public, algorithms)))


def test_each_role_has_its_key() -> None:
    tokens = make(publisher=Key(OTHER_SECRET, ("HS256",)))
    token = may("publish", "subscribe")
    assert tokens.grants(token, "subscriber", HUB).publish == (ALL,)
    with pytest.raises(InvalidToken):
        tokens.grants(token, "publisher", HUB)


def test_a_role_without_a_key_takes_no_token() -> None:
    tokens = Tokens({"publisher": HS}, (), takes_older=True, matchers=Matchers(HUB))
    with pytest.raises(InvalidToken):
        tokens.grants(may("subscribe"), "subscriber", HUB)
