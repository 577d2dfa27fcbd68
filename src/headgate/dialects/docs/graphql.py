"""GET and POST /graphql, and the WebSocket there."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import errors
from headgate.errors import BadRequest, TooLarge, Unavailable
from headgate.formats.graphql import GraphQLRequest
from headgate.web.doc import HTML, Answer, Content, Doc, Parameter, Tag

TAG = Tag(
    "Todos",
    "A small application on the server's database, with a GraphQL API. Models keep the same todos with the functions "
    "create_todo, list_todos, update_todo, toggle_todo and delete_todo. Where the server has keys, each has todos of "
    "its own, unless the configuration says otherwise.",
)


class Place(msgspec.Struct):
    """Where in the document."""

    line: int
    column: int


class Failure(msgspec.Struct):
    """Something that went wrong."""

    message: str
    locations: list[Place] | UnsetType = UNSET
    path: list[str | int] | UnsetType = UNSET
    """The field that has failed."""
    extensions: dict[str, Any] | UnsetType = UNSET
    """`code` is a word for it that does not change."""


class GraphQLAnswer(msgspec.Struct):
    """What came of an operation; of a batch a list of these."""

    data: dict[str, Any] | UnsetType | None = UNSET
    errors: list[Failure] | UnsetType = UNSET


TODO = {"id": 1, "title": "Test Todo", "completed": False, "createdAt": "2026-01-31T09:30:00.123456+00:00"}
FIELDS = "{ id title completed createdAt }"
_FOUND = {"data": {"todos": [{"id": 1, "title": "Test Todo"}]}}
_MISSING = {
    "message": "Failed to toggle todo: Todo with id 9 not found",
    "locations": [{"line": 1, "column": 12}],
    "path": ["toggleTodo"],
    "extensions": {"code": "todo_not_found"},
}

_COMMON = (
    errors.NO_KEY,
    Unavailable("The database headgate-todos.db is busy: another program has been writing to it for too long."),
)

_ABOUT = (
    "Queries: `hello`, `todos` (with `filter`, `orderBy`, `descending`, `limit` and `offset`), `todo`, `todoCount`. "
    "Mutations: `createTodo` (`title`, or `data`), `updateTodo`, `toggleTodo`, `deleteTodo`. Subscription: "
    "`todoChanges`. The whole schema is shown by this path itself, in a browser."
)

LOOK = Doc(
    summary="Query todos, or try GraphQL in a browser",
    description=(
        f"{_ABOUT}\n\nA GET executes queries only. A browser that brings none gets GraphiQL.\n\n"
        "With `Upgrade: websocket` the same path speaks `graphql-transport-ws`, and `graphql-ws` with older clients: "
        "there are subscriptions, and everything else, too. Where the server has keys, one comes with the upgrade or, "
        "from a page, with the first message: "
        '`{"type": "connection_init", "payload": {"authorization": "Bearer KEY"}}`.'
    ),
    tag=TAG,
    parameters=(
        Parameter(name="query", place="query", description="The document.", example="{ todos { id title } }"),
        Parameter(name="variables", place="query", description="A JSON object.", example="{}"),
        Parameter(name="operationName", place="query", description="Which of several operations is meant."),
    ),
    answers=(
        Answer(
            meaning="What came of it.",
            contents=(
                Content(schema=GraphQLAnswer, examples={"Todos": _FOUND}),
                Content(kind=HTML, examples={"GraphiQL": "<!doctype html>..."}),
            ),
        ),
    ),
    errors=(
        *_COMMON,
        BadRequest("There is no `query`.", code="missing_required_parameter"),
        BadRequest("A mutation is asked for with POST, not with GET.", status=405, code="method_not_allowed"),
    ),
    error=GraphQLAnswer,
)

ASK = Doc(
    summary="Query and change todos",
    description=(
        f"{_ABOUT}\n\nA list of up to 10 requests is a batch: they are executed one after another, and answered with "
        "a list. What goes wrong with a field is told in `errors` with status 200; with `Accept: "
        "application/graphql-response+json` what cannot be executed at all is 400."
    ),
    tag=TAG,
    request=Content(
        schema=GraphQLRequest,
        examples={
            "All todos": {"query": f"query {{ todos {FIELDS} }}"},
            "A new todo": {"query": f'mutation {{ createTodo(title: "Test Todo") {FIELDS} }}'},
            "With variables": {
                "query": "query ($open: TodoFilter) { todos(filter: $open, limit: 20) { id title dueDate } }",
                "variables": {"open": {"completed": False}},
            },
        },
    ),
    answers=(
        Answer(
            meaning="What came of it.",
            contents=(
                Content(
                    schema=GraphQLAnswer,
                    examples={
                        "A new todo": {"data": {"createTodo": TODO}},
                        "One that does not exist": {"data": None, "errors": [_MISSING]},
                    },
                ),
            ),
        ),
    ),
    errors=(
        BadRequest("The body is not valid JSON: JSON is malformed.", code="invalid_json"),
        *_COMMON,
        TooLarge("The request's body is larger than 1 MB."),
        BadRequest("A request of GraphQL is application/json.", status=415, code="unsupported_media_type"),
    ),
    error=GraphQLAnswer,
)
