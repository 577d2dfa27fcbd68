"""
The assistant that anybody has who starts a server: the model `agent` without a key of any provider.

What it is told in one API is seen in all of them, and in GraphQL.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.betterforms.test_streaming import Ear, words
from tests.e2e.watching import wait_until
from tests.e2e.wire import Wire, frames
from tests.loop.faces import FACES
from tests.serving import Serving, environment, serving

pytestmark = pytest.mark.slow

KEYS = {"alice": "key-0f2c77", "bob": "key-91d7aa"}


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


def todos(server: Serving, key: str = "") -> list[dict[str, Any]]:
    """All of them, by the document's own query."""
    query = "query {\n  todos {\n    id\n    title\n    completed\n    createdAt\n  }\n}"
    headers = {"authorization": f"Bearer {key}"} if key else {}
    answer = requests.post(f"{server.url}/graphql", json={"query": query}, headers=headers, timeout=30).json()
    assert "errors" not in answer, answer
    return list(answer["data"]["todos"])


def titles(server: Serving, key: str = "") -> dict[str, bool]:
    """Every todo's title, and whether it is done."""
    return {todo["title"]: todo["completed"] for todo in todos(server, key)}


def post(server: Serving, path: str, body: Any, key: str = "") -> requests.Response:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return requests.post(server.url + path, json=body, headers=headers, timeout=30)


