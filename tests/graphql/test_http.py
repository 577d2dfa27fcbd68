"""GraphQL over HTTP, as any client sends it."""

import re
import sqlite3
from typing import Any

import pytest
import requests

from headgate.db import Place, migrations
from tests.graphql.conftest import KEYS
from tests.node import node
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

ALICE = {"authorization": "Bearer key-of-alice"}
BOB = {"x-api-key": "key-of-bob"}

# The document's own requests, letter by letter.
QUERY = """query {
todos {
id
title
completed
createdAt
}
}"""
MUTATION = """mutation {
createTodo(title: "Test Todo") {
id
title
completed
createdAt
}
}"""


def post(server: Serving, body: Any, **headers: str) -> requests.Response:
    """Ask with JSON."""
    return requests.post(f"{server.url}/graphql", json=body, headers=headers, timeout=30)


def get(server: Serving, **query: str) -> requests.Response:
    """Ask with a query."""
    return requests.get(f"{server.url}/graphql", params=query, timeout=30)


def test_the_documents_requests_work(server: Serving) -> None:
    made = post(server, {"query": MUTATION})
    assert (made.status_code, made.headers["content-type"]) == (200, "application/json")
    todo = made.json()["data"]["createTodo"]
    assert (list(todo), todo["title"], todo["completed"]) == (
        ["id", "title", "completed", "createdAt"],
        "Test Todo",
        False,
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", todo["createdAt"])
    assert todo in post(server, {"query": QUERY}).json()["data"]["todos"]
    toggled = post(server, {"query": f"mutation {{ toggleTodo(id: {todo['id']}) {{ completed }} }}"})
    assert toggled.json() == {"data": {"toggleTodo": {"completed": True}}}
    assert post(server, {"query": f"mutation {{ deleteTodo(id: {todo['id']}) }}"}).json() == {
        "data": {"deleteTodo": True}
    }


def test_a_get_looks_and_changes_nothing(server: Serving) -> None:
    assert get(server, query="query($id: Int!) { hello todo(id: $id) { id } }", variables='{"id": 0}').json() == {
        "data": {"hello": "Hello World", "todo": None}
    }
    answer = get(server, query=MUTATION)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]) == (405, {"code": "method_not_allowed"})


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({}, 400, "missing_required_parameter"),
        ({"query": "{ hello }", "variables": "[1]"}, 400, "invalid_value"),
        ({"query": "{ hello }", "variables": "{"}, 400, "invalid_value"),
    ],
)
def test_a_get_that_is_wrong_is_refused(server: Serving, query: dict[str, str], status: int, code: str) -> None:
    answer = get(server, **query)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"\xff\xfe", "invalid_json"),
        (b"[" * 100_000, "invalid_request"),
        (b'{"a":' * 100_000, "invalid_json"),
        (b'{"query": 5}', "invalid_request"),
        (b'{"variables": {}}', "invalid_request"),
        (b'{"query": "{ hello }", "variables": []}', "invalid_request"),
        (b'"{ hello }"', "invalid_request"),
        (b"[]", "invalid_batch"),
        (b"[" + b",".join([b'{"query": "{ hello }"}'] * 11) + b"]", "invalid_batch"),
    ],
)
def test_a_body_that_is_none_is_refused(server: Serving, body: bytes, code: str) -> None:
    headers = {"content-type": "application/json"}
    answer = requests.post(f"{server.url}/graphql", data=body, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, code)


def test_a_body_that_is_too_large_is_refused(server: Serving) -> None:
    answer = post(server, {"query": "{ hello }", "variables": {"a": "a" * 1_000_000}})
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (
        413,
        "The request's body is larger than 1 MB.",
    )


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_what_a_page_of_another_origin_can_send_unasked_is_refused(server: Serving, kind: str) -> None:
    body = b'{"query": "mutation { createTodo(title: \\"forged\\") { id } }"}'
    answer = requests.post(f"{server.url}/graphql", data=body, headers={"content-type": kind}, timeout=30)
    assert answer.status_code == 415
    found = post(server, {"query": '{ todos(filter: {search: "forged"}) { id } }'})
    assert found.json() == {"data": {"todos": []}}


def test_a_batch_is_answered_in_its_order(server: Serving) -> None:
    made, failed, found = post(
        server,
        [
            {"query": 'mutation { createTodo(title: "of a batch") { title } }'},
            {"query": "mutation { toggleTodo(id: 0) { id } }"},
            {"query": '{ todos(filter: {search: "of a batch"}) { title } }'},
        ],
    ).json()
    assert made["data"]["createTodo"] == {"title": "of a batch"}
    assert failed["errors"][0]["message"] == "Failed to toggle todo: Todo with id 0 not found"
    assert found["data"]["todos"] == [{"title": "of a batch"}]


@pytest.mark.parametrize(
    ("query", "status"),
    [("{ hello }", 200), ("{ nothing }", 400), ("{", 400), ("mutation { toggleTodo(id: 0) { id } }", 200)],
)
def test_clients_that_ask_for_it_get_a_status_that_tells(server: Serving, query: str, status: int) -> None:
    answer = post(server, {"query": query}, accept="application/graphql-response+json, application/json;q=0.9")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    answer = post(server, {"query": query}, accept="*/*")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


