"""Keys: where clients put them, what a wrong one gets, and that nobody ever sees one again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.upstream import Peer, Play, Upstream, telling
from tests.e2e.watching import get, run_of
from tests.e2e.wire import Answer, Wire, chat
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

ALICE, BOB, MALLORY = "alice-0f2c-secret", "bob-77aa-secret", "mallory-guesses-one"
PROVIDERS = "sk-provider-9b1d-secret"
TEAM = "team-header-3c4e-secret"

CONFIG = f"""
[providers.simulator]
[keys]
alice = "{ALICE}"
bob = {{ key_env = "BOBS_KEY" }}
"""


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(telling("one")) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    config = upstream.config(more=f'api_key = "{PROVIDERS}"\nheaders = {{ "x-team" = "{TEAM}" }}\n') + CONFIG
    with serving(config, {"BOBS_KEY": BOB}, tmp_path_factory.mktemp("keys")) as server:
        yield server


def ask(server: Serving, headers: dict[str, str], path: str = "/v1/models", method: str = "GET") -> Answer:
    """One request with these headers."""
    with Wire(server) as wire:
        if method == "POST":
            wire.post(chat(words=2), path, headers)
        else:
            wire.get(path, headers, method)
        return wire.answer(method)


PLACES = {
    "bearer": {"authorization": f"Bearer {ALICE}"},
    "bearer_of_any_case": {"authorization": f"bEaReR {ALICE}"},
    "bearer_without_its_space": {"authorization": f"bearer{ALICE}"},
    "anthropic": {"x-api-key": ALICE},
    "gemini": {"x-goog-api-key": ALICE},
    "bifrost": {"x-bf-vk": ALICE},
    "rapidapi": {"X-RapidAPI-Key": ALICE},
    "from_the_environment": {"authorization": f"Bearer {BOB}"},
}


@pytest.mark.parametrize("headers", PLACES.values(), ids=PLACES.keys())
def test_a_key_is_found_where_clients_put_it(server: Serving, headers: dict[str, str]) -> None:
    """For asking and for looking."""
    assert ask(server, headers).status == 200
    assert ask(server, headers, "/v1/chat/completions", "POST").status == 200


WRONG = {
    "none": {},
    "wrong": {"authorization": f"Bearer {MALLORY}"},
    "empty": {"authorization": "Bearer "},
    "basic": {"authorization": "Basic YWxpY2U6YWxpY2U="},
    "half": {"authorization": f"Bearer {ALICE[:-1]}"},
    "name": {"authorization": "Bearer alice"},
    "wrong_elsewhere": {"x-api-key": MALLORY},
    "not_ascii": {"authorization": "Bearer klíč".encode().decode("latin-1")},
}
ROUTES = [
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/responses"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/default"),
    ("GET", "/v1/runs"),
    ("GET", "/v1/runs/run_0000000000000000000000000000000000000000"),
    ("GET", "/v1/runs/run_0000000000000000000000000000000000000000/events"),
    ("POST", "/v1/runs/run_0000000000000000000000000000000000000000/stop"),
]


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG.keys())
def test_without_a_right_key_every_door_is_closed(server: Serving, headers: dict[str, str]) -> None:
    """401 in OpenAI's envelope, and the way to do it right."""
    for method, path in ROUTES:
        answer = ask(server, headers, path, method)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer"), path
        assert (answer.error["type"], answer.error["code"]) == ("invalid_request_error", "invalid_api_key")
        assert MALLORY.encode() not in answer.body


def test_what_needs_no_key(server: Serving) -> None:
    """The welcome, the health check and a browser's question before it asks."""
    assert ask(server, {}, "/").status == 200
    assert ask(server, {}, "/health").status == 200
    assert ask(server, {"origin": "https://app.example"}, "/v1/chat/completions", "OPTIONS").status == 204


def test_a_run_does_not_exist_for_another_key(server: Serving) -> None:
    """Neither to look at, nor to follow, nor to stop, nor in a list."""
    alice, bob = {"authorization": f"Bearer {ALICE}"}, {"authorization": f"Bearer {BOB}"}
    with Wire(server) as live:
        live.post(chat(stream=True, words=1000, gap_ms=50), headers=alice)
        running = run_of(live.until(b"\r\n\r\n"))
        over = ask(server, alice, "/v1/chat/completions", "POST").headers["headgate-run"]
        for run in (running, over):
            for method, path in (("GET", ""), ("GET", "/events"), ("POST", "/stop")):
                answer = ask(server, bob, f"/v1/runs/{run}{path}", method)
                assert (answer.status, answer.error["code"]) == (404, "run_not_found")
            listed = [found["id"] for found in get(server, "/v1/runs", BOB)["data"]]
            assert run not in listed
            assert ask(server, alice, f"/v1/runs/{run}").status == 200
        assert ask(server, alice, f"/v1/runs/{running}").json()["status"] == "running"


