"""The schemas of all bodies, each once, under a name."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from headgate.web.doc import Content, Doc, Schema

_PREFIX = "#/components/schemas/"

_SILENT = frozenset({"headgate", "formats", "dialects", "docs"})
"""Parts of a struct's path that tell nothing."""


class Schemas:
    """What the document's `components` hold, and how to refer to it."""

    def __init__(self, docs: Iterable[Doc]) -> None:
        contents = [content for doc in docs for content in _contents(doc)]
        types = list(dict.fromkeys(content.schema for content in contents if content.schema is not None))
        references, components = msgspec.json.schema_components(types, ref_template=_PREFIX + "{name}")
        names = _short_names(components)
        self.components: dict[str, Any] = {
            names[name]: plain(_renamed(schema, names)) for name, schema in components.items()
        }
        self._references = dict(zip(types, (_renamed(reference, names) for reference in references), strict=True))
        for content in contents:
            self._explain(content)

    def reference(self, schema: Schema) -> Mapping[str, Any]:
        """How to refer to the schema of that struct."""
        reference: Mapping[str, Any] = self._references[schema]
        return reference

    def _explain(self, content: Content) -> None:
        for name, meaning in content.fields.items():
            assert content.schema is not None
            component = self.components[self._references[content.schema]["$ref"].removeprefix(_PREFIX)]
            component["properties"][name]["description"] = meaning


def _contents(doc: Doc) -> Iterator[Content]:
    if doc.request is not None:
        yield doc.request
    for answer in doc.answers:
        yield from answer.contents
    if doc.error is not None:
        yield Content(schema=doc.error)


def _short_names(names: Iterable[str]) -> dict[str, str]:
    """
    Names without modules, as far as they stay different.

    Structs that share a name come with their whole path; the first word of it that says something
    tells them apart.
    """
    short = {}
    for name in names:
        *path, last = name.split(".")
        words = [word for word in path if word not in _SILENT]
        short[name] = ".".join([*words[:1], last])
    taken = list(short.values())
    return {name: word if taken.count(word) == 1 else name for name, word in short.items()}


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    match schema:
        case {"$ref": str(reference), **rest}:
            return {"$ref": _PREFIX + names[reference.removeprefix(_PREFIX)], **_renamed(rest, names)}
        case {"discriminator": {"mapping": mapping} as discriminator, **rest}:
            mapping = {key: _PREFIX + names[value.removeprefix(_PREFIX)] for key, value in mapping.items()}
            return {"discriminator": {**discriminator, "mapping": mapping}, **_renamed(rest, names)}
        case dict():
            return {key: _renamed(value, names) for key, value in schema.items()}
        case list():
            return [_renamed(value, names) for value in schema]
        case _:
            return schema


def plain(schema: Any) -> Any:
    """
    The same schema in fewer words, which readers of the pages see more of.

    What may be null says so among its types, so that its bounds stand beside it; a null default goes
    without saying; words to choose from are strings.
    """
    match schema:
        case {"anyOf": [{"type": str(kind), **bounds}, {"type": "null"}], **rest} if "enum" not in bounds:
            return plain({**rest, "type": [kind, "null"], **bounds})
        case {"default": None, **rest}:
            return plain(rest)
        case {"enum": [*words], **rest} if "type" not in rest and all(isinstance(word, str) for word in words):
            return {"type": "string", "enum": words, **rest}
        case dict():
            return {key: plain(value) for key, value in schema.items()}
        case list():
            return [plain(value) for value in schema]
        case _:
            return schema
