"""Addresses and headers: what is written for them, and what is refused."""

import pytest

from headgate.net import Proxy, Target
from headgate.net.target import Origin

HEADS = {
    "plain": ("http://example.com/v1/chat", b"POST /v1/chat HTTP/1.1\r\nhost: example.com\r\n"),
    "no_path": ("http://example.com", b"POST / HTTP/1.1\r\nhost: example.com\r\n"),
    "query": ("http://example.com?a=b&c=%20", b"POST /?a=b&c=%20 HTTP/1.1\r\nhost: example.com\r\n"),
    "default_http_port": ("http://example.com:80/", b"POST / HTTP/1.1\r\nhost: example.com\r\n"),
    "default_https_port": ("https://example.com:443/", b"POST / HTTP/1.1\r\nhost: example.com\r\n"),
    "other_port": ("https://example.com:80/", b"POST / HTTP/1.1\r\nhost: example.com:80\r\n"),
    "capital_host": ("http://EXAMPLE.com/A", b"POST /A HTTP/1.1\r\nhost: example.com\r\n"),
    "ipv6": ("http://[::1]:8000/", b"POST / HTTP/1.1\r\nhost: [::1]:8000\r\n"),
    "ipv6_default_port": ("https://[2001:DB8::1]/", b"POST / HTTP/1.1\r\nhost: [2001:db8::1]\r\n"),
    "encoded_path": ("http://h/a%2Fb/;x", b"POST /a%2Fb/;x HTTP/1.1\r\nhost: h\r\n"),
    "double_slash": ("http://h//a", b"POST //a HTTP/1.1\r\nhost: h\r\n"),
}

BAD_URLS = [
    "",
    "example.com",
    "//example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "http://",
    "http:///path",
    "http://user@example.com/",
    "http://user:secret@example.com/",
    "http://example.com/#part",
    "http://example.com/\r\nX: y",
    "http://example.com/\n",
    "http://exa\tmple.com/",
    "http://example.com/a b",
    " http://example.com/",
    "http://example.com/\x00",
    "http://example.com/ä",
    "http://exämple.com/",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:x/",
    "http://example.com:-1/",
    "http://example.com:+80/",
    "http://example.com:/",
    "http://exa{mple.com/",
    "http://a\\b/",
    "http://[::1/",
    "http://[::1%25eth0]/",
    "http://[example]/",
    "http://a[::1]b/",
    "http://[::1]x/",
]

BAD_HEADERS = [
    {"": "x"},
    {"a b": "x"},
    {"a:": "x"},
    {"ä": "x"},
    {"a\r\nb": "x"},
    {"a": "secret\r\nb: c"},
    {"a": "secret\n"},
    {"a": "secret\r"},
    {"a": "secret\x00"},
    {"a": "secret\x7f"},
    {"a": "secret€"},
    {"Host": "secret"},
    {"content-length": "1"},
    {"Transfer-Encoding": "chunked"},
    {"connection": "close"},
    {"Accept-Encoding": "gzip"},
    {"Upgrade": "h2c"},
    {"Proxy-Authorization": "secret"},
]


@pytest.mark.parametrize(("url", "begin"), HEADS.values(), ids=HEADS.keys())
def test_a_head_names_path_and_host(url: str, begin: bytes) -> None:
    assert Target("POST", url, {}).head == begin + b"accept-encoding: identity\r\n"


def test_an_origin_is_scheme_host_and_port() -> None:
    assert Target("GET", "https://Example.com/a", {}).origin == Origin("https", "example.com", 443)
    assert Target("GET", "http://[::1]/", {}).origin == Origin("http", "::1", 80)


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_bad_url_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValueError, match="URL") as caught:
        Target("POST", url, {})
    assert "secret" not in str(caught.value)


def test_a_password_in_a_url_is_said_to_belong_into_a_header() -> None:
    with pytest.raises(ValueError, match="authorization header"):
        Target("POST", "http://user:secret@example.com/", {})


@pytest.mark.parametrize("method", ["", "get", "G ET", "GET\r\n", "CONNECT", "GÉT"])
def test_a_bad_method_is_refused(method: str) -> None:
    with pytest.raises(ValueError, match="method"):
        Target(method, "http://h/", {})


@pytest.mark.parametrize("headers", BAD_HEADERS)
def test_a_bad_header_is_refused_without_its_value(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header") as caught:
        Target("POST", "http://h/", headers)
    assert "secret" not in str(caught.value)
    with pytest.raises(ValueError, match="header"):
        Target("POST", "http://h/", {}).head_with(list(headers.items()), None)


def test_more_headers_replace_those_of_the_same_name() -> None:
    target = Target("POST", "http://h/", {"Authorization": "Bearer a", "x-kept": "1"})
    head = target.head_with([("authorization", "Bearer b"), ("x-new", "2"), ("x-new", "3")], None)
    assert head == (
        b"POST / HTTP/1.1\r\nhost: h\r\naccept-encoding: identity\r\n"
        b"authorization: Bearer b\r\nx-kept: 1\r\nx-new: 2\r\nx-new: 3\r\n"
    )


def test_a_proxy_is_asked_in_absolute_form() -> None:
    head = Target("GET", "http://h:81/a?b", {}).head_with([], Proxy.from_url("http://u:p@proxy:3128"))
    assert head == (
        b"GET http://h:81/a?b HTTP/1.1\r\nhost: h:81\r\naccept-encoding: identity\r\n"
        b"proxy-authorization: Basic dTpw\r\n"
    )
