"""A line for every request, however it ends, and never a secret in it."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.e2e.upstream import STREAM_HEAD, Peer, Upstream, telling
from tests.e2e.watching import wait_until
from tests.e2e.wire import HELLO, PATIENCE, Wire, ask, chat, script
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

KEY, UPSTREAM_KEY = "the-secret-of-alice", "sk-upstream-secret-key"
ALICE = {"authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(lambda peer: None) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[Serving]:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()[1]
    sections = [
        upstream.config("up", f'api_key = "{UPSTREAM_KEY}"'),
        f'[providers.dead]\nkind = "openai"\nbase_url = "http://127.0.0.1:{dead}/v1"\nmodels = ["m"]\n',
        "[providers.simulator]\n",
        f'[keys]\nalice = "{KEY}"\n',
        '[log]\naccess = "access.log"\n',
    ]
    with serving("\n".join(sections)) as server:
        yield server
        lines = (server.folder / "access.log").read_text()
        for secret in (KEY, UPSTREAM_KEY, "Hello", "hidden", "Bearer"):
            assert secret not in lines


class Log:
    """The lines that come from here on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = len(self._read())

    def next(self) -> dict[str, Any]:
        """The next one."""
        wait_until(lambda: len(self._read()) > self._seen, "a line of the access log")
        self._seen += 1
        line: dict[str, Any] = json.loads(self._read()[self._seen - 1])
        assert line.pop("time").endswith("Z")
        assert line.pop("client") == "127.0.0.1"
        assert line.pop("ms") >= line.pop("first_ms", 0.0) >= 0
        return line

    def _read(self) -> list[str]:
        return self._path.read_text().splitlines()


@pytest.fixture
def log(server: Serving) -> Log:
    return Log(server.folder / "access.log")


def asked(model: str, *, stream: bool = True) -> bytes:
    return json.dumps({"model": model, "messages": HELLO, "stream": stream}).encode()


CHAT = {"method": "POST", "route": "/v1/chat/completions", "key": "alice"}


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_that_is_whole(server: Serving, log: Log, stream: bool) -> None:
    answer = ask(server, "/v1/chat/completions", ALICE, "POST", chat(stream=stream, text="One two."))
    assert answer.status == 200
    line = log.next()
    assert line.pop("bytes") > len(answer.body)
    assert line.pop("run") == answer.headers["headgate-run"]
    assert (line.pop("input_tokens"), line.pop("output_tokens")) == (1, 2)
    line.pop("cost", None)
    assert line == {
        **CHAT,
        "status": 200,
        "asked": "simulator/demo",
        "provider": "simulator",
        "model": "demo",
        "attempts": 1,
        "estimated": False,
        "end": "finished",
    }


def test_a_failure_before_the_first_words(server: Serving, log: Log) -> None:
    assert ask(server, "/v1/chat/completions", ALICE, "POST", asked("dead/m")).status == 502
    line = log.next()
    assert (line["status"], line["end"], line["asked"], line["attempts"]) == (502, "failed", "dead/m", 1)
    assert line["code"].startswith("upstream_")
    assert "provider" not in line


def test_another_provider_took_over(server: Serving, upstream: Upstream, log: Log) -> None:
    upstream.will(telling("One", " two"))
    body = json.dumps({"model": "dead/m", "messages": HELLO, "stream": True, "fallbacks": ["up/m"]}).encode()
    assert ask(server, "/v1/chat/completions", ALICE, "POST", body).status == 200
    line = log.next()
    assert (line["end"], line["asked"], line["provider"], line["attempts"]) == ("finished", "dead/m", "up", 2)


def test_a_stream_that_broke(server: Serving, log: Log) -> None:
    with Wire(server) as wire:
        wire.post(chat(stream=True, words=8, fail={"at": 3}), headers=ALICE)
        wire.rest_of_answer()
    line = log.next()
    assert (line["status"], line["end"], line["code"]) == (200, "failed", "simulated_failure")


def some_words(peer: Peer) -> float:
    peer.request()
    peer.send(STREAM_HEAD)
    peer.say("one", " two")
    peer.ready.set()
    return peer.left_at()


def test_a_client_that_left(server: Serving, upstream: Upstream, log: Log) -> None:
    """Its line waits for its run's end, and so knows what it cost."""
    upstream.will(some_words)
    with Wire(server) as wire:
        wire.post(asked("up/m"), headers=ALICE)
        wire.until(b" two")
    upstream.result()
    line = log.next()
    assert (line["status"], line["end"], line["provider"]) == (200, "client_left", "up")
    assert line["estimated"] is True
    assert line["output_tokens"] > 0


def test_a_client_that_left_before_there_was_an_answer(server: Serving, upstream: Upstream, log: Log) -> None:
    def silent(peer: Peer) -> float:
        peer.request()
        peer.ready.set()
        return peer.left_at()

    upstream.will(silent)
    with Wire(server) as wire:
        wire.post(asked("up/m"), headers=ALICE)
        upstream.wait_ready()
    upstream.result()
    line = log.next()
    assert (line["status"], line["end"], line["bytes"]) == (499, "client_left", 0)


