"""What may be asked and done, and what is told when it fails."""

from pathlib import Path
from typing import Any

import pytest

from headgate.db import Database, Place
from headgate.db.connections import Connections, engine_of
from headgate.dialects.graphql import doing
from headgate.dialects.graphql.doing import Doing
from headgate.dialects.graphql.operations import NotByGet, Operations
from headgate.formats.graphql import GraphQLRequest
from headgate.todos import Filter, Lists, Page, Todo, models
from headgate.todos.list import TodoList

ALL = "id title completed createdAt dueDate weight parentId children tags"


class Server:
    """GraphQL, asked right here."""

    def __init__(self, folder: Path) -> None:
        place = Place(f"sqlite:///{folder}/todos.db")
        self.engine = engine_of(place)
        models().create_all(self.engine)
        self.connections = Connections(self.engine, place)
        self.lists = Lists(Database(place, models))
        self.operations = Operations(self.lists)

    def ask(self, query: str, owner: str = "alice", name: str | None = None, **variables: Any) -> dict[str, Any]:
        """What comes of an operation."""
        return self.operations.execute(GraphQLRequest(query, variables or None, name), self.doing(owner))

    def doing(self, owner: str = "alice") -> Doing:
        """A request at work."""
        return Doing(self.lists, owner, self.connections)

    def get(self, query: str, **variables: Any) -> Any:
        """The data of one that goes well."""
        result = self.ask(query, **variables)
        assert "errors" not in result
        return result["data"]

    def fail(self, query: str, **variables: Any) -> tuple[str, Any]:
        """The message and the code of one that fails."""
        (error,) = self.ask(query, **variables)["errors"]
        return error["message"], error.get("extensions", {}).get("code")


@pytest.fixture
def server(tmp_path: Path) -> Any:
    server = Server(tmp_path)
    yield server
    server.engine.dispose()


def test_everything_about_a_todo_is_told(server: Server) -> None:
    data = {"title": "a", "completed": True, "dueDate": "2030-01-31T10:00:00+01:00", "weight": 3, "tags": ["x"]}
    made = server.get(f"mutation($data: CreateTodoInput) {{ createTodo(data: $data) {{ {ALL} }} }}", data=data)
    created_at = made["createTodo"].pop("createdAt")
    expected = {**data, "id": 1, "dueDate": "2030-01-31T09:00:00+00:00", "parentId": None, "children": []}
    assert made == {"createTodo": expected}
    assert created_at.endswith("+00:00")
    assert server.get(f"{{ todo(id: 1) {{ {ALL} }} }}")["todo"] == {**expected, "createdAt": created_at}
    assert server.get("{ todo(id: 2) { id } }") == {"todo": None}


def test_names_fragments_and_conditions_work_where_todos_are_told_the_short_way(server: Server) -> None:
    server.get('mutation { createTodo(title: "a") { id } }')
    query = """
        query($no: Boolean!, $yes: Boolean!) { todos {
            n: id __typename ...Rest ... on Todo { title title } weight @skip(if: $yes) tags @include(if: $no)
        } }
        fragment Rest on Todo { id done: completed }
    """
    (todo,) = server.get(query, no=False, yes=True)["todos"]
    assert list(todo.items()) == [("n", 1), ("__typename", "Todo"), ("id", 1), ("done", False), ("title", "a")]
    (todo,) = server.get("{ todos { n: id ...F } } fragment F on Todo { done: completed }")["todos"]
    assert list(todo.items()) == [("n", 1), ("done", False)]


