"""
The OpenAPI document's details, from the declared routes.

FastAPI writes the frame: title, paths, summaries, tags. It knows only pydantic's models, and drops
every null from examples, so what is in the operations comes from here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from inspect import getdoc
from typing import Any

import msgspec

from headgate.errors import HeadgateError
from headgate.web.doc import EVENT_STREAM, FORM, JSON, MULTIPART, Answer, Content, Parameter
from headgate.web.pages.schemas import Schemas, plain
from headgate.web.routes import Route

SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key of this server, where it asks for one."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The same key in a header."},
}

SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"apiKey": []}, {}]
"""Either of them, or none: a server without keys is open."""


def complete(document: dict[str, Any], routes: Sequence[Route], twins: Iterable[Route] = ()) -> dict[str, Any]:
    """The document with every operation described in full; one with twins has servers of its own."""
    schemas = Schemas(route.doc for route in routes)
    paths = {path: dict(operations) for path, operations in document["paths"].items()}
    for route in routes:
        path, method = plain_path(route.path), route.method.lower()
        paths[path][method] = {**paths[path][method], **_operation(route, schemas), **_servers(route, twins)}
    components = {"schemas": schemas.components, "securitySchemes": SECURITY_SCHEMES}
    return {**document, "paths": paths, "components": components}


def plain_path(path: str) -> str:
    """The path as OpenAPI writes it, which has no word for "the rest of the path"."""
    return path.replace(":path}", "}")


def operation_id(route: Route) -> str:
    """What generated clients call it."""
    words = re.findall(r"\w+", plain_path(route.path)) or ["root"]
    return "_".join([route.method.lower(), *words])


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    doc = route.doc
    written: dict[str, Any] = {}
    if doc.parameters:
        written["parameters"] = [_parameter(parameter) for parameter in doc.parameters]
    if doc.request is not None:
        written["requestBody"] = {"required": True, "content": _contents([doc.request], schemas)}
    written["responses"] = {
        **{str(answer.status): _answer(answer, schemas) for answer in doc.answers},
        **_errors(route, schemas),
    }
    if route.needs_key:
        written["security"] = SECURITY
    return written


def _servers(route: Route, twins: Iterable[Route]) -> dict[str, Any]:
    """Where else the operation is found: its path below a prefix."""
    elsewhere = [twin.path for twin in twins if twin.method == route.method and twin.path.endswith(route.path)]
    prefixes = dict.fromkeys(path.removesuffix(route.path) for path in elsewhere)
    return {"servers": [{"url": url} for url in ("/", *prefixes)]} if prefixes else {}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    written = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.description,
        "schema": plain(msgspec.json.schema(parameter.type)),
    }
    return written if parameter.example is None else {**written, "example": parameter.example}


def _answer(answer: Answer, schemas: Schemas) -> dict[str, Any]:
    written: dict[str, Any] = {"description": answer.meaning}
    if answer.headers:
        written["headers"] = _headers(answer.headers)
    if answer.contents:
        written["content"] = _contents(answer.contents, schemas)
    return written


def _headers(headers: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in headers.items()}


def _contents(contents: Iterable[Content], schemas: Schemas) -> dict[str, Any]:
    return {content.kind: _content(content, schemas) for content in contents}


def _content(content: Content, schemas: Schemas) -> dict[str, Any]:
    written: dict[str, Any] = {"schema": _schema(content, schemas)}
    if content.examples:
        written["examples"] = _examples(content.examples)
    return written


def _schema(content: Content, schemas: Schemas) -> Mapping[str, Any]:
    if content.kind in (JSON, FORM, MULTIPART):
        return {} if content.schema is None else schemas.reference(content.schema)
    if content.kind != EVENT_STREAM or content.schema is None:
        return {"type": "string"}
    # OpenAPI 3.1 has no word for the events of a stream, so the reference is a note of our own.
    reference = schemas.reference(content.schema)
    names = [_named(one) for one in reference.get("anyOf", [reference])]
    told = f"Server-sent events; the `data` of each is {' or '.join(names)}."
    return {"type": "string", "description": told, "x-event-data": reference}


def _named(reference: Mapping[str, Any]) -> str:
    return f"a `{reference['$ref'].rpartition('/')[2]}`" if "$ref" in reference else f"an {reference['type']}"


def _examples(examples: Mapping[str, Any]) -> dict[str, Any]:
    return {re.sub(r"\W+", "-", name).lower(): {"summary": name, "value": value} for name, value in examples.items()}


def _errors(route: Route, schemas: Schemas) -> dict[str, Any]:
    """Errors of one status are one answer with several examples."""
    by_status: dict[int, list[HeadgateError]] = {}
    for error in route.doc.errors:
        by_status.setdefault(error.status, []).append(error)
    return {str(status): _error(route, by_status[status], schemas) for status in sorted(by_status)}


def _error(route: Route, errors: list[HeadgateError], schemas: Schemas) -> dict[str, Any]:
    content = Content(
        schema=route.doc.error,
        examples={error.code: msgspec.json.decode(route.error(error)) for error in errors},
    )
    headers = {}
    if any(error.retry_after is not None for error in errors):
        headers["Retry-After"] = "Seconds to wait before another try."
    if errors[0].status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "How to send a key."
    meaning = getdoc(type(errors[0])) or HTTPStatus(errors[0].status).phrase
    return _answer(
        Answer(status=errors[0].status, meaning=meaning.partition("\n")[0], contents=(content,), headers=headers),
        schemas,
    )
