"""HTTPS_PROXY, HTTP_PROXY and NO_PROXY."""

import pytest

from headgate.net import Proxies, Proxy

ADDRESSES = {
    "http://proxy:3128": Proxy("proxy", 3128),
    "http://proxy:3128/": Proxy("proxy", 3128),
    "proxy:3128": Proxy("proxy", 3128),
    "10.0.0.1:3128": Proxy("10.0.0.1", 3128),
    "http://proxy": Proxy("proxy", 80),
    "http://[::1]:3128": Proxy("::1", 3128),
    "http://u:p%40%3A@proxy:1": Proxy("proxy", 1, b"proxy-authorization: Basic dTpwQDo=\r\n"),
    "http://u@proxy:1": Proxy("proxy", 1, b"proxy-authorization: Basic dTo=\r\n"),
}

BAD_ADDRESSES = [
    "https://proxy:1",
    "socks5://proxy:1",
    "http://",
    "http://u:secret@:80",
    "http://u:secret@[x]:80",
    "http://a b",
    "http://p:x",
    "x\r\n:1",
]

# NO_PROXY, host, port, whether the proxy is left out
RULES = [
    ("", "example.com", 443, False),
    ("*", "example.com", 443, True),
    ("example.com", "example.com", 443, True),
    ("example.com", "api.example.com", 443, True),
    ("example.com", "notexample.com", 443, False),
    ("example.com", "example.com.evil.org", 443, False),
    (".example.com", "example.com", 443, True),
    (".example.com", "api.example.com", 443, True),
    ("*.example.com", "api.example.com", 443, True),
    ("EXAMPLE.com", "example.com", 443, True),
    ("other.org, example.com", "example.com", 443, True),
    ("other.org  example.com", "example.com", 443, True),
    (",, ,.", "example.com", 443, False),
    ("example.com:443", "example.com", 443, True),
    ("example.com:443", "example.com", 8443, False),
    ("*:443", "example.com", 443, True),
    ("*:443", "example.com", 80, False),
    ("10.1.2.3", "10.1.2.3", 443, True),
    ("10.1.2.3", "10.1.2.30", 443, False),
    ("10.1.2.3:80", "10.1.2.3", 443, False),
    ("10.0.0.0/8", "10.200.0.1", 443, True),
    ("10.0.0.7/8", "10.200.0.1", 443, True),
    ("10.0.0.0/8", "11.0.0.1", 443, False),
    ("10.0.0.0/8", "10.example.com", 443, False),
    ("fd00::/8", "fd12::1", 443, True),
    ("fd00::/8", "10.0.0.1", 443, False),
    ("[fd12::1]", "fd12::1", 443, True),
    ("[fd12::1]:443", "fd12::1", 443, True),
    ("[fd12::1]:80", "fd12::1", 443, False),
    ("fd12::1", "fd12::1", 443, True),
    ("", "localhost", 443, True),
    ("", "127.0.0.1", 443, True),
    ("", "127.8.9.1", 443, True),
    ("", "::1", 443, True),
    ("", "localhost.example.com", 443, False),
]


@pytest.mark.parametrize(("address", "proxy"), ADDRESSES.items())
def test_a_proxy_address_is_read(address: str, proxy: Proxy) -> None:
    assert Proxy.from_url(address) == proxy


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_a_bad_proxy_address_is_refused_without_being_quoted(address: str) -> None:
    with pytest.raises(ValueError, match=r"HTTP_PROXY: A proxy") as caught:
        Proxies.from_mapping({"HTTP_PROXY": address})
    assert "secret" not in str(caught.value)


def test_a_proxy_does_not_show_its_password() -> None:
    proxy = Proxy.from_url("http://u:secret@proxy:1")
    assert "secret" not in repr(proxy)
    assert "dTpz" not in repr(proxy)
    assert proxy.address == "proxy:1"


@pytest.mark.parametrize(("no_proxy", "host", "port", "is_left_out"), RULES)
def test_no_proxy_leaves_hosts_out(no_proxy: str, host: str, port: int, is_left_out: bool) -> None:
    proxies = Proxies.from_mapping({"HTTPS_PROXY": "proxy:1", "NO_PROXY": no_proxy})
    assert (proxies.proxy_for("https", host, port) is None) == is_left_out


def test_each_scheme_has_its_own_proxy() -> None:
    proxies = Proxies.from_mapping({"HTTP_PROXY": "a:1", "HTTPS_PROXY": "b:2", "https_proxy": "c:3", "http_proxy": ""})
    assert proxies.proxy_for("http", "example.com", 80) == Proxy("a", 1)
    assert proxies.proxy_for("https", "example.com", 443) == Proxy("c", 3)


def test_without_an_environment_there_is_no_proxy() -> None:
    assert Proxies.from_mapping({}) == Proxies()
    assert Proxies().proxy_for("https", "example.com", 443) is None
