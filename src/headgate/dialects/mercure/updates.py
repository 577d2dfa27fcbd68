"""What publishers say, and how subscribers are told of it."""

import uuid
from urllib.parse import parse_qsl

import msgspec

from headgate.dialects.mercure.topics import CONTROL, fault_of
from headgate.errors import BadRequest, TooLarge

MAX_TOPICS = 100
"""Of one update."""

MAX_FIELDS = MAX_TOPICS + 20

MAX_WORD = 255
"""Characters of an id or a type."""

MAX_RETRY = 9
"""Digits of a time in milliseconds: eleven days."""

EARLIEST = "earliest"
"""The place before everything that is kept; so no update has it as its id."""

RESERVED_TYPE = "mercure"
"""Events of hubs themselves."""


class Update(msgspec.Struct, frozen=True):
    """The new state of something."""

    topics: tuple[str, ...]
    """The first is what it is about, the others are other names for it."""
    id: str
    is_private: bool
    frame: bytes
    """The event that subscribers get."""


def read_update(body: bytes) -> Update:
    """The update of a form; raises BadRequest, TooLarge."""
    fields: dict[str, list[str]] = {}
    try:
        for name, value in parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS):
            fields.setdefault(name, []).append(value)
    except UnicodeDecodeError:
        raise BadRequest("The form is not in UTF-8.") from None
    except ValueError:
        raise TooLarge(f"The form has more than {MAX_FIELDS} fields.") from None
    topics = tuple(dict.fromkeys(fields.get("topic", ())))
    if not topics:
        raise BadRequest("A field `topic` is needed.", param="topic")
    if len(topics) > MAX_TOPICS:
        raise TooLarge(f"An update has at most {MAX_TOPICS} topics.", param="topic")
    for topic in topics:
        if fault := fault_of(topic, "topic"):
            raise BadRequest(fault, code="invalid_topic", param="topic")
    id, kind, retry = _id(_one(fields, "id")), _type(_one(fields, "type")), _retry(_one(fields, "retry"))
    return Update(topics, id, "private" in fields, _frame(id, kind, retry, _one(fields, "data")))


def _one(fields: dict[str, list[str]], name: str) -> str:
    values = fields.get(name, [""])
    if len(values) > 1:
        raise BadRequest(f"The field `{name}` stands there more than once.", param=name)
    return values[0]


def _id(text: str) -> str:
    if not text:
        return f"urn:uuid:{uuid.uuid4()}"
    if len(text) > MAX_WORD or CONTROL.search(text) or text.startswith("#") or text == EARLIEST:
        raise BadRequest(
            f"An id has up to {MAX_WORD} characters, none of them a control character; it does not begin with # and is "
            f"not {EARLIEST!r}.",
            param="id",
        )
    return text


def _type(text: str) -> str:
    if len(text) > MAX_WORD or CONTROL.search(text) or text == RESERVED_TYPE:
        raise BadRequest(
            f"A type has up to {MAX_WORD} characters, none of them a control character, and is not {RESERVED_TYPE!r}.",
            param="type",
        )
    return text


def _retry(text: str) -> str:
    if text and not (text.isascii() and text.isdigit() and len(text) <= MAX_RETRY):
        raise BadRequest("`retry` is a number of milliseconds.", param="retry")
    return text


def _frame(id: str, kind: str, retry: str, data: str) -> bytes:
    lines = [f"event: {kind}"] if kind else []
    lines += [f"retry: {retry}"] if retry else []
    lines.append(f"id: {id}")
    # Any of the three ends a line, and only the line feed is what a reader puts them together with.
    lines += [f"data: {line}" for line in data.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return "\n".join((*lines, "\n")).encode()