def test_the_short_way_tells_the_same_as_the_usual_one(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.get('mutation { createTodo(data: {title: "a", tags: ["x", "y"], dueDate: "2030-01-31"}) { id } }')
    server.get('mutation { createTodo(data: {title: "b", parentId: 1}) { id } }')
    short = server.get(f"{{ todos {{ {ALL} }} }}")
    monkeypatch.setattr("headgate.dialects.graphql.executor.TODO_FIELDS", {})
    assert server.get(f"{{ todos {{ {ALL} }} }}") == short


def test_a_list_is_filtered_sorted_and_paged(server: Server) -> None:
    for title, weight in (("a", 2), ("b", 1), ("c", 2)):
        server.get(
            "mutation($d: CreateTodoInput) { createTodo(data: $d) { id } }", d={"title": title, "weight": weight}
        )
    query = """query($f: TodoFilter, $o: TodoOrder! = ID, $d: Boolean! = false, $l: Int, $n: Int! = 0) {
        todos(filter: $f, orderBy: $o, descending: $d, limit: $l, offset: $n) { title } todoCount(filter: $f) }"""
    found = server.get(query, f={"completed": False}, o="WEIGHT", d=True, l=2, n=1)
    assert found == {"todos": [{"title": "a"}, {"title": "b"}], "todoCount": 3}
    assert server.get('{ todos(filter: {parentId: null, search: "B"}) { title } }') == {"todos": [{"title": "b"}]}


def test_an_update_changes_what_is_said(server: Server) -> None:
    server.get('mutation { createTodo(data: {title: "a", dueDate: "2030-01-31", weight: 7, tags: ["x"]}) { id } }')
    query = "mutation($data: UpdateTodoInput!) { updateTodo(data: $data) { title dueDate weight tags } }"
    changed = server.get(query, data={"id": 1, "title": "b", "dueDate": None, "weight": None})["updateTodo"]
    assert changed == {"title": "b", "dueDate": None, "weight": 7, "tags": ["x"]}


@pytest.mark.parametrize(
    ("query", "message", "code"),
    [
        ("mutation { toggleTodo(id: 9) { id } }", "Failed to toggle todo: Todo with id 9 not found", "todo_not_found"),
        ("mutation { deleteTodo(id: 9) }", "Failed to delete todo: Todo with id 9 not found", "todo_not_found"),
        (
            "mutation { updateTodo(data: {id: 9}) { id } }",
            "Failed to update todo: Todo with id 9 not found",
            "todo_not_found",
        ),
        ('mutation { createTodo(title: " ") { id } }', "Failed to create todo: A todo needs a title", "invalid_todo"),
        ("mutation { createTodo { id } }", "Failed to create todo: Say either `title` or `data`", "invalid_todo"),
        (
            'mutation { createTodo(title: "a", data: {title: "b"}) { id } }',
            "Failed to create todo: Say either `title` or `data`",
            "invalid_todo",
        ),
        ("{ todos(limit: -1) { id } }", "`limit` cannot be less than 0", "invalid_todo"),
        ("{ nothing }", "Cannot query field 'nothing' on type 'Query'.", None),
        ("{ todo(id: 99999999999) { id } }", "Int cannot represent non 32-bit signed integer value: 99999999999", None),
        ("query A { hello } query B { hello }", "Say with `operationName` which operation is meant.", None),
        ("fragment F on Query { hello }", "Fragment 'F' is never used.", None),
        ("subscription { todoChanges { id } }", "A subscription is asked for on a WebSocket.", None),
        ("", "Syntax Error: Unexpected <EOF>.", None),
    ],
)
def test_what_goes_wrong_is_told(server: Server, query: str, message: str, code: str | None) -> None:
    assert server.fail(query) == (message, code)


def test_an_error_of_a_field_says_where_it_is(server: Server) -> None:
    """As the document's server tells it."""
    assert server.ask("mutation { toggleTodo(id: 9) { id } }") == {
        "data": None,
        "errors": [
            {
                "message": "Failed to toggle todo: Todo with id 9 not found",
                "locations": [{"line": 1, "column": 12}],
                "path": ["toggleTodo"],
                "extensions": {"code": "todo_not_found"},
            }
        ],
    }


def test_mutations_happen_one_after_another_until_one_fails(server: Server) -> None:
    result = server.ask('mutation { a: createTodo(title: "a") { id } b: toggleTodo(id: 9) { id } }')
    assert result["data"] is None
    assert server.get("{ todos { id } }") == {"todos": [{"id": 1}]}, "as GraphQL has it: what was done is done"


def test_one_of_several_operations_is_named(server: Server) -> None:
    query = "query A { hello } query B { todoCount }"
    assert server.ask(query, name="B") == {"data": {"todoCount": 0}}
    assert server.ask(query, name="C")["errors"][0]["message"] == "There is no operation C."


def test_a_request_that_only_looks_changes_nothing(server: Server) -> None:
    asked = GraphQLRequest('mutation { createTodo(title: "a") { id } }')
    with pytest.raises(NotByGet):
        server.operations.execute(asked, server.doing(), only_queries=True)
    assert server.get("{ todoCount }") == {"todoCount": 0}


def test_one_request_is_told_only_so_much(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doing, "MAX_TODOS", 5)
    for number in range(3):
        server.get("mutation($t: String) { createTodo(title: $t) { id } }", t=str(number))
    assert len(server.get("{ todos { id } }")["todos"]) == 3
    message, code = server.fail("{ a: todos { id } b: todos { id } }")
    assert message.startswith("One request may be told 5 todos")
    assert code == "request_too_large"
    batch = server.doing()
    asked = GraphQLRequest("{ todos { id } }")
    told = [server.operations.execute(asked, batch)["data"] is not None for _ in range(2)]
    assert told == [True, False], "all operations of a batch are one request"


def test_one_request_is_told_only_so_much_text(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doing, "MAX_LETTERS", 20)
    server.get('mutation { createTodo(data: {title: "ten of them", tags: ["four"]}) { id } }')
    assert len(server.get("{ todos { id } }")["todos"]) == 1
    message, code = server.fail("{ a: todos { id } b: todos { id } }")
    assert (message[:40], code) == ("The todos of one request hold too much t", "request_too_large")


def test_no_more_is_read_than_may_be_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doing, "MAX_TODOS", 2)
    for number in range(9):
        server.get("mutation($t: String) { createTodo(title: $t) { id } }", t=str(number))
    read: list[int] = []
    real = TodoList.find

    def find(self: TodoList, filter: Filter, page: Page) -> list[Todo]:
        found = real(self, filter, page)
        read.append(len(found))
        return found

    monkeypatch.setattr(TodoList, "find", find)
    assert server.fail("{ todos { id } }")[1] == "request_too_large"
    assert server.fail("{ todos(limit: 8) { id } }")[1] == "request_too_large"
    assert len(server.get("{ todos(limit: 2) { id } }")["todos"]) == 2
    assert read == [3, 3, 2]


