"""The chatbot's API around its chat: what it says of itself, of its models, and with every answer."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from headgate import __version__
from tests.e2e.wire import Wire, ask, chat, head
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

KEY = "your_api_key_here"
CONFIG = f"""
[server]
allowed_hosts = ["test", "Chat.Example.com", "*.internal"]
[keys]
me = "{KEY}"
"""
BEARER = {"authorization": f"bearer{KEY}"}
SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-xss-protection": "1; mode=block",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(CONFIG) as server:
        yield server


def test_it_welcomes_without_a_key(server: Serving) -> None:
    assert ask(server, "/").json()["message"] == "Welcome to the Chatbot API"


def test_its_health_is_told_without_a_key(server: Serving) -> None:
    health = ask(server, "/health").json()
    assert (health["status"], health["version"]) == ("healthy", __version__)
    assert isinstance(health["timestamp"], int)
    assert abs(health["timestamp"] - time.time()) < 3600
    assert "/health" in ask(server, "/openapi.json").json()["paths"]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_its_documentation_needs_no_key(server: Serving, path: str) -> None:
    assert ask(server, path).status == 200


def test_its_models_are_listed(server: Serving) -> None:
    listed = ask(server, "/v1/models", BEARER).json()
    assert listed["object"] == "list"
    models = {model["id"]: model for model in listed["data"]}
    for name in ("default", "agent"):
        assert models[name].keys() == {"id", "object", "created", "owned_by"}
        assert ask(server, f"/v1/models/{name}", BEARER).json() == models[name]
    unknown = ask(server, "/v1/models/nothing", BEARER)
    assert (unknown.status, unknown.json()["detail"]) == (404, unknown.error["message"])


def test_a_key_that_is_wrong_or_missing_is_refused(server: Serving) -> None:
    for headers in ({}, {"authorization": "bearer other"}):
        refused = ask(server, "/v1/models", headers)
        assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert refused.json()["detail"] == refused.error["message"]


@pytest.mark.parametrize("model", ["default", "agent"])
def test_a_whole_answer_says_everything_that_clients_of_it_know(server: Serving, model: str) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5, "top_p": 1, "n": 1}
    answer = ask(server, "/v1/chat/completions", BEARER, "POST", json.dumps(body).encode()).json()
    assert (answer["object"], answer["model"]) == ("chat.completion", "demo")
    (choice,) = answer["choices"]
    assert choice["message"].keys() >= {"role", "content", "refusal"}
    assert (choice["message"]["role"], choice["message"]["refusal"], choice["logprobs"]) == ("assistant", None, None)
    usage: dict[str, Any] = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert "cached_tokens" in usage["prompt_tokens_details"]
    assert "reasoning_tokens" in usage["completion_tokens_details"]


@pytest.mark.parametrize("field", [{"top_p": 1.5}, {"n": 0}, {"messages": "hi"}, {"stream": "maybe"}])
def test_a_body_that_is_wrong_is_refused_with_both_envelopes(server: Serving, field: dict[str, Any]) -> None:
    body = {"model": "default", "messages": [{"role": "user", "content": "Hi"}], **field}
    refused = ask(server, "/v1/chat/completions", BEARER, "POST", json.dumps(body).encode())
    assert refused.status == 400
    assert refused.json()["detail"] == refused.error["message"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("GET", "/", {}, b"", 200),
        ("GET", "/health", {}, b"", 200),
        ("GET", "/docs", {}, b"", 200),
        ("GET", "/v1/models", {}, b"", 401),
        ("GET", "/nowhere", {}, b"", 404),
        ("POST", "/health", {}, b"", 405),
        ("POST", "/v1/chat/completions", BEARER, b"?", 400),
        ("POST", "/v1/chat/completions", BEARER, chat(words=1), 200),
        ("POST", "/v1/chat/completions", BEARER, chat(words=1, stream=True), 200),
        ("GET", "/health", {"x": "y" * 70_000}, b"", 431),
    ],
)
def test_browsers_are_told_with_every_answer_what_to_mind(
    server: Serving, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = ask(server, path, headers, method, body)
    assert answer.status == status
    assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        ("test", True),
        ("TEST:8080", True),
        ("chat.example.com", True),
        ("a.b.internal:1", True),
        ("internal", False),
        ("evil.example.com", False),
        ("chat.example.com.evil", False),
        ("[::1]:8080", False),
        ("", False),
    ],
)
def test_it_is_called_by_its_own_names_only(server: Serving, host: str, is_known: bool) -> None:
    with Wire(server) as wire:
        wire.send(head("GET", "/health", {"host": host}))
        answer = wire.answer()
    assert answer.status == (200 if is_known else 400)
    assert is_known or answer.error["code"] == "invalid_host"
    assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY


def test_sockets_are_had_by_its_own_names_only(server: Serving) -> None:
    upgrade = {
        "host": "evil.example.com",
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
        **BEARER,
    }
    with Wire(server) as wire:
        wire.send(head("GET", "/v1/responses", upgrade))
        answer = wire.answer()
    assert (answer.status, answer.error["code"]) == (400, "invalid_host")
