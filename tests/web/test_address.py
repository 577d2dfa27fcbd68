"""The address of the server as its clients know it, whatever anybody says it is."""

from typing import Any

import pytest

from headgate.web.address import PublicAddress
from headgate.web.http import Request


def ask(headers: dict[str, str], configured: str | None = None, server: Any = ("127.0.0.1", 8080)) -> str:
    """The address for a request with these headers."""
    scope = {
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "scheme": "http",
        "server": server,
        "headgate.exchange": None,
    }
    return PublicAddress(configured).of(Request(scope, None, {}, b""))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"host": "example.com"}, "http://example.com"),
        ({"host": "example.com:8080"}, "http://example.com:8080"),
        ({"host": "[::1]:8080"}, "http://[::1]:8080"),
        ({"host": "example.com", "x-forwarded-proto": "https"}, "https://example.com"),
        ({"host": "10.0.0.1:8080", "x-forwarded-host": "a.example.com"}, "http://a.example.com"),
        (
            {"host": "b", "x-forwarded-host": "a.example.com, b", "x-forwarded-proto": "https,http"},
            "https://a.example.com",
        ),
        ({}, "http://127.0.0.1:8080"),
    ],
)
def test_it_is_where_the_request_was_sent(headers: dict[str, str], address: str) -> None:
    assert ask(headers) == address


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.com/path",
        "evil.com?",
        "evil.com#",
        "user@evil.com",
        'evil.com"',
        "evil.com\\",
        "evil com",
        "<script>",
        "exämple.com",
        "a:b",
        "a:123456",
        "[::1",
        "a" * 300,
        "-a.com",
    ],
)
def test_what_is_no_host_is_not_repeated(host: str) -> None:
    assert ask({"host": host}) == "http://127.0.0.1:8080"
    assert ask({"host": "fine.example.com", "x-forwarded-host": host}) == "http://fine.example.com"


@pytest.mark.parametrize("scheme", ["", "javascript", "https://evil.com/?", "ftp"])
def test_what_is_no_scheme_is_not_repeated(scheme: str) -> None:
    assert ask({"host": "a", "x-forwarded-proto": scheme}) == "http://a"


def test_a_configured_address_is_the_only_one() -> None:
    headers = {"host": "evil.com", "x-forwarded-host": "evil.com", "x-forwarded-proto": "http"}
    assert ask(headers, "https://llm.example.com/gate/") == "https://llm.example.com/gate"


def test_an_address_of_the_machine_itself_is_written_as_one() -> None:
    assert ask({}, server=("::1", 80)) == "http://[::1]:80"
    assert ask({}, server=None) == "http://localhost"