def test_it_passes_the_audits_of_graphql_over_http(server: Serving) -> None:
    results = node("graphql_audit.mjs", url=f"{server.url}/graphql")
    assert len(results) > 50
    assert [result for result in results if result["status"] != "ok"] == []


def test_pages_of_other_origins_may_ask_as_everywhere(server: Serving) -> None:
    wish = {"origin": "https://example.com", "access-control-request-headers": "content-type,authorization"}
    asked = requests.options(f"{server.url}/graphql", headers=wish, timeout=30)
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-headers"] == "content-type,authorization"
    assert post(server, {"query": "{ hello }"}).headers["access-control-allow-origin"] == "*"


def test_a_server_with_keys_wants_one(keyed: Serving) -> None:
    answer = post(keyed, {"query": QUERY})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["errors"][0]["extensions"]["code"] == "invalid_api_key"
    assert get(keyed, query="{ hello }").status_code == 401
    assert post(keyed, {"query": QUERY}, authorization="Bearer wrong").status_code == 401
    # As the document's clients write it.
    assert post(keyed, {"query": QUERY}, authorization="beareRkey-of-alice").status_code == 200


def test_each_key_has_todos_of_its_own(keyed: Serving) -> None:
    id = post(keyed, {"query": MUTATION}, **ALICE).json()["data"]["createTodo"]["id"]
    assert id not in [todo["id"] for todo in post(keyed, {"query": QUERY}, **BOB).json()["data"]["todos"]]
    for query in (
        f"toggleTodo(id: {id}) {{ id }}",
        f"deleteTodo(id: {id})",
        f"updateTodo(data: {{id: {id}}}) {{ id }}",
    ):
        assert "not found" in post(keyed, {"query": f"mutation {{ {query} }}"}, **BOB).json()["errors"][0]["message"]
    assert post(keyed, {"query": f"{{ todo(id: {id}) {{ id }} }}"}, **ALICE).json()["data"]["todo"] == {"id": id}


def test_todos_are_shared_where_that_is_configured() -> None:
    with serving(f'{KEYS}[todos]\nshared = "keys"\n') as server:
        post(server, {"query": MUTATION}, **ALICE)
        assert len(post(server, {"query": QUERY}, **BOB).json()["data"]["todos"]) == 1
        assert post(server, {"query": QUERY}).status_code == 401


def test_everybody_may_come_where_that_is_configured() -> None:
    """As the document's server has it: a key for answers, and none for todos."""
    with serving(f'{KEYS}[todos]\nshared = "everybody"\nmax = 1\n') as server:
        post(server, {"query": MUTATION})
        assert len(post(server, {"query": QUERY}, **BOB).json()["data"]["todos"]) == 1
        full = post(server, {"query": MUTATION}).json()["errors"][0]
        assert full["message"] == "Failed to create todo: There are 1 todos already, and no more may be kept"


def test_todos_outlive_the_server_and_a_kill(tmp_path: Any) -> None:
    with serving(folder=tmp_path) as server:
        assert post(server, {"query": MUTATION}).json()["data"]["createTodo"]["id"] == 1
        server.kill()
    assert (tmp_path / "headgate-todos.db").exists()
    with serving(folder=tmp_path) as server:
        assert [todo["id"] for todo in post(server, {"query": QUERY}).json()["data"]["todos"]] == [1]
        assert server.stop() == 0


def test_a_store_in_memory_has_its_todos_there_too(tmp_path: Any) -> None:
    with serving('[store]\npath = "memory"\n', folder=tmp_path) as server:
        assert post(server, {"query": MUTATION}).json()["data"]["createTodo"]["id"] == 1
        assert len(post(server, {"query": QUERY}).json()["data"]["todos"]) == 1
        assert server.stop() == 0
    assert list(tmp_path.glob("*.db*")) == []


def test_todos_of_an_older_headgate_are_there(tmp_path: Any) -> None:
    place = Place(f"sqlite:///{tmp_path}/headgate-todos.db")
    migrations.upgrade(place, "0001")
    with sqlite3.connect(str(place.file)) as connection:
        connection.execute("INSERT INTO todos (title) VALUES ('kept')")
    connection.close()
    with serving(folder=tmp_path) as server:
        assert post(server, {"query": "{ todos { id title } }"}).json() == {
            "data": {"todos": [{"id": 1, "title": "kept"}]}
        }


def test_a_database_of_a_newer_headgate_is_refused_and_all_else_goes_on(tmp_path: Any) -> None:
    place = Place(f"sqlite:///{tmp_path}/headgate-todos.db")
    migrations.upgrade(place)
    with sqlite3.connect(str(place.file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with serving(folder=tmp_path) as server:
        answer = post(server, {"query": "{ hello }"})
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "database_newer")
        assert "a newer one has made it" in server.log()
        assert requests.get(f"{server.url}/health", timeout=30).status_code == 200
        chat = {"model": "default", "messages": [{"role": "user", "content": "hi"}]}
        assert requests.post(f"{server.url}/v1/chat/completions", json=chat, timeout=30).status_code == 200
