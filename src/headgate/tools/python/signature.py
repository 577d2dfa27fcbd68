"""What a Python callable takes, as a schema for models and as a shape that arguments are converted into."""

import inspect
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from headgate.tools.base import Context
from headgate.tools.python.docstrings import Docstring, read_docstring
from headgate.tools.python.schemas import in_one_piece

_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY,)
_STARRED = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


class Signature(msgspec.Struct, frozen=True):
    """All that is known of it."""

    docstring: Docstring
    schema: dict[str, Any]
    shape: type[msgspec.Struct]
    by_position: tuple[str, ...]
    """Those of its parameters that have no name for callers."""
    context: str | None
    """The parameter that wants the Context."""

    def bind(self, arguments: Mapping[str, Any], context: Context) -> tuple[list[Any], dict[str, Any]]:
        """
        What to call it with; raises msgspec.ValidationError for what does not fit its types.

        What is not given is left to its own defaults.
        """
        # Not strictly: the schema, which has been looked at, takes 3.0 for a whole number.
        converted = msgspec.convert(arguments, self.shape, strict=False, dec_hook=_build)
        named = {name: getattr(converted, name) for name in self.shape.__struct_fields__ if name in arguments}
        if self.context is not None:
            named[self.context] = context
        return [named.pop(name) for name in self.by_position if name in named], named


def read_signature(function: Callable[..., Any]) -> Signature:
    """Read it; raises ValueError with what of it no model could use."""
    parameters = _parameters(function)
    hints = _hints(function)
    docstring = read_docstring(inspect.getdoc(function))
    context = next((name for name in parameters if _is_context(hints.get(name))), None)
    fields = [
        _field(parameter, hints.get(name, Any), docstring.arguments.get(name, ""))
        for name, parameter in parameters.items()
        if name != context
    ]
    shape = msgspec.defstruct("Arguments", fields, kw_only=True, forbid_unknown_fields=True)
    by_position = tuple(name for name, parameter in parameters.items() if parameter.kind in _BY_POSITION)
    return Signature(docstring, _schema(shape), shape, by_position, context)


def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        raise ValueError("it does not tell what it takes") from None
    for parameter in parameters.values():
        if parameter.kind in _STARRED:
            raise ValueError(f"it takes {_STARRED[parameter.kind]}{parameter.name}, which cannot be told to a model")
    return parameters


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    hinted = inspect.unwrap(function)
    if not isinstance(hinted, types.FunctionType | types.MethodType | types.BuiltinFunctionType):
        hinted = type(hinted).__call__
    try:
        return get_type_hints(hinted, include_extras=True)
    except Exception as error:
        raise ValueError(f"its type hints cannot be read: {error}") from None


def _is_context(hint: Any) -> bool:
    if get_origin(hint) in (Annotated, Union, types.UnionType):
        return any(_is_context(inner) for inner in get_args(hint))
    return hint is Context


def _field(parameter: inspect.Parameter, hint: Any, words: str) -> tuple[str, Any, Any] | tuple[str, Any]:
    """A parameter as a field of the shape."""
    default = parameter.default
    if default is None:
        hint = hint | None if isinstance(hint, type) else Union[hint, None]  # noqa: UP007
    described = Annotated[hint, msgspec.Meta(description=words)] if (words := _own_words(hint) or words) else hint
    if default is inspect.Parameter.empty:
        return parameter.name, described
    return parameter.name, described, _default(default)


def _default(default: Any) -> Any:
    try:
        simple = msgspec.to_builtins(default)
    except Exception:
        # Nothing that could be told: it is the function's own affair.
        return msgspec.field(default_factory=lambda: default)
    if isinstance(simple, dict | list) and simple:
        return msgspec.field(default_factory=lambda: default)
    return msgspec.field(default_factory=type(default)) if isinstance(default, dict | list | set) else default


def _own_words(hint: Any) -> str:
    """What stands beside a type: plain words, or something that has a description or a documentation."""
    if get_origin(hint) is not Annotated:
        return ""
    for beside in hint.__metadata__:
        words = beside if isinstance(beside, str) else getattr(beside, "documentation", None)
        words = words or getattr(beside, "description", None)
        if isinstance(words, str):
            return words
    return ""


def _schema(shape: type[msgspec.Struct]) -> dict[str, Any]:
    try:
        schema = msgspec.json.schema(shape, schema_hook=_schema_of)
    except Exception as error:
        raise ValueError(f"it takes what cannot be told in JSON: {error}") from None
    return in_one_piece(schema)


def _schema_of(kind: type) -> dict[str, Any]:
    """That of a pydantic model, which many have their types in."""
    make = getattr(kind, "model_json_schema", None)
    if make is None:
        raise NotImplementedError
    return in_one_piece(make())


def _build(kind: type, value: Any) -> Any:
    """One of those from its plain form; raises ValueError."""
    validate = getattr(kind, "model_validate", None)
    if validate is None:
        raise NotImplementedError
    return validate(value)
