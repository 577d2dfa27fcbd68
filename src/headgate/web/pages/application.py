"""
The FastAPI application behind the pages; importing this module loads the framework.

It declares every route, which makes /openapi.json complete. It never answers one of them: the gate
has dispatched the data plane before.
"""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from typing_extensions import override

from headgate import __version__
from headgate.errors import HeadgateError, NotFound
from headgate.formats import openai
from headgate.web.gate import MethodNotAllowed
from headgate.web.http import Message, Receive, Scope, Send
from headgate.web.pages import paths
from headgate.web.pages.openapi import complete, operation_id
from headgate.web.policy import SECURITY, content_security_policy
from headgate.web.routes import Route, Routes

ABOUT = """\
The gateway to language models that keeps every answer: follow it live, resume it, stop it, from any provider.

```
curl http://127.0.0.1:8080/v1/chat/completions \\
  -H 'content-type: application/json' \\
  -d '{"model": "default", "messages": [{"role": "user", "content": "Hello!"}]}'
```

The OpenAI endpoints speak OpenAI's own language, so its clients work here with nothing but another base URL.

Every answer carries `Headgate-Run`, the name of its run: under `/v1/runs` it can be read again, followed and stopped.
"""

SWAGGER = {
    "validatorUrl": None,  # It would send the document to a server elsewhere.
    "tryItOutEnabled": True,
    "persistAuthorization": True,
    "displayRequestDuration": True,
    "defaultModelsExpandDepth": 0,
    "docExpansion": "list",
}

STATIC = Path(__file__).parent.parent / "static"

PACKAGES: list[str | tuple[str, str]] = [("fastapi_offline", "static"), (paths.GRAPHIQL_PACKAGE, "static")]
"""Where the libraries of the pages are; neither is imported."""

SECURITY_HEADERS = [(name, value) for name, _, value in (line.partition(b": ") for line in SECURITY.splitlines())]

ASSETS_KEPT = b"public, max-age=86400"
"""A day: an asset changes with a release and no sooner, and a day later a browser asks whether it did."""


class Application(FastAPI):
    """The pages, over the declared routes."""

    def __init__(self, routes: Routes) -> None:
        # What the server is for comes first, what it says of itself last.
        tags = dict.fromkeys(route.doc.tag for route in sorted(routes.all, key=lambda route: not route.needs_key))
        super().__init__(
            title="Headgate",
            version=__version__,
            description=ABOUT,
            openapi_tags=[{"name": tag.name, "description": tag.description} for tag in tags],
            openapi_url=paths.OPENAPI,
            docs_url=None,
            redoc_url=None,
            exception_handlers={HTTPException: _refuse},
        )
        self._declared, self._twins, self._document = routes.all, routes.twins, dict[str, Any]()
        for route in routes.all:
            self._declare(route)
        for path, page in _pages().items():
            self._show(path, page)
        self.mount(paths.ASSETS, StaticFiles(directory=STATIC, packages=PACKAGES))

    @override
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if not self._document:
            self._document = complete(super().openapi(), self._declared, self._twins)
        return self._document

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, with the headers that all pages have."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                is_kept = scope["path"].startswith(paths.ASSETS) and message["status"] < 400
                cache = (b"cache-control", ASSETS_KEPT if is_kept else b"no-cache")
                message = {**message, "headers": [*message["headers"], *SECURITY_HEADERS, cache]}
            await send(message)

        await super().__call__(scope, receive, send_with_headers)

    def _declare(self, route: Route) -> None:
        self.add_api_route(
            route.path,
            _elsewhere,
            methods=[route.method],
            operation_id=operation_id(route),
            summary=route.doc.summary,
            description=route.doc.description,
            tags=[route.doc.tag.name],
            response_class=Response,
        )

    def _show(self, path: str, page: Response) -> None:
        async def show(request: Request) -> Response:
            return page

        self.add_route(path, show, include_in_schema=False)


def _pages() -> dict[str, Response]:
    docs = get_swagger_ui_html(
        title="Headgate: try the API",
        openapi_url=paths.OPENAPI,
        oauth2_redirect_url=paths.OAUTH2_REDIRECT,
        swagger_js_url=paths.SWAGGER_SCRIPT,
        swagger_css_url=paths.SWAGGER_STYLE,
        swagger_favicon_url=paths.ICON,
        swagger_ui_parameters=SWAGGER,
    )
    redoc = get_redoc_html(
        title="Headgate: the API",
        openapi_url=paths.OPENAPI,
        redoc_js_url=paths.REDOC_SCRIPT,
        redoc_favicon_url=paths.ICON,
        with_google_fonts=False,
    )
    pages = {paths.DOCS: docs, paths.REDOC: redoc, paths.OAUTH2_REDIRECT: get_swagger_ui_oauth2_redirect_html()}
    return {path: _guarded(page) for path, page in pages.items()}


def _guarded(page: HTMLResponse) -> HTMLResponse:
    page.headers["content-security-policy"] = content_security_policy(bytes(page.body))
    return page


async def _elsewhere() -> Response:
    """The declared endpoint of every route, for whom the gate has answered already."""
    raise HTTPException(404)


async def _refuse(request: Request, error: Exception) -> Response:
    """What the framework refuses, in our words."""
    path, allowed = request.url.path, getattr(error, "headers", None)
    said: HeadgateError = NotFound(f"There is nothing at {path}.")
    if allowed and "Allow" in allowed:
        said = MethodNotAllowed(f"{path} takes {allowed['Allow']}, not {request.method}.")
    return Response(openai.error_body(said), said.status, headers=allowed, media_type="application/json")
