"""Functions that are requests to services, as they are configured."""

from collections.abc import Mapping
from typing import Any

import msgspec

from headgate.config.expanding import Expander
from headgate.config.functions import HttpSection
from headgate.config.problems import Problems
from headgate.config.reading import read_section, table_of
from headgate.config.secret import Secret
from headgate.config.settings import HTTP_SETTINGS
from headgate.net import Target
from headgate.tools.checking import check_schema
from headgate.tools.http import Body, Method, UrlTemplate, places_in
from headgate.tools.names import WORDS, is_name

_SCALARS = ("string", "integer", "number", "boolean")
_OPTIONAL = "optional"


class HttpConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A function that is a request."""

    name: str
    description: str
    schema: dict[str, Any]
    url: str
    method: Method
    headers: Mapping[str, Secret]
    body: Body
    idempotency_header: str
    timeout: float | None
    max_answer: int
    max_parallel: int | None
    repeatable: bool | None


def find_services(tables: Mapping[str, object], expander: Expander, problems: Problems) -> tuple[HttpConfig, ...]:
    """Those of the file, in its order."""
    found = (_service(name, value, expander, problems) for name, value in tables.items())
    return tuple(service for service in found if service is not None)


def _service(name: str, value: object, expander: Expander, problems: Problems) -> HttpConfig | None:
    section = f"functions.{name}"
    if not is_name(name):
        problems.add(f"[{section}]: a function's name may hold {WORDS}.")
        return None
    table = table_of(section, value, problems)
    given = HttpSection(**read_section(section, HTTP_SETTINGS, table, problems, {}))
    for needed in ("description", "url"):
        if needed not in table:
            problems.add(f"[{section}] needs a `{needed}`.")
    sends = given.method in ("POST", "PUT", "PATCH")
    config = HttpConfig(
        name=name,
        description=given.description,
        schema=_schema(section, given.arguments, problems),
        url=given.url,
        method=given.method,
        headers=expander.table(f"[{section}] `headers`", given.headers),
        body=given.body if given.body is not None else "json" if sends else "none",
        idempotency_header=given.idempotency_header or "" if sends else "",
        timeout=given.timeout,
        max_answer=given.max_answer,
        max_parallel=given.max_parallel,
        repeatable=given.repeatable,
    )
    if given.url:
        _check(section, config, problems)
    return config


def _schema(section: str, arguments: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required = []
    for name, value in arguments.items():
        said = {"type": value} if isinstance(value, str) else value
        if not isinstance(said, dict):
            problems.add(f'[{section}] `arguments`: `{name}` must be a JSON Schema, or a type like "string".')
            continue
        properties[name] = {key: each for key, each in said.items() if key != _OPTIONAL}
        if "default" not in said and said.get(_OPTIONAL) is not True:
            required.append(name)
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    try:
        check_schema(schema)
    except (ValueError, TypeError) as error:
        problems.add(f"[{section}] `arguments` is no JSON Schema: {error}.")
    return schema


def _check(section: str, config: HttpConfig, problems: Problems) -> None:
    """Whatever would make every call go wrong, or some go where nobody meant them to."""
    try:
        template = UrlTemplate(config.url)
    except ValueError as error:
        problems.add(f"[{section}] `url`: {error}.")
        return
    try:
        headers = {name: secret.reveal() for name, secret in config.headers.items()}
        Target(config.method, template.fill(dict.fromkeys(template.names, "x"), {}), headers)
    except ValueError as error:
        problems.add(f"[{section}] `url` or `headers`: {error}")
    properties: dict[str, Any] = config.schema["properties"]
    placed = template.names | set(places_in(config.body))
    for name in sorted(placed - properties.keys()):
        problems.add(f"[{section}] has a place for `{name}`, which is not among its `arguments`.")
    for name in sorted(template.in_path & properties.keys()):
        is_there = name in config.schema["required"] or "default" in properties[name]
        if not is_there or properties[name].get("type") not in _SCALARS:
            problems.add(
                f"[{section}] has `{name}` in the path of its `url`, so it must not be optional, and have one of the "
                f"types {', '.join(_SCALARS)}."
            )
    if not isinstance(config.body, str):
        for name in sorted(properties.keys() - placed):
            problems.add(f"[{section}] has an argument `{name}` that has no place in its `url` or its `body`.")
    if config.method == "GET" and config.body != "none":
        problems.add(f"[{section}] asks with GET, which has no body.")