def test_a_run_that_was_stopped(server: Serving, upstream: Upstream, log: Log) -> None:
    upstream.will(some_words)
    with Wire(server) as wire:
        wire.post(asked("up/m"), headers=ALICE)
        wire.until(b" two")
        run = ask(server, "/v1/runs", ALICE).json()["data"][0]["id"]
        ask(server, f"/v1/runs/{run}/stop", ALICE, "POST")
        wire.until(b"0\r\n\r\n")
    found = sorted((log.next() for _ in range(3)), key=lambda line: str(line["route"]))
    assert [line["route"] for line in found] == ["/v1/chat/completions", "/v1/runs", "/v1/runs/{id}/stop"]
    assert (found[0]["end"], found[0]["code"]) == ("stopped", "user")


def test_a_reader_of_a_run_is_not_charged_for_it(server: Serving, log: Log) -> None:
    run = ask(server, "/v1/chat/completions", ALICE, "POST", chat(text="One.")).headers["headgate-run"]
    ask(server, f"/v1/runs/{run}/events", ALICE)
    log.next()
    line = log.next()
    assert (line["route"], line["run"], line["end"]) == ("/v1/runs/{id}/events", run, "finished")
    assert not {"input_tokens", "output_tokens", "cost", "attempts"} & set(line)


@pytest.mark.parametrize(
    ("path", "headers", "body", "expected"),
    [
        ("/v1/chat/completions", {}, b"{}", (401, "/v1/chat/completions", "invalid_api_key")),
        ("/v1/models", {"authorization": "Bearer sk-hidden"}, b"{}", (405, "/v1/models", "method_not_allowed")),
        ("/v1/responses", {"authorization": "Bearer sk-hidden"}, b"{}", (401, "/v1/responses", "invalid_api_key")),
        ("/v1/chat/completions", ALICE, b"{", (400, "/v1/chat/completions", "invalid_json")),
        ("/v1/chat/completions", ALICE, asked("nobody/m"), (404, "/v1/chat/completions", "model_not_found")),
        ("/v1/chat/completion?key=hidden", ALICE, b"{}", (404, "/v1/chat/completion", "not_found")),
        ("/v1/x/this-may-be-a-token-that-is-hidden", ALICE, b"{}", (404, "/v1/x/this-may...", "not_found")),
        ("/v1/models", ALICE, b"{}", (405, "/v1/models", "method_not_allowed")),
    ],
)
def test_what_was_refused(
    server: Serving, log: Log, path: str, headers: dict[str, str], body: bytes, expected: tuple[int, str, str]
) -> None:
    assert ask(server, path, headers, "POST", body).status == expected[0]
    line = log.next()
    where = line["route"] if "route" in line else line["path"]
    assert (line["status"], where, line["code"]) == expected
    assert line["end"] == "refused"
    assert line.get("key") == ("alice" if headers == ALICE else None)


def test_vectors(server: Serving, log: Log) -> None:
    """Which make no run, and cost all the same."""
    body = json.dumps({"model": "simulator/embedding", "input": "One two three"}).encode()
    ask(server, "/v1/embeddings", ALICE, "POST", body)
    line = log.next()
    assert (line["route"], line["end"], line["attempts"]) == ("/v1/embeddings", "answered", 1)
    assert (line["asked"], line["provider"], line["model"]) == ("simulator/embedding", "simulator", "embedding")
    assert line["input_tokens"] > 0
    assert "run" not in line


def test_answers_on_a_websocket(server: Serving, log: Log) -> None:
    """Each has a line, and the connection one at its end."""
    asked = {"type": "response.create", "model": "simulator/demo", "input": "Hello", **script(text="One two.")}
    with connect(f"ws://127.0.0.1:{server.port}/v1/responses", additional_headers=ALICE) as talk:
        talk.send(json.dumps(asked))
        while json.loads(talk.recv(PATIENCE))["type"] != "response.completed":
            pass
        line = log.next()
        assert (line["route"], line["status"], line["key"]) == ("/v1/responses", 200, "alice")
        assert (line["end"], line["provider"], line["output_tokens"]) == ("finished", "simulator", 2)
        talk.send(json.dumps({**asked, "model": "nobody/m"}))
        assert json.loads(talk.recv(PATIENCE))["type"] == "error"
        line = log.next()
        assert (line["status"], line["end"], line["code"]) == (404, "refused", "model_not_found")
        talk.send(json.dumps({**asked, **script(words=500, gap_ms=60_000)}))
        talk.recv(PATIENCE)
    lines = {line["status"]: line for line in (log.next(), log.next())}
    assert (lines[101]["end"], "run" in lines[101]) == ("answered", False)
    assert (lines[200]["end"], lines[200]["provider"]) == ("client_left", "simulator")


def test_what_is_no_request_at_all(server: Serving, log: Log) -> None:
    with Wire(server) as wire:
        wire.send(b"hidden nonsense\r\n\r\n")
        wire.rest()
    line = log.next()
    assert (line["status"], line["end"], line["code"]) == (400, "refused", "invalid_http")


def test_a_page_for_people(server: Serving, log: Log) -> None:
    assert ask(server, "/docs").status == 200
    assert log.next()["route"] == "/docs"


def test_a_log_that_was_moved_away_goes_on_in_a_new_file(server: Serving) -> None:
    path = server.folder / "access.log"
    before = path.read_text()
    os.rename(path, path.with_suffix(".1"))
    ask(server, "/health")
    wait_until(path.exists, "a new log")
    wait_until(lambda: "/health" in path.read_text(), "its line")
    path.write_text(before + path.read_text())


def test_everything_is_written_before_the_end() -> None:
    with serving('[log]\naccess = "stderr"\nformat = "text"\n') as server:
        ask(server, "/health")
        server.stop()
        assert " GET /health 200 " in server.log()
