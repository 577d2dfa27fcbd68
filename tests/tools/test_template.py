"""Arguments fill their places in an address, and never change where it leads."""

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.net import Target
from headgate.tools import ToolError
from headgate.tools.http import UrlTemplate

BASE = "https://example.com:8443/v1/cities/{city}/days?unit=c&days={days}&tag={tags}&note=is-{note}"


@pytest.mark.parametrize(
    ("arguments", "address"),
    [
        ({"city": "Ulm"}, "/v1/cities/Ulm/days?unit=c"),
        ({"city": "Bad Doberan", "days": 3}, "/v1/cities/Bad%20Doberan/days?unit=c&days=3"),
        ({"city": "a/b?c#d&e=f", "tags": ["x&y", "z"]}, "/v1/cities/a%2Fb%3Fc%23d%26e%3Df/days?unit=c&tag=x%26y&tag=z"),
        ({"city": "Zürich", "days": None, "note": "1=1"}, "/v1/cities/Z%C3%BCrich/days?unit=c&note=is-1%3D1"),
        ({"city": 7, "days": True, "tags": {"a": 1}}, "/v1/cities/7/days?unit=c&days=true&tag=%7B%22a%22%3A1%7D"),
        ({"city": "@evil.com", "tags": []}, "/v1/cities/%40evil.com/days?unit=c"),
        ({"city": "100%"}, "/v1/cities/100%25/days?unit=c"),
        ({"city": "a..b"}, "/v1/cities/a..b/days?unit=c"),
    ],
)
def test_places_are_filled(arguments: dict[str, Any], address: str) -> None:
    assert UrlTemplate(BASE).fill(arguments, {}) == f"https://example.com:8443{address}"


@pytest.mark.parametrize(
    "city",
    [
        "",
        ".",
        "..",
        "../admin",
        "a/../../b",
        "..\\admin",
        "%2e%2e",
        "%2E%2e%2fadmin",
        "%252e%252e",
        "a\x00b",
        "a\nb",
        "x/.",
    ],
)
def test_no_argument_leads_out_of_its_part_of_the_path(city: str) -> None:
    with pytest.raises(ToolError, match="`city` must not be empty, and not hold"):
        UrlTemplate(BASE).fill({"city": city}, {})


def test_places_side_by_side_cannot_do_together_what_none_may_alone() -> None:
    with pytest.raises(ToolError):
        UrlTemplate("http://h/a/{x}{y}/b").fill({"x": ".", "y": "."}, {})
    assert UrlTemplate("http://h/a/{x}-{y}.json").fill({"x": ".", "y": "."}, {}) == "http://h/a/.-..json"


@given(st.text(), st.text(), st.text())
def test_nothing_changes_the_structure(city: str, days: str, more: str) -> None:
    try:
        address = UrlTemplate(BASE).fill({"city": city, "days": days}, {"q": more})
    except (ToolError, UnicodeEncodeError):
        return
    target, parts = Target("GET", address, {}), urlsplit(address)
    assert target.origin == ("https", "example.com", 8443)
    assert parts.path.count("/") == 4
    assert unquote(parts.path.split("/")[3]) == city
    assert [pair.partition("=")[0] for pair in parts.query.split("&")] == ["unit", "days", "q"]


def test_the_rest_goes_into_the_query() -> None:
    template = UrlTemplate("http://h?a={a}")
    assert template.fill({"a": 1}, {"b c": [1, "x y"], "d": None}) == "http://h/?a=1&b%20c=1&b%20c=x%20y"
    assert UrlTemplate("http://h/x").fill({}, {}) == "http://h/x"
    assert (list(template.names), list(template.in_path)) == (["a"], [])


@pytest.mark.parametrize(
    "text",
    [
        "ftp://example.com/",
        "example.com/x",
        "https://{host}/x",
        "https://example.com:{port}/x",
        "{scheme}://example.com",
        "https://x.{host}.example.com/",
        "https://example.com/x?{name}=1",
        "https://example.com/{a b}",
        "https://example.com/{",
        "https://example.com/x#{a}",
    ],
)
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"it must begin with|may hold the name"):
        UrlTemplate(text)
