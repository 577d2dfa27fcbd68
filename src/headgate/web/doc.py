"""
What is told of a route, for people and for programs that make clients.

Schemas are the structs that requests are decoded with, so that they cannot say anything else than
the server does; examples are checked by the tests.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from headgate.errors import HeadgateError

Schema: TypeAlias = type[msgspec.Struct]

JSON = "application/json"
EVENT_STREAM = "text/event-stream"
HTML = "text/html"
TEXT = "text/plain"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
OPENMETRICS = "application/openmetrics-text"


class Tag(msgspec.Struct, frozen=True):
    """A chapter of the documentation."""

    name: str
    description: str


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a request brings outside its body."""

    name: str
    place: Literal["path", "query", "header"]
    description: str
    type: Any = str
    """Any type that msgspec can write a schema of."""
    example: str | int | None = None


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A body, of a request or of an answer."""

    kind: str = JSON
    schema: Schema | None = None
    """Of an event stream: what the `data` of its events holds."""
    examples: Mapping[str, Any] = {}
    """Bodies by what they show; of JSON as values, of anything else as text."""
    fields: Mapping[str, str] = {}
    """What fields of the schema mean, where neither name nor schema say enough."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a request may be answered with."""

    status: int = 200
    meaning: str
    contents: tuple[Content, ...] = ()
    """The same in several forms; none for an answer without a body."""
    headers: Mapping[str, str] = {}
    """Headers and what they say."""


class Doc(msgspec.Struct, frozen=True, kw_only=True):
    """What /docs says of a route."""

    summary: str
    description: str
    tag: Tag
    parameters: tuple[Parameter, ...] = ()
    request: Content | None = None
    answers: tuple[Answer, ...]
    errors: tuple[HeadgateError, ...] = ()
    """What may go wrong, each as it would be raised; the route's own error body makes the example."""
    error: Schema | None = None
    """The schema of that body."""
