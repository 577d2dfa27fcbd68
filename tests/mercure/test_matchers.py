"""Which topics are meant."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.dialects.mercure import matchers as module
from headgate.dialects.mercure.grants import selector
from headgate.dialects.mercure.matchers import ALL, BadMatcher, Matchers
from headgate.dialects.mercure.templates import is_template, matches
from headgate.dialects.mercure.topics import MAX_TOPIC, is_reserved
from tests.mercure.minting import HUB
from tests.mercure.patterns import BAD, PATTERNS


def make() -> Matchers:
    return Matchers(HUB)


@pytest.mark.parametrize(("text", "topic", "is_match"), PATTERNS)
def test_patterns(text: str, topic: str, is_match: bool) -> None:
    matchers = make()
    assert matchers.accepts(matchers.read("urlpattern", text), topic) is is_match


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(BadMatcher):
        make().read("urlpattern", text)


@pytest.mark.parametrize(
    ("text", "topic", "is_match"),
    [
        ("a", "a", True),
        ("a", "A", False),
        ("a", "ab", False),
        ("*", "anything at all", True),
        ("https://e.com/:id", "https://e.com/1", False),
        ("https://e.com/{id}", "https://e.com/1", False),
        ("https://E.com", "https://e.com", False),
        ("é", "e\u0301", False),
    ],
)
def test_exact_ones_compare_characters(text: str, topic: str, is_match: bool) -> None:
    matchers = make()
    assert matchers.accepts(matchers.read("exact", text), topic) is is_match


def test_a_star_is_everything_whatever_its_kind() -> None:
    assert make().read("urlpattern", "*") is make().read("exact", "*") is ALL


@pytest.mark.parametrize(
    ("text", "topic", "is_match"),
    [
        ("plain", "plain", True),
        ("*", "plain", True),
        ("https://e.com/{id}", "https://e.com/1", True),
        ("https://e.com/{id}", "https://e.com/", True),
        ("https://e.com/{id}", "https://e.com/a/b", False),
        ("https://e.com/{id}", "https://e.com/{id}", True),
        ("https://e.com/{id}.json", "https://e.com/a.b.json", True),
        ("https://e.com/{a}/x/{b}", "https://e.com/x/x/x", True),
        ("https://e.com/{a}/x/{b}", "https://e.com/x/y/x", False),
        ("https://e.com/{a}", "https://e.com/%C3%A9", True),
        ("{a}{b}", "ab", True),
        ("{+path}", "{+path}", True),
        ("{+path}", "a/b", False),
        ("{", "{", True),
    ],
)
def test_selectors_of_older_clients(text: str, topic: str, is_match: bool) -> None:
    """Templates with plain variables; what is none is a topic."""
    matchers = make()
    assert matchers.accepts(selector(text, matchers), topic) is is_match


@given(
    st.lists(st.sampled_from(["{v}", "a", "b", "/", "-", "."]), min_size=1, max_size=8).map("".join),
    st.text("ab/-.", max_size=10),
)
def test_a_template_matches_what_a_regular_expression_would(template: str, topic: str) -> None:
    if is_template(template):
        expression = "".join(
            r"[A-Za-z0-9\-._~%]*" if piece == "{v}" else re.escape(piece) for piece in re.split(r"(\{v\})", template)
        )
        assert matches(template, topic) is (re.fullmatch(expression, topic) is not None)


@pytest.mark.parametrize("text", ["", "a" * (MAX_TOPIC + 1), "a\nb", "a\x00", "a\x7f", "a\x85"])
def test_bounds_of_a_matcher(text: str) -> None:
    for kind in ("exact", "urlpattern", "template"):
        with pytest.raises(BadMatcher):
            make().read(kind, text)


@pytest.mark.parametrize(
    "text",
    [
        "https://e.com/" + "*-" * 32,
        "https://e.com/" + "".join(f":a{number}" for number in range(33)),
        r"https://e.com/(\w{500})",
        "https://e.com/(a{2,}b)",
        "https://e.com/(" + r"\w?" * 5 + ")",
        r"https://e.com/(\p{L}\p{L})",
    ],
    ids=["wildcards", "groups", "counted", "counted from", "classes", "named classes"],
)
def test_patterns_that_are_dear_are_not_even_made(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import urlpattern

    def never(*given: object) -> None:
        raise AssertionError("it was made")

    monkeypatch.setattr(urlpattern, "URLPattern", never)
    with pytest.raises(BadMatcher):
        make().read("urlpattern", text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "https://e.com/" + "*-" * 31,
        "https://e.com/(" + "a*" * 12 + "b)",
        "https://e.com/(" + ".?.*" * 6 + ")!",
        "https://e.com/((?:(?:a+)+)+)!",
        "https://e.com/((?:a|a|a)*)!",
        "https://e.com/" + "{:a}?" * 1 + "-".join(f":b{number}" for number in range(25)),
        "*://*.*.*.*/*-*-*?*#*",
    ],
)
@pytest.mark.parametrize("topic", ["https://e.com/" + "a" * 1000, "https://e.com/" + "a-" * 500])
def test_no_pattern_takes_long(text: str, topic: str) -> None:
    """An engine that goes back would need longer than the universe has; a thousand times must take a second."""
    matchers = make()
    try:
        matcher = matchers.read("urlpattern", text)
    except BadMatcher:
        return
    for _ in range(1000):
        matchers.accepts(matcher, topic)


@pytest.mark.timeout(20)
def test_no_template_takes_long() -> None:
    matchers = make()
    matcher = selector("{a}" * 250 + "!", matchers)
    assert not matchers.accepts(matcher, "a" * 1000)


def test_only_so_many_patterns_are_kept_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are not are made again when they are asked."""
    monkeypatch.setattr(module, "KEPT_PATTERNS", 3)
    matchers = make()
    read = [matchers.read("urlpattern", f"https://e.com/{number}/:id") for number in range(5)]
    assert len(matchers._patterns) == 3
    assert all(matchers.accepts(matcher, f"https://e.com/{number}/x") for number, matcher in enumerate(read))
    assert len(matchers._patterns) == 3


@pytest.mark.parametrize(
    ("topic", "is_so"),
    [
        ("/.well-known/mercure", True),
        ("/.well-known/mercure/subscriptions/x", True),
        ("https://other.example/.well-known/mercure/x", True),
        ("/a/../.well-known/mercure/x", True),
        ("mercure", True),
        ("/.well-known/mercurex", False),
        ("https://e.com/books/1", False),
        ("any text", False),
        ("http://[", False),
    ],
)
def test_what_only_a_hub_speaks_of(topic: str, is_so: bool) -> None:
    assert is_reserved(topic, HUB) is is_so
