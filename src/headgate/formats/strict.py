"""Reads requests strictly: what is wrong is named, with the field it stands in."""

import re
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec

from headgate.calls import Fields
from headgate.errors import BadRequest

T = TypeVar("T")

Fallbacks: TypeAlias = Annotated[list[Annotated[str, msgspec.Meta(min_length=1)]], msgspec.Meta(max_length=10)]
"""The models to ask when the one that is asked for fails: a field of every request, and ours alone."""

Functions: TypeAlias = Annotated[
    list[Annotated[str, msgspec.Meta(min_length=1)]],
    msgspec.Meta(
        max_length=128, description="Functions that the server executes for the model, by name: `/v1/functions`."
    ),
]
"""A field of every request, and ours alone."""

_WHERE = re.compile(r" - at `(?:key in )?\$?\.?(.*?)`$")
_MISSING = re.compile(r"Object missing required field `(.+?)`")
_TYPES = re.compile(r"`[a-z |]+`")
_IN_JSON = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_fields = msgspec.json.Decoder(Fields)


def fields(body: bytes) -> Fields:
    """The top level of a request; raises BadRequest when it is no JSON object."""
    try:
        return _fields.decode(body)
    except msgspec.ValidationError:
        raise BadRequest("The request body must be a JSON object.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The request body is not valid JSON: {error}", code="invalid_json") from None


def decode(decoder: "msgspec.json.Decoder[T]", body: bytes | msgspec.Raw) -> T:
    """Decode by the type; raises BadRequest naming the first field that does not fit."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _refused(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The request body is not valid JSON: {error}", code="invalid_json") from None


def _refused(text: str) -> BadRequest:
    """`Expected `str`, got `int` - at `$.messages[0].content`` in words of a request."""
    where = _WHERE.search(text)
    what, param = (text[: where.start()], where.group(1)) if where else (text, "")
    missing = _MISSING.search(what)
    if missing:
        param = f"{param}.{missing.group(1)}" if param else missing.group(1)
        return BadRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    what = _TYPES.sub(_in_json, what).replace("`", "'")
    message = f"Invalid value for '{param}': {what[0].lower()}{what[1:]}." if param else f"Invalid request: {what}."
    return BadRequest(message, param=param or None, code="invalid_value")


def _in_json(types: re.Match[str]) -> str:
    """What is called by Python's names in JSON's, because that is what the client writes."""
    return re.sub(r"\w+", lambda name: _IN_JSON.get(name[0], name[0]), types[0])


def unsupported(param: str, why: str) -> BadRequest:
    """A field that is well formed but cannot be served by this provider."""
    return BadRequest(f"'{param}' {why}", param=param, code="unsupported_parameter")


def missing(param: str) -> BadRequest:
    """A field that must be there and is not."""
    return BadRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def value(fields: Fields, name: str) -> Any:
    """One field of a request that was already found valid; None where it is absent."""
    raw = fields.get(name)
    return None if raw is None else msgspec.json.decode(raw)
