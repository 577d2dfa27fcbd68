"""The page at /graphql, where GraphQL is tried."""

from pathlib import Path

from headgate.web.pages import paths
from headgate.web.policy import content_security_policy
from headgate.web.welcome import Page

_FILE = Path(__file__).parent / "static" / "graphiql.html"


def page() -> Page:
    """The page, read once at start; its scripts are those that come with an installed package."""
    body = _FILE.read_text().replace("{{assets}}", paths.GRAPHIQL).encode()
    policy = content_security_policy(body)
    return Page(body, f"content-security-policy: {policy}\r\ncache-control: no-cache\r\n".encode())