REFUSALS = {
    "status": ("401 Unauthorized", "application/json", '{"error": {"message": "Wrong key: %s", "code": "wrong"}}'),
    "code": ("401 Unauthorized", "application/json", '{"error": {"message": "Wrong", "code": "%s", "type": "%s"}}'),
    "text": ("403 Forbidden", "text/plain", "Wrong key: %s"),
    "page": ("200 OK", "text/html", "<html><body>Wrong key: %s</body></html>"),
    "object": ("200 OK", "application/json", '{"error": {"message": "Wrong key: %s", "code": "wrong"}}'),
    "event": ("200 OK", "text/event-stream", 'data: {"error": {"message": "Wrong key: %s", "code": "wrong"}}\n\n'),
}


def echoing(refusal: str) -> Play:
    """A provider that repeats the key it refuses, as some do."""
    status, kind, text = REFUSALS[refusal]

    def play(peer: Peer) -> None:
        request = peer.request()
        key = request.headers.get("authorization") or request.headers["x-goog-api-key"]
        body = text.replace("%s", f"{key} {request.headers['x-team']}").encode()
        head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        peer.send(head.encode() + body)

    return play


def test_the_provider_gets_its_key_and_nobody_elses(server: Serving, upstream: Upstream) -> None:
    """The client's own key stays here."""
    upstream.will(telling("one"))
    with Wire(server) as wire:
        wire.post(chat(model="up/m", stream=True), headers={"authorization": f"Bearer {ALICE}", "x-api-key": ALICE})
        assert wire.answer().status == 200
    asked = upstream.result()
    assert (asked.headers["authorization"], asked.headers["x-team"]) == (f"Bearer {PROVIDERS}", TEAM)
    assert ALICE not in str(asked)


SECRETS = (ALICE, BOB, MALLORY, PROVIDERS, TEAM)


def test_no_key_is_ever_seen_again(upstream: Upstream, tmp_path: Path) -> None:
    """Not in an answer, not in the log, not in any file of the store; whatever went wrong."""
    secret = f'api_key = "{PROVIDERS}"\nheaders = {{ "x-team" = "{TEAM}" }}\n'
    place = f'base_url = "http://127.0.0.1:{upstream.port}/v1"\n{secret}'
    others = f'[providers.lister]\nkind = "openai"\n{place}[providers.gem]\nkind = "gemini"\n{place}'
    config = '[server]\nlog_level = "debug"\n' + upstream.config(more=secret) + others + CONFIG
    with serving(config, {"BOBS_KEY": BOB}, tmp_path) as server:
        for refusal in REFUSALS:
            upstream.will(echoing(refusal))
            answers = everything_said(server)
            assert [secret for secret in SECRETS if secret.encode() in answers] == [], refusal
        assert server.stop() == 0
    (tmp_path / "headgate.toml").unlink()
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {"headgate.db", "stderr.txt"} <= set(files)
    for name, content in files.items():
        assert [secret for secret in SECRETS if secret.encode() in content] == [], name


ERRANDS: dict[str, dict[str, Any]] = {
    "/v1/embeddings": {"input": "Hi"},
    "/genai/v1beta/models/MODEL:embedContent": {"content": {"parts": [{"text": "Hi"}]}},
    "/genai/v1beta/models/MODEL:countTokens": {"contents": [{"parts": [{"text": "Hi"}]}]},
    "/anthropic/v1/messages/count_tokens": {"messages": [{"role": "user", "content": "Hi"}]},
}


def everything_said(server: Serving) -> bytes:
    """What clients with keys of all kinds get, asking for all kinds of models."""
    answers = repr(ask(server, PLACES["bearer"], f"/v1/models/{'x' * 50}")).encode()
    for headers in (*PLACES.values(), *WRONG.values()):
        for model, stream in (("up/m", True), ("up/m", False), ("simulator/demo", True), ("no-such-model", False)):
            with Wire(server) as wire:
                wire.post(chat(model=model, stream=stream, words=2), headers=headers)
                answers += wire.rest_of_answer()
    for path, asked in ERRANDS.items():
        for model in ("up/m", "gem/m"):
            with Wire(server) as wire:
                wire.post(
                    json.dumps({"model": model, **asked}).encode(), path.replace("MODEL", model), PLACES["bearer"]
                )
                answers += wire.rest_of_answer()
    return answers
