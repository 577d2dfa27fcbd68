"""Listening as pages do: with EventSource, npm's and the browser's; and URL Patterns as the browser has them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.mercure.minting import HUB, ISSUER, OFFICIAL, SECRET
from tests.mercure.patterns import BAD, PATTERNS
from tests.node import chromium, node
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

CONFIG = f"""
[mercure]
key = "{SECRET}"
anonymous = true
audience = "{HUB}"
issuers = ["{ISSUER}"]
older_tokens = false
[store]
path = "memory"
"""

DATA = "data for\n\n        a play"
END = "https://headgate.example/end/{}"

PLAYS: list[tuple[str, list[tuple[str, str]], list[str], bool, bool]] = [
    ("a text", [("match", "text-0")], ["text-0"], False, True),
    ("several matchers", [("match", "foo"), ("match", "text-1")], ["text-1"], False, True),
    ("a URL", [("match", "https://example.net/foo/2")], ["https://example.net/foo/2"], False, True),
    ("a pattern", [("match_urlpattern", "https://example.net/p/:any")], ["https://example.net/p/3"], False, True),
    ("another text", [("match", "another-name")], ["will-not-match"], False, False),
    ("another URL", [("match", "https://example.net/x/other")], ["https://example.net/x/not}"], False, False),
    (
        "another pattern",
        [("match_urlpattern", "https://example.net/y/:v")],
        ["https://example.net/z/not}"],
        False,
        False,
    ),
    ("a private text", [("match", "text-7")], ["text-7"], True, False),
    ("a private URL", [("match", "https://example.net/foo/8")], ["https://example.net/foo/8"], True, False),
    (
        "a private pattern",
        [("match_urlpattern", "https://example.net/q/:any")],
        ["https://example.net/q/9"],
        True,
        False,
    ),
    ("an older parameter", [("topic", "https://example.net/r/{any}")], ["https://example.net/r/10"], False, True),
    ("another name of the topic", [("match", "text-11")], ["https://example.net/11", "text-11"], False, True),
]
"""What is played, the matchers, the topics, whether it is private, and whether an anonymous subscriber gets it."""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(CONFIG) as server:
        yield server


def plays(server: Serving) -> list[dict[str, Any]]:
    said = []
    for name, wanted, topics, is_private, _ in PLAYS:
        end = END.format(topics[-1])
        fields = [*(("topic", topic) for topic in topics), ("id", f'id-["{name}"]'), ("data", DATA)]
        said.append(
            {
                "hub": f"{server.url}/.well-known/mercure",
                "token": OFFICIAL,
                "wanted": [*wanted, ("match", end)],
                "update": [*fields, ("private", "on")] if is_private else fields,
                "last": [("topic", end), ("data", "the end")],
            }
        )
    return said


@pytest.mark.parametrize("is_browser", [False, True], ids=["npm", "chromium"])
def test_what_mercures_own_tests_play(server: Serving, is_browser: bool) -> None:
    """Its ten plays, with the token that is printed in its demonstration, and two for older clients."""
    path = chromium() if is_browser else None
    heard = node("mercure.mjs", plays=plays(server), chromium=path, home=f"{server.url}/")
    for (name, _, _, _, is_received), told in zip(PLAYS, heard, strict=True):
        id = f'id-["{name}"]'
        assert told["heard"] == ([[id, DATA]] if is_received else []), name
        assert told["published"] == {"status": 200, "type": "text/plain; charset=utf-8", "id": id}


def test_patterns_mean_what_they_mean_in_a_browser(server: Serving) -> None:
    asked = [(pattern, topic) for pattern, topic, _ in PATTERNS] + [(pattern, "x") for pattern in BAD]
    said = node("mercure.mjs", patterns=asked, base=HUB, chromium=chromium(), home=f"{server.url}/health")
    assert said == [is_match for _, _, is_match in PATTERNS] + [None] * len(BAD)
