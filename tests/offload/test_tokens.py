"""Tokens are made of chance, told once, kept as hashes."""

import re

from headgate.dialects.offload import tokens


def test_both_are_32_digits_and_nobodys_else() -> None:
    made = [token for _ in range(100) for token in tokens.new()]
    assert all(re.fullmatch("[0-9a-f]{32}", token) for token in made)
    assert len(set(made)) == 200


def test_a_token_fits_its_own_digest_only() -> None:
    bearer, stream = tokens.new()
    assert tokens.fits(bearer, tokens.digest(bearer))
    assert bearer not in tokens.digest(bearer)
    for other in (stream, "", bearer[:-1], bearer + "0", bearer.upper() + "X", "é", "\udcff"):
        assert not tokens.fits(other, tokens.digest(bearer))


def test_nothing_opens_what_has_no_token() -> None:
    assert not tokens.fits("", "")
    assert not tokens.fits(tokens.digest(""), "")


def test_repeated_ones_are_the_same_for_the_same_request_only() -> None:
    made = tokens.repeatable(b"secret", b"key", "/1/r/priv/a")
    assert made == tokens.repeatable(b"secret", b"key", "/1/r/priv/a")
    assert all(re.fullmatch("[0-9a-f]{32}", token) for token in made)
    others = [
        tokens.repeatable(b"other", b"key", "/1/r/priv/a"),
        tokens.repeatable(b"secret", b"other", "/1/r/priv/a"),
        tokens.repeatable(b"secret", b"key", "/1/r/priv/b"),
    ]
    assert len({*made, *(token for other in others for token in other)}) == 8
