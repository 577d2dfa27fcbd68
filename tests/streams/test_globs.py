"""Patterns of streams' names."""

import pytest

from headgate.streams.waking.globs import Glob


@pytest.mark.parametrize(
    ("pattern", "names", "others"),
    [
        ("a", ["a"], ["b", "a/a", "aa"]),
        ("a/*", ["a/b", "a/ž"], ["a", "a/b/c", "b/a", "a/"]),
        ("*", ["a"], ["a/b"]),
        ("a/*/c", ["a/b/c"], ["a/c", "a/b/b/c"]),
        ("a/**", ["a", "a/b", "a/b/c"], ["b", "ab"]),
        ("**", ["a", "a/b/c"], []),
        ("**/c", ["c", "a/c", "a/b/c"], ["a", "c/a"]),
        ("a/**/c/*", ["a/c/d", "a/b/c/d", "a/c/c/c/d"], ["a/c", "a/c/d/e"]),
        ("user-*", ["user-1", "user-"], ["user", "user-1/a"]),
        ("*-a-*/x", ["1-a-2/x", "-a-/x", "a-a-a-a/x"], ["a/x", "1-a-2/y"]),
        ("a.c", ["a.c"], ["abc"]),
        ("[a]?", ["[a]?"], ["ab"]),
        ("a*a", ["aa", "aba", "aaa"], ["a", "ab", "ba"]),
        ("*ab*ab*", ["abab", "xabyabz"], ["ab", "aab", "abxa"]),
        ("a*b*c", ["abc", "axbbc", "abcbc"], ["ac", "acb", "abcd"]),
    ],
)
def test_what_a_pattern_means(pattern: str, names: list[str], others: list[str]) -> None:
    glob = Glob(pattern)
    assert [name for name in names if not glob.matches(name)] == []
    assert [name for name in others if glob.matches(name)] == []


def test_no_pattern_takes_forever() -> None:
    """Where every star could have taken anything."""
    assert not Glob("/".join(["**", "a"] * 60)).matches("/".join(["a"] * 300 + ["b"]))
    assert not Glob("*a" * 400 + "c").matches("a" * 1000 + "b")
    assert not Glob("*" + "a" * 500 + "b").matches("a" * 1024)
    assert Glob("/".join(["**", "a"] * 60)).matches("/".join(["a"] * 300))
