"""Listening as pages do: with EventSource, npm's and the browser's; and URL Patterns as the browser has them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.mercure.minting import HUB, ISSUER, SECRET, may
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

DATA = "one line\n\n   and the third"
END = "https://headgate.example/end/{}"

PLAYS: list[tuple[str, list[tuple[str, str]], list[str], bool, bool]] = [
    ("a text", [("match", "lamp")], ["lamp"], False, True),
    ("several matchers", [("match", "sofa"), ("match", "desk")], ["desk"], False, True),
    ("a URL", [("match", "https://shop.example/1/lamp")], ["https://shop.example/1/lamp"], False, True),
    ("a pattern", [("match_urlpattern", "https://shop.example/2/:what")], ["https://shop.example/2/sofa"], False, True),
    ("another text", [("match", "bed")], ["chair"], False, False),
    ("another URL", [("match", "https://shop.example/3/bed")], ["https://shop.example/3/chair"], False, False),
    (
        "another pattern",
        [("match_urlpattern", "https://shop.example/4/:x")],
        ["https://shop.example/5/x"],
        False,
        False,
    ),
    ("a private text", [("match", "rug")], ["rug"], True, False),
    ("a private URL", [("match", "https://shop.example/6/rug")], ["https://shop.example/6/rug"], True, False),
    (
        "a private pattern",
        [("match_urlpattern", "https://shop.example/7/:x")],
        ["https://shop.example/7/x"],
        True,
        False,
    ),
    ("an older parameter", [("topic", "https://shop.example/8/{x}")], ["https://shop.example/8/x"], False, True),
    ("another name of the topic", [("match", "stool")], ["https://shop.example/9", "stool"], False, True),
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
                "token": may("publish", "subscribe"),
                "wanted": [*wanted, ("match", end)],
                "update": [*fields, ("private", "on")] if is_private else fields,
                "last": [("topic", end), ("data", "the end")],
            }
        )
    return said


@pytest.mark.parametrize("is_browser", [False, True], ids=["npm", "chromium"])
def test_what_mercures_own_tests_play(server: Serving, is_browser: bool) -> None:
    """Ten plays after theirs, and two for older clients and several names."""
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
