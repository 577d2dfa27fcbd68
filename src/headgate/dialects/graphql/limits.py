"""
What a document may hold: looked at before it is validated, which itself takes time in proportion to what is said.

The schema has no circles but those of introspection, for which there is a rule of its own.
"""

from collections.abc import Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

MAX_TEXT = 64 * 1024
"""Characters of a document: the longest that tools send, the one for introspection, has 3000."""

MAX_TOKENS = 2000
MAX_DEPTH = 20
"""Introspection as tools ask for it is 13 to 16 deep; anything else here is 3."""

MAX_FIELDS = 400
"""Fields that are said, and fields that fragments make of them."""

MAX_ALIASES = 50
MAX_ROOT_FIELDS = 20
"""Each is a transaction."""

MAX_OPERATIONS = 10
"""In a batch, and in a document."""


class _Sizes:
    """How much of everything a part of a document comes to, with its fragments."""

    __slots__ = ("aliases", "depth", "fields")

    def __init__(self, fields: int = 0, aliases: int = 0, depth: int = 0) -> None:
        self.fields, self.aliases, self.depth = fields, aliases, depth

    def add(self, other: "_Sizes") -> None:
        self.fields += other.fields
        self.aliases += other.aliases
        self.depth = max(self.depth, other.depth)


def check(document: DocumentNode) -> None:
    """Raises GraphQLError when a document holds too much."""
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    operations = [part for part in document.definitions if isinstance(part, OperationDefinitionNode)]
    _bound(len(operations), MAX_OPERATIONS, "operations in a document")
    known: dict[str, _Sizes] = {}
    for fragment in fragments.values():
        _bound_sizes(_fragment(fragment, fragments, known))
    for operation in operations:
        sizes = _measure(operation.selection_set, fragments, known)
        _bound_sizes(sizes)
        _bound(_roots(operation.selection_set, fragments, set()), MAX_ROOT_FIELDS, "fields at the top")


def _bound_sizes(sizes: _Sizes) -> None:
    _bound(sizes.depth, MAX_DEPTH, "levels")
    _bound(sizes.fields, MAX_FIELDS, "fields")
    _bound(sizes.aliases, MAX_ALIASES, "aliases")


def _bound(number: int, limit: int, what: str) -> None:
    if number > limit:
        raise GraphQLError(f"The query has too many {what}: at most {limit} are allowed.")


def _measure(
    selected: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode], known: dict[str, _Sizes]
) -> _Sizes:
    sizes = _Sizes()
    for selection in () if selected is None else selected.selections:
        if isinstance(selection, FieldNode):
            below = _measure(selection.selection_set, fragments, known)
            sizes.add(_Sizes(below.fields + 1, below.aliases + (selection.alias is not None), below.depth + 1))
        elif isinstance(selection, InlineFragmentNode):
            sizes.add(_measure(selection.selection_set, fragments, known))
        elif isinstance(selection, FragmentSpreadNode) and selection.name.value in fragments:
            sizes.add(_fragment(fragments[selection.name.value], fragments, known))
    return sizes


def _fragment(
    fragment: FragmentDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode], known: dict[str, _Sizes]
) -> _Sizes:
    name = fragment.name.value
    if name not in known:
        # Inside of itself it is nothing; that it is there at all is what validation refuses.
        known[name] = _Sizes()
        known[name] = _measure(fragment.selection_set, fragments, known)
    return known[name]


def _roots(selected: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], seen: set[str]) -> int:
    number = 0
    for selection in selected.selections:
        if isinstance(selection, FieldNode):
            number += 1
        elif isinstance(selection, InlineFragmentNode):
            number += _roots(selection.selection_set, fragments, seen)
        elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
            seen.add(selection.name.value)
            if selection.name.value in fragments:
                number += _roots(fragments[selection.name.value].selection_set, fragments, seen)
    return number
