"""
GraphQL documents, parsed and found right.

Programs send the same few again and again, and to validate one takes as long as to answer it; so what was found is
remembered, also that a document is wrong.
"""

from collections import OrderedDict
from threading import Lock

import msgspec
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    validate,
)
from graphql.validation import ASTValidationRule, MaxIntrospectionDepthRule, specified_rules

from headgate.dialects.graphql import limits

REMEMBERED = 64
"""Of the largest kind each takes half a megabyte."""

MAX_ERRORS = 10
"""How many a client is told of one document."""

_RULES: tuple[type[ASTValidationRule], ...] = tuple(dict.fromkeys((MaxIntrospectionDepthRule, *specified_rules)))


class Document(msgspec.Struct, frozen=True):
    """A document, or what is wrong with it."""

    root: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation of that name; without one the only one there is."""
        return None if self.root is None else get_operation_ast(self.root, name)

    def is_subscription(self, name: str | None) -> bool:
        """Whether it listens, and is not answered once."""
        operation = self.operation(name)
        return operation is not None and operation.operation is OperationType.SUBSCRIPTION


class Documents:
    """Those that were asked for of late; for threads."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: OrderedDict[str, Document] = OrderedDict()
        self._lock = Lock()

    def read(self, text: str) -> Document:
        """The document."""
        with self._lock:
            known = self._known.get(text)
            if known is not None:
                self._known.move_to_end(text)
                return known
        document = self._read(text)
        with self._lock:
            self._known[text] = document
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return document

    def _read(self, text: str) -> Document:
        if len(text) > limits.MAX_TEXT:
            return Document(None, (GraphQLError(f"The query is longer than {limits.MAX_TEXT} characters."),))
        try:
            root = parse(text, max_tokens=limits.MAX_TOKENS)
            limits.check(root)
            errors = validate(self._schema, root, _RULES, max_errors=MAX_ERRORS)
        except GraphQLError as error:
            return Document(None, (error,))
        except RecursionError:
            return Document(None, (GraphQLError("The query is nested too deeply."),))
        return Document(None, tuple(errors)) if errors else Document(root)
