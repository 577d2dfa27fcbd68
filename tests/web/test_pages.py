"""The pages work without the internet, and say of every route what the server does."""

import asyncio
import base64
import hashlib
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.web.site import Site, ask

PAGES = ["/", "/docs", "/redoc", "/docs/oauth2-redirect", "/graphql"]
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

_LINK = re.compile(r"""(?:src|href|spec-url|url)\s*[=:]\s*["']([^"']+)["']""")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_needs_nothing_from_elsewhere(site: Site, path: str) -> None:
    """Everything it refers to is on this server, and is there."""
    page = site.get(path, accept=BROWSER)
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    html = page.body.decode()
    for link in _LINK.findall(html):
        found = "/" + link.removeprefix("/")
        assert site.get(found, accept=BROWSER).status == 200, link
    elsewhere = set(re.findall(r"https?://[^\s'\"<)]+", html))
    assert elsewhere <= {"http://127.0.0.1:8080/v1/chat/completions", "http://127.0.0.1:8080/"}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_may_run_its_own_scripts_and_reach_nobody(site: Site, path: str) -> None:
    page = site.get(path, accept=BROWSER)
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    scripts = re.findall(rb"<script>(.*?)</script>", page.body, re.DOTALL)
    assert scripts or path == "/redoc"
    for script in scripts:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" in policy["script-src"]
    assert "http" not in page.headers["content-security-policy"]
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"


@pytest.mark.parametrize(
    ("path", "kind", "least"),
    [
        ("/docs/assets/swagger-ui-bundle.js", "text/javascript; charset=utf-8", 500_000),
        ("/docs/assets/swagger-ui.css", "text/css; charset=utf-8", 50_000),
        ("/docs/assets/redoc.standalone.js", "text/javascript; charset=utf-8", 500_000),
        ("/docs/assets/graphene_django_graphiql_static/graphiql.min.js", "text/javascript; charset=utf-8", 500_000),
        ("/docs/assets/graphene_django_graphiql_static/graphiql.min.css", "text/css; charset=utf-8", 50_000),
        ("/docs/assets/icon.svg", "image/svg+xml", 100),
    ],
)
def test_the_scripts_and_styles_come_from_here(site: Site, path: str, kind: str, least: int) -> None:
    answer = site.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert len(answer.body) > least
    assert answer.headers["cache-control"] == "public, max-age=86400"


def test_the_style_brings_its_pictures_along(site: Site) -> None:
    pictures = re.findall(rb"url\(\"?([a-z]*:?)", site.get("/docs/assets/swagger-ui.css").body)
    assert set(pictures) == {b"data:"}


@pytest.mark.parametrize("path", [*PAGES, "/openapi.json", "/docs/assets/icon.svg"])
def test_every_page_has_the_headers_that_all_answers_have(site: Site, path: str) -> None:
    headers = site.get(path, accept=BROWSER).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-xss-protection"] == "1; mode=block"
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert "cache-control" in headers


def test_all_that_the_gate_leaves_to_the_pages_is_there(site: Site) -> None:
    for path in site.pages.paths:
        assert site.get(path).status == 200
        assert site.get(path, method="HEAD").status == 200


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/docs/assets/icon.svg"])
def test_a_page_can_only_be_read(site: Site, path: str) -> None:
    answer = site.get(path, method="POST")
    assert answer.status == 405
    assert answer.json["error"]["code"] == "method_not_allowed"
    assert answer.json["detail"] == answer.json["error"]["message"]


@pytest.mark.parametrize("path", ["/docs/", "/docs/assets/welcome.html", "/docs/assets/../../pages.py", "/static"])
def test_nothing_else_is_shown(site: Site, path: str) -> None:
    assert site.get(path).status == 404


def test_a_request_that_comes_before_the_pages_are_ready_waits() -> None:
    site = Site()

    async def everybody() -> list[int]:
        asked = (ask(site, path) for path in ("/docs", "/redoc", "/openapi.json", "/docs"))
        return [answer.status for answer in await asyncio.gather(*asked)]

    assert site.run(everybody()) == [200] * 4
    site.close()


@pytest.mark.slow
def test_the_server_starts_without_the_framework() -> None:
    """It takes half a second to load, which no answer need wait for."""
    program = "import sys, headgate.app; sys.exit('fastapi' in sys.modules or 'pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("TEXT/HTML; q=0.5, application/json;q=0.4", "text/html"),
        ("text/html, application/json", "text/html"),
        ("application/json, text/html", "application/json"),
        ("text/html;q=0.5, application/json;q=0.6", "application/json"),
        ("text/html;q=0", "application/json"),
        ("text/html;q=nonsense", "application/json"),
        ("*/*", "application/json"),
        ("text/*", "application/json"),
        ("", "application/json"),
        (",;q=,;", "application/json"),
    ],
)
def test_a_browser_is_welcomed_with_a_page_and_everybody_else_with_json(site: Site, accept: str, kind: str) -> None:
    answer = site.get("/", accept=accept)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["vary"] == "accept"


def test_the_welcome_is_small_and_writes_nothing_but_text(site: Site) -> None:
    """What a model says must never become part of the page."""
    page = site.get("/", accept=BROWSER).body
    assert len(page) < 6000
    assert b"{{" not in page
    for way in (b"innerHTML", b"outerHTML", b"insertAdjacentHTML", b"document.write", b"eval("):
        assert way not in page


def test_the_welcome_leads_on(site: Site) -> None:
    page = site.get("/", accept=BROWSER).body.decode()
    for link in ("docs", "graphql", "v1/models", "health"):
        assert f'href="{link}"' in page


def test_try_it_out_tells_no_server_elsewhere(site: Site) -> None:
    """Swagger UI would have the document checked by one, unless it is told not to."""
    assert b'"validatorUrl": null' in site.get("/docs").body


def test_the_document_has_a_title_a_version_and_a_first_request(site: Site) -> None:
    info: dict[str, Any] = site.get("/openapi.json").json["info"]
    assert info["title"] == "Headgate"
    assert info["version"] == site.get("/").json["version"]
    assert "curl http://" in info["description"]
