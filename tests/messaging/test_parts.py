"""Patterns, tokens, limits and addresses, each by itself."""

import asyncio
from base64 import urlsafe_b64decode

import pytest

from headgate.channels import Pace
from headgate.dialects.messaging import limits, wishes
from headgate.dialects.messaging.reach import Reach, fits
from headgate.dialects.messaging.tokens import MAX_TOKEN, Claims, Tokens
from headgate.errors import BadRequest, Forbidden, Unauthorized
from headgate.keys import Keys

FITS = [
    ("*", ["", "a", "a*b"], []),
    ("a", ["a"], ["", "b", "aa", "A"]),
    ("a*", ["a", "ab", "a*"], ["", "ba"]),
    ("*a", ["a", "ba", "aa"], ["", "ab"]),
    ("a*a", ["aa", "aba"], ["a", "", "ab"]),
    ("a*b*c", ["abc", "a-b-c", "abbcc", "abcbc"], ["ac", "acb", "ab"]),
    ("*ab*ba*", ["abba", "-ab-ba-"], ["aba", "ba-ab"]),
    ("**", ["", "a"], []),
    ("a.b", ["a.b"], ["axb"]),
    ("a?[b]", ["a?[b]"], ["axb"]),
]


@pytest.mark.parametrize(("pattern", "inside", "outside"), FITS)
def test_a_star_stands_for_anything_and_nothing_else_does(pattern: str, inside: list[str], outside: list[str]) -> None:
    for name in inside:
        assert fits([pattern], name), name
        assert fits(["zzz", pattern], name)
    for name in outside:
        assert not fits([pattern], name), name


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    """A regular expression would take longer than there is."""
    assert not fits(["*a" * 99 + "b"], "a" * 200)


def test_a_key_that_nothing_is_said_of_reaches_everything() -> None:
    reach = Reach({"bob": ("sales*",), "mute": ()})
    reach.check("alice", ["sales", "room"])
    reach.check("bob", ["sales", "sales-1"])
    for owner, name in (("bob", "room"), ("mute", "sales")):
        with pytest.raises(Forbidden) as caught:
            reach.check(owner, ["sales", name])
        assert caught.value.code == "channel_not_allowed"


def test_a_token_that_was_changed_anywhere_is_worth_nothing() -> None:
    tokens = Tokens(lambda: b"secret", {"alice": b""})
    token = tokens.make("alice", Claims(expires=100, user="U1"))
    assert tokens.read(token, 99)[1].user == "U1"
    for at, letter in enumerate(token):
        changed = token[:at] + ("A" if letter != "A" else "B") + token[at + 1 :]
        if at == len(token) - 1 or changed[at] == ".":
            continue  # The last letter has bits to spare.
        with pytest.raises(Unauthorized) as caught:
            tokens.read(changed, 99)
        assert caught.value.code == "invalid_token"
    with pytest.raises(Unauthorized) as caught:
        tokens.read(token, 100)
    assert caught.value.code == "token_expired"


def test_a_token_that_is_too_long_is_not_looked_at() -> None:
    tokens = Tokens(lambda: b"secret", {"alice": b""})
    long = tokens.make("alice", Claims(expires=100, channels=("x" * MAX_TOKEN,)))
    with pytest.raises(Unauthorized) as caught:
        tokens.read(long, 1)
    assert caught.value.code == "invalid_token"


def test_tokens_are_of_their_store() -> None:
    mine, theirs = Tokens(lambda: b"mine", {"alice": b""}), Tokens(lambda: b"theirs", {"alice": b""})
    with pytest.raises(Unauthorized):
        mine.read(theirs.make("alice", Claims(expires=100)), 1)
    assert mine.session("x" * 16) != theirs.session("x" * 16)
    assert mine.session("x" * 16) == mine.session("x" * 16)


def test_a_token_dies_with_its_key_also_when_another_has_its_name() -> None:
    old, new, same = (Keys([("alice", key)]).marks for key in ("a-key-that-leaked", "another-key", "a-key-that-leaked"))
    token = Tokens(lambda: b"secret", old).make("alice", Claims(expires=100))
    assert Tokens(lambda: b"secret", same).read(token, 1)[0] == "alice"
    with pytest.raises(Unauthorized):
        Tokens(lambda: b"secret", new).read(token, 1)


def test_a_token_does_not_tell_whose_key_it_was_made_with() -> None:
    token = Tokens(lambda: b"secret", {"alice": b""}).make("alice", Claims(expires=100))
    body = urlsafe_b64decode(token.partition(".")[0] + "==")
    assert b"alice" not in body
    assert b'"expires":100' in body


def test_a_bucket_fills_again() -> None:
    async def act() -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        loop.time = lambda: now  # type: ignore[method-assign]
        bucket = limits.Bucket(2.0, 4.0)
        assert [bucket.take() for _ in range(5)] == [True, True, True, True, False]
        assert bucket.wait == 0.5
        now += 0.5
        assert bucket.take(5)
        assert bucket.wait == 2.5
        now += 2.4
        assert not bucket.take()
        now += 1000
        assert [bucket.take() for _ in range(5)] == [True, True, True, True, False]

    asyncio.run(act())


@pytest.mark.parametrize(
    ("said", "pace"),
    [
        ("", Pace()),
        ("latest", Pace(latest=True)),
        ("100ms", Pace(rollup=0.1)),
        ("2s", Pace(rollup=2.0)),
        ("250ms,latest", Pace(rollup=0.25, latest=True)),
        ("104ms", Pace(rollup=0.1)),
    ],
)
def test_a_rollup_is_a_time_or_the_latest(said: str, pace: Pace) -> None:
    """Times are rounded, so that there are not too many clocks."""
    assert wishes.read_pace(said) == pace


@pytest.mark.parametrize("said", ["5", "1ms", "0ms", "61s", "latest,", ",", "-1s", "1.5s", "1m", "9999999s", "Latest"])
def test_anything_else_is_refused(said: str) -> None:
    with pytest.raises(BadRequest):
        wishes.read_pace(said)
