"""The page that a browser gets at /."""

import html
from pathlib import Path
from typing import NamedTuple

from headgate import __version__
from headgate.web.policy import content_security_policy

_FILE = Path(__file__).parent / "static" / "welcome.html"


class Page(NamedTuple):
    """A page and its headers, as lines."""

    body: bytes
    headers: bytes


def page() -> Page:
    """The page, read once at start."""
    text = _FILE.read_text().replace("{{version}}", html.escape(__version__))
    body = text.encode()
    policy = content_security_policy(body)
    return Page(body, f"content-security-policy: {policy}\r\ncache-control: no-cache\r\n".encode())
