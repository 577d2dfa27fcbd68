"""Executes operations on lists of todos, and writes what came of them; importing this loads Strawberry."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterable
from contextlib import aclosing
from typing import Any, TypeGuard, cast

from graphql import ExecutionResult, GraphQLError, OperationType, execute, subscribe

from headgate.dialects.graphql.documents import Document, Documents
from headgate.dialects.graphql.doing import Doing
from headgate.dialects.graphql.executor import QuickExecutor
from headgate.dialects.graphql.schema import make
from headgate.errors import BadRequest, HeadgateError
from headgate.formats.graphql import GraphQLRequest
from headgate.todos import Lists

log = logging.getLogger(__name__)

BROKEN = "The gateway failed; its log says why."


class NotByGet(BadRequest):
    """Something other than a query, in a request that must not change anything."""

    status = 405
    code = "method_not_allowed"


class Operations:
    """What can be done, on all lists."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        # What Strawberry makes is a schema of graphql-core with something around it for web frameworks.
        self._schema = make()._schema
        self._documents = Documents(self._schema)

    def execute(self, asked: GraphQLRequest, doing: Doing, *, only_queries: bool = False) -> dict[str, Any]:
        """Execute one that is answered once; for a thread of the database. Raises NotByGet."""
        document = self._documents.read(asked.query)
        wrong = _wrong(document, asked)
        if wrong:
            return wrong
        operation = document.operation(asked.operationName)
        assert operation is not None
        if operation.operation is OperationType.SUBSCRIPTION:
            return _refused(GraphQLError("A subscription is asked for on a WebSocket."))
        if only_queries and operation.operation is not OperationType.QUERY:
            raise NotByGet("A mutation is asked for with POST, not with GET.")
        assert document.root is not None
        result = execute(
            self._schema,
            document.root,
            variable_values=asked.variables,
            operation_name=asked.operationName,
            context_value=doing,
            executor_class=QuickExecutor,
            is_awaitable=_never,
        )
        assert isinstance(result, ExecutionResult)
        return _written(result)

    def listens(self, asked: GraphQLRequest) -> bool:
        """Whether it is a subscription that nothing is wrong with; for a thread."""
        document = self._documents.read(asked.query)
        return not _wrong(document, asked) and document.is_subscription(asked.operationName)

    async def listen(self, asked: GraphQLRequest, owner: str) -> AsyncGenerator[dict[str, Any], None]:
        """Execute one that listens; it has been looked at with `listens`."""
        document = self._documents.read(asked.query)
        assert document.root is not None
        source = subscribe(
            self._schema,
            document.root,
            variable_values=asked.variables,
            operation_name=asked.operationName,
            context_value=Doing(self._lists, owner),
            executor_class=QuickExecutor,
        )
        if not isinstance(source, (ExecutionResult, AsyncIterator)):
            source = await source
        if isinstance(source, ExecutionResult):
            yield _written(source)
            return
        async with aclosing(cast("AsyncGenerator[ExecutionResult, None]", source)) as results:
            async for result in results:
                yield _written(result)


def _never(value: object) -> TypeGuard[Awaitable[Any]]:
    """Whether something is awaitable: in a thread nothing is."""
    return False


def _wrong(document: Document, asked: GraphQLRequest) -> dict[str, Any] | None:
    if document.errors:
        return _refused(*document.errors)
    if document.operation(asked.operationName) is None:
        name = asked.operationName
        which = (
            "Say with `operationName` which operation is meant." if name is None else f"There is no operation {name}."
        )
        return _refused(GraphQLError(which))
    return None


def _refused(*errors: GraphQLError) -> dict[str, Any]:
    """What was not executed at all has no data, not even null."""
    return {"errors": _errors(errors)}


def _written(result: ExecutionResult) -> dict[str, Any]:
    if not result.errors:
        return {"data": result.data}
    return {"data": result.data, "errors": _errors(result.errors)}


def _errors(errors: Iterable[GraphQLError]) -> list[dict[str, Any]]:
    return [_error(error) for error in errors]


def _error(error: GraphQLError) -> dict[str, Any]:
    told: dict[str, Any] = {**error.formatted}
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if isinstance(cause, HeadgateError):
        told["message"] = cause.message
        told["extensions"] = {"code": cause.code}
    elif cause is not None:
        log.error("A field of GraphQL failed", exc_info=cause)
        told["message"] = BROKEN
        told["extensions"] = {"code": HeadgateError.code}
    return told
