"""Requests of GraphQL over HTTP: one operation, or a batch of them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from headgate.errors import BadRequest

MAX_BATCH = 10


class GraphQLRequest(msgspec.Struct, frozen=True):
    """An operation to be executed."""

    query: str
    """The document."""
    variables: dict[str, Any] | None = None
    operationName: str | None = None
    """Which of the document's operations is meant, where it has several."""
    extensions: dict[str, Any] | None = None
    """Nothing here."""


_decode_one = msgspec.json.Decoder(GraphQLRequest)
_decode_batch = msgspec.json.Decoder(list[GraphQLRequest])
_decode_object = msgspec.json.Decoder(dict[str, Any])


def read(body: bytes) -> list[GraphQLRequest] | GraphQLRequest:
    """A body of POST; a list is a batch. Raises BadRequest."""
    try:
        if not body.lstrip().startswith(b"["):
            return _decode_one.decode(body)
        batch = _decode_batch.decode(body)
    except msgspec.ValidationError as error:
        raise BadRequest(f"This is no GraphQL request: {error}.", code="invalid_request") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {error}.", code="invalid_json") from None
    if not 0 < len(batch) <= MAX_BATCH:
        raise BadRequest(f"A batch has 1 to {MAX_BATCH} operations.", code="invalid_batch")
    return batch


def read_query(query: Mapping[str, str]) -> GraphQLRequest:
    """The query of a GET. Raises BadRequest."""
    if "query" not in query:
        raise BadRequest("There is no `query`.", param="query", code="missing_required_parameter")
    name = query.get("operationName") or None
    return GraphQLRequest(query["query"], _object(query, "variables"), name, _object(query, "extensions"))


def _object(query: Mapping[str, str], name: str) -> dict[str, Any] | None:
    text = query.get(name)
    if not text or text == "null":
        return None
    try:
        return _decode_object.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise BadRequest(f"`{name}` must be a JSON object.", param=name, code="invalid_value") from None
