"""Arguments as a model wrote them: read, and held against the schema that the model was told."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from headgate.tools.base import ToolError
from headgate.tools.weighing import inside, weigh

MAX_ARGUMENTS = 256 * 1024
"""Bytes of a call's arguments: files fit, and reading them is a matter of milliseconds."""

MAX_DEPTH = 64
"""How deep arguments and schemas may be nested: who goes on has lost his way."""

MAX_SCHEMA = 64 * 1024
"""Bytes of a schema: it goes to the provider with every request."""

MAX_WEIGHT = 100_000
"""Caps what a schema whose parts refer to each other can cost: at worst all of it is looked at for one value."""

MAX_BACKTRACKS = 100_000
"""Of a regular expression that looks around or back; it takes ten milliseconds. All others take time in proportion to
the text."""

MAX_COMPLAINTS = 5
MAX_COMPLAINT = 200
"""Characters. Five mistakes, each told shortly, are as many as a model mends at once."""

MAX_THOROUGH = 8 * 1024
"""Bytes of arguments in which all mistakes are looked for; in more of them the first is enough, for there may be
one in every value."""


class Checker:
    """Reads arguments for one schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._validator: Any = None

    def read(self, text: str) -> dict[str, Any]:
        """The arguments; raises ToolError with what is wrong with them, for the model to mend."""
        if len(text) > MAX_ARGUMENTS:
            raise ToolError(f"The arguments are longer than {MAX_ARGUMENTS // 1024} KB.")
        arguments = _decode(text)
        if not self._compiled().is_valid(arguments):
            # Many write null for what they leave out.
            required = self._schema.get("required", ())
            said = {name: value for name, value in arguments.items() if value is not None or name in required}
            if len(said) < len(arguments) and self._compiled().is_valid(said):
                return said
            found = "\n".join(f"- {complaint}" for complaint in self._complaints(arguments, len(text)))
            raise ToolError(f"The arguments do not fit the function's parameters:\n{found}")
        return arguments

    def _complaints(self, arguments: Mapping[str, Any], size: int) -> Iterator[str]:
        import jsonschema_rs

        if size > MAX_THOROUGH:
            try:
                self._compiled().validate(arguments)
            except jsonschema_rs.ValidationError as first:
                yield _complaint(first)
            return
        errors = list(self._compiled().iter_errors(arguments))
        for error in errors[:MAX_COMPLAINTS]:
            yield _complaint(error)
        if len(errors) > MAX_COMPLAINTS:
            yield f"and {len(errors) - MAX_COMPLAINTS} more"

    def _compiled(self) -> Any:
        if self._validator is None:
            self._validator = _compile(self._schema)
        return self._validator


def check_schema(schema: object) -> dict[str, Any]:
    """A schema that somebody else wrote, as one of arguments; raises ValueError for what no provider would take."""
    if not isinstance(schema, dict):
        raise ValueError("it is no object")
    if _depth(schema) > MAX_DEPTH:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH}")
    if len(msgspec.json.encode(schema)) > MAX_SCHEMA:
        raise ValueError(f"it is larger than {MAX_SCHEMA // 1024} KB")
    if schema.get("type", "object") != "object":
        raise ValueError("it is not of an object")
    try:
        if weigh(schema) > MAX_WEIGHT:
            raise ValueError("its parts refer to each other too often")
        _compile(schema)
    except RecursionError:
        raise ValueError("its parts refer to each other too deeply") from None
    return {"type": "object", "properties": {}, **schema}


def _compile(schema: dict[str, Any]) -> Any:
    # Not before a function is called: it takes 9 MB of memory, and most servers have no functions.
    import jsonschema_rs

    try:
        # What is elsewhere is not fetched.
        patterns = jsonschema_rs.FancyRegexOptions(backtrack_limit=MAX_BACKTRACKS)
        return jsonschema_rs.validator_for(schema, offline=True, pattern_options=patterns)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise ValueError(_first_line(str(error))) from None


def _decode(text: str) -> dict[str, Any]:
    try:
        # Some models write nothing where there is nothing to say.
        arguments = msgspec.json.decode(text.strip() or "{}")
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ToolError(f"The arguments are not valid JSON: {error}.") from None
    except RecursionError:
        raise ToolError("The arguments are nested too deeply.") from None
    if not isinstance(arguments, dict):
        raise ToolError("The arguments must be a JSON object.")
    if _depth(arguments) > MAX_DEPTH:
        raise ToolError("The arguments are nested too deeply.")
    return arguments


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [inner for each in level for inner in inside(each)]
    return depth


def _complaint(error: Any) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path).lstrip(".")
    words = _shortened(error.message)
    return f"{_shortened(place)}: {words}" if place else words


def _first_line(text: str) -> str:
    return _shortened(text.partition("\n")[0])


def _shortened(text: str) -> str:
    # A complaint says first what was found, which may be long, and last what is wrong with it.
    half = MAX_COMPLAINT // 2
    return text if len(text) <= MAX_COMPLAINT else f"{text[:half]} ... {text[-half:]}"