def test_a_fault_of_ours_is_told_without_what_it_was(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: object, id: int) -> None:
        raise ValueError("secret")

    monkeypatch.setattr("headgate.todos.list.TodoList.get", fail)
    assert server.fail("{ todo(id: 1) { id } }") == ("The gateway failed; its log says why.", "internal_error")
    assert "secret" in caplog.text


def test_a_database_that_fails_is_told(server: Server) -> None:
    with server.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE todos")
    message, code = server.fail("{ todos { id } }")
    assert message.endswith("has lost its tables. Stop the server and run `headgate db upgrade`.")
    assert code == "database_unavailable"


def test_lists_are_kept_apart(server: Server) -> None:
    server.get('mutation { createTodo(title: "a") { id } }')
    assert server.ask("{ todos { id } }", owner="bob") == {"data": {"todos": []}}
    assert server.ask("mutation { toggleTodo(id: 1) { id } }", owner="bob")["data"] is None


def test_the_schema_has_all_that_the_document_has(server: Server) -> None:
    """Its types, and those of its successor; what is more is optional."""
    for name, fields in {
        "Todo": "id title completed createdAt dueDate weight parentId children tags",
        "Query": "hello todos",
        "Mutation": "createTodo updateTodo toggleTodo deleteTodo",
    }.items():
        told = server.get(f'{{ __type(name: "{name}") {{ fields {{ name }} }} }}')["__type"]["fields"]
        assert set(fields.split()) <= {field["name"] for field in told}
