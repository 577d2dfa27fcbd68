"""What is said of a webhook's URL before anything is begun."""

import pytest

from headgate.errors import BadRequest
from headgate.net import Guard
from headgate.net.guard import network
from headgate.store.base import Hook
from headgate.webhooks import check_hook


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http://",
        "http:///path",
        "http://user:password@example.com/",
        "http://example.com@169.254.169.254/",
        "http://example.com/#part",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com/a b",
        "http://example.com/\r\nhost: other",
        "http://[::1",
        "http://[fe80::1%25eth0]/",
        "http://exämple.com/",
    ],
)
def test_what_is_no_url_to_post_to_is_refused(url: str) -> None:
    with pytest.raises(BadRequest) as caught:
        check_hook(Guard(), Hook(url, "run"))
    assert caught.value.code == "invalid_webhook_url"
    assert "password" not in caught.value.message.replace("a user or a password", "")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1", "0x7f.1", "[::1]", "[fd00::1]"]
)
def test_an_address_that_is_not_allowed_is_refused(host: str) -> None:
    with pytest.raises(BadRequest, match=r"let through by \[webhooks\] allow") as caught:
        check_hook(Guard(), Hook(f"http://{host}:8080/hook", "run"))
    assert caught.value.code == "webhook_refused"


def test_what_is_allowed_is_fine() -> None:
    check_hook(Guard(), Hook("https://example.com/hook?token=1", "run"))
    check_hook(Guard([network("127.0.0.0/8")]), Hook("http://localhost:3000/hook", "run"))
