"""As much of JSON Schema as our own schemas use; a word that it does not know is a fault."""

from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}

_NOTES = {"title", "description", "default", "discriminator", "format", "x-event-data"}


def faults(value: Any, schema: Mapping[str, Any], document: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """What is wrong with the value; nothing when it fits."""
    for word, wanted in schema.items():
        match word:
            case "$ref":
                yield from faults(value, resolve(wanted, document), document, where)
            case "anyOf":
                if all(any(faults(value, option, document)) for option in wanted):
                    yield f"{where}: {value!r} is none of {wanted}"
            case "items" if isinstance(value, list):
                for index, item in enumerate(value):
                    yield from faults(item, wanted, document, f"{where}[{index}]")
            case "properties" if isinstance(value, dict):
                for name in wanted.keys() & value.keys():
                    yield from faults(value[name], wanted[name], document, f"{where}.{name}")
            case "additionalProperties" if isinstance(value, dict):
                for name in value.keys() - schema.get("properties", {}).keys():
                    yield from faults(value[name], wanted, document, f"{where}.{name}")
            case _ if not _fits(value, word, wanted):
                yield f"{where}: {value!r} breaks {word} {wanted}"
            case _:
                pass


def resolve(reference: str, document: Mapping[str, Any]) -> Any:
    """What the reference means; raises KeyError when it means nothing."""
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def _fits(value: Any, word: str, wanted: Any) -> bool:
    match word:
        case "type":
            return any(_is(value, name) for name in ([wanted] if isinstance(wanted, str) else wanted))
        case "enum":
            return value in wanted
        case "required":
            return not isinstance(value, dict) or set(wanted) <= value.keys()
        case "minimum":
            return not _is(value, "number") or value >= wanted
        case "maximum":
            return not _is(value, "number") or value <= wanted
        case "minLength" | "minItems":
            return not isinstance(value, (str, list)) or len(value) >= wanted
        case "maxLength" | "maxItems":
            return not isinstance(value, (str, list)) or len(value) <= wanted
        case "items" | "properties" | "additionalProperties":
            return True
        case _:
            return word in _NOTES


def _is(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