def chat(words: str, model: str = "agent", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": words}], **more}


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("face", FACES)
def test_a_todo_goes_its_way_through_any_api(server: Serving, face: str, streamed: bool) -> None:
    """It is added, done, renamed and deleted, in four answers."""
    name = f"{face} {'streamed' if streamed else 'whole'}"

    def say(words: str) -> str:
        return FACES[face].ask(server.url, "agent", words, [], streamed=streamed).text

    assert say(f'Add "{name}" to my todos') == f'I added "{name}" to your todos.'
    assert titles(server)[name] is False
    assert say(f'"{name}" is done') == f'"{name}" is done.'
    assert titles(server)[name] is True
    assert say(f'rename "{name}" to "old {name}"') == f'"{name}" is now "old {name}".'
    assert titles(server)[f"old {name}"] is True
    assert say(f'please delete "old {name}"') == f'I deleted "old {name}".'
    assert f"old {name}" not in titles(server)


def test_what_graphql_makes_the_assistant_knows(server: Serving) -> None:
    mutation = 'mutation { createTodo(title: "Test Todo") { id title completed createdAt } }'
    made = post(server, "/graphql", {"query": mutation}).json()["data"]["createTodo"]
    said = post(server, "/v1/chat/completions", chat("what is left?")).json()["choices"][0]["message"]["content"]
    assert f"- [ ] Test Todo ({made['id']})" in said


def test_many_things_in_one_answer(server: Serving) -> None:
    asked = 'add "a", "b" and "c" to my list, then complete 1. Which todos are done?'
    said = post(server, "/v1/chat/completions", chat(asked)).json()["choices"][0]["message"]["content"]
    assert titles(server).keys() >= {"a", "b", "c"}
    assert 'I added "b" to your todos.' in said


@pytest.mark.parametrize("functions", [[], ["list_todos"]], ids=["none", "another"])
def test_other_models_do_not_touch_the_todos(server: Serving, functions: list[str]) -> None:
    before = titles(server)
    body = chat("Add everything to my todos", "default", **({"functions": functions} if functions else {}))
    assert post(server, "/v1/chat/completions", body).status_code == 200
    assert titles(server) == before


def test_any_model_may_be_given_a_function_by_its_name(server: Serving) -> None:
    body = chat('Add "by name" to my todos', "default", functions=["create_todo"])
    post(server, "/v1/chat/completions", body)
    assert "by name" in titles(server)
    body = chat(
        'Add "as a tool" to my todos', "default", tools=[{"type": "function", "function": {"name": "create_todo"}}]
    )
    post(server, "/v1/chat/completions", body)
    assert "as a tool" in titles(server)


def test_a_tool_of_the_clients_own_is_its_own(server: Serving) -> None:
    """Even by a name that the server has: what has a schema or words of its own is not the server's."""
    own = {"name": "create_todo", "parameters": {"type": "object", "properties": {"title": {"type": "string"}}}}
    body = chat('Add "mine" to my todos', "default", tools=[{"type": "function", "function": own}])
    message = post(server, "/v1/chat/completions", body).json()["choices"][0]["message"]
    assert [call["function"]["name"] for call in message["tool_calls"]] == ["create_todo"]
    assert "mine" not in titles(server)


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
def test_purai_tells_what_was_called(server: Serving, streamed: bool) -> None:
    """Pairs of a call and its result; in a stream, in every chunk from then on."""
    name = f"purai {streamed}"
    answer = post(server, "/openai/chat/completions", chat(f'Add "{name}" to my todos', stream=streamed))
    told = [json.loads(each.data) for each in frames(answer.text) if each.data != "[DONE]"] if streamed else []
    body = told[-1] if streamed else answer.json()
    ((call, result),) = body["calledFunctions"]
    assert (call["name"], json.loads(call["arguments"])) == ("create_todo", {"title": name})
    assert (result["role"], result["name"], json.loads(result["content"])["title"]) == ("function", "create_todo", name)
    assert name in titles(server)
    assert not streamed or told[0]["calledFunctions"] == []


@pytest.mark.parametrize("path", ["/stream/create", "/llm/query"])
@pytest.mark.parametrize(("model", "functions"), [("agent", []), ("default", ["create_todo"])])
def test_channels_hear_the_assistant(server: Serving, path: str, model: str, functions: list[str]) -> None:
    """By the model, and by names in `payload.functions`; one of the two APIs tells what was called."""
    name = f"{path} {model}"
    ear = Ear(server, "anonymous")
    payload = {"stream": True, "functions": functions, **chat(f'Add "{name}" to my todos', model)}
    asked = {"channels": ["anonymous"], "actionName": "said", "payload": payload}
    assert post(server, path, asked).status_code == 201
    heard = ear.until_end()
    ear.close()
    assert words(heard) == f'I added "{name}" to your todos.'
    told = [each["content"]["functions"] for each in heard if each["type"] == "function_call"]
    assert told == ([[{"name": "create_todo", "userMessage": None}]] if path == "/llm/query" else [])
    assert name in titles(server)


def test_offloaded_answers_are_made_by_the_assistant_too(server: Serving) -> None:
    made = post(server, "/v1/async-chatgpt", chat('Add "offloaded" to my todos')).json()

    def look() -> Any:
        status = requests.get(made["endpoints"]["status_url"], timeout=30).json()
        return status if status["status"] == "done" else None

    answer = wait_until(look, "the answer")["response"]["body"]
    assert answer["choices"][0]["message"]["content"] == 'I added "offloaded" to your todos.'
    assert "offloaded" in titles(server)


def test_a_response_in_the_background(server: Serving) -> None:
    made = post(
        server, "/v1/responses", {"model": "agent", "input": 'Add "later" to my todos', "background": True}
    ).json()
    with Wire(server) as wire:
        wire.get(f"/v1/responses/{made['id']}?stream=true")
        events = [json.loads(frame.data) for frame in frames(wire.answer().body)]
    assert events[-1]["type"] == "response.completed"
    items = events[-1]["response"]["output"]
    assert [item["type"] for item in items] == ["mcp_call", "message"]
    assert "later" in titles(server)


def test_a_conversation_goes_on_after_calls(server: Serving) -> None:
    """By its id: what was called and what came of it is a part of what was said."""
    first = post(server, "/v1/responses", {"model": "agent", "input": 'Add "first" to my todos'}).json()
    body = {"model": "agent", "input": 'Add "second" to my todos', "previous_response_id": first["id"]}
    second = post(server, "/v1/responses", body).json()
    assert second["status"] == "completed", second
    assert titles(server).keys() >= {"first", "second"}


def test_every_key_has_a_list_of_its_own() -> None:
    with serving("".join(["[keys]\n", *(f'{name} = "{key}"\n' for name, key in KEYS.items())])) as server:
        for name, key in KEYS.items():
            assert post(server, "/v1/chat/completions", chat(f'Add "{name}" to my todos'), key).status_code == 200
        for name, key in KEYS.items():
            assert titles(server, key) == {name: False}
        said = post(server, "/v1/chat/completions", chat("delete all todos"), KEYS["bob"]).json()
        assert said["choices"][0]["message"]["content"] == 'I deleted "bob".'
        assert (titles(server, KEYS["bob"]), titles(server, KEYS["alice"])) == ({}, {"alice": False})


def test_an_alias_brings_only_functions_that_there_are(tmp_path: Path) -> None:
    """What is written wrong is found at start, or by `headgate check`, and not by whoever uses it."""
    wrong = '[aliases.helper]\nfunctions = ["create_todo", "lst_todos"]\n'
    checked = check(tmp_path, wrong)
    assert (checked.returncode, "`lst_todos`, which there is not" in checked.stderr) == (2, True)
    right = check(tmp_path, wrong.replace("lst_", "list_"))
    assert (right.returncode, right.stderr) == (0, "")
    assert "helper = simulator/demo, with create_todo, list_todos" in right.stdout
    problem = "the function `lst_todos`, which there is not; did you mean `list_todos`"
    with pytest.raises(AssertionError, match=problem), serving(wrong):
        pass
    with serving(wrong.replace("lst_", "list_")) as server:
        post(server, "/v1/chat/completions", chat('Add "by an alias" to my todos', "helper"))
        assert titles(server) == {"by an alias": False}


def check(folder: Path, config: str) -> "subprocess.CompletedProcess[str]":
    """What `headgate check` says."""
    (folder / "headgate.toml").write_text(config)
    command = [sys.executable, "-m", "headgate", "check"]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
