"""Answers streamed to channels by a real server: who hears what, what is refused, and what a crash leaves."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.upstream import STREAM_HEAD, Peer, Upstream
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

JOKE: dict[str, Any] = {
    "apiKey": "BFAPI_xxxxxxxx-xxxxxx-xxxxxx",
    "channels": ["anonymous"],
    "actionName": "assistantReceiveResultsStream",
    "service": "openAI",
    "payload": {
        "apiKey": "sk-xxxxxxx-xxxxxxxx-xxxxxxx",
        "stream": True,
        "functions": [],
        "max_tokens": 4000,
        "seed": 1,
        "messages": [
            {"content": "You are a Chuck Norris Joke teller.", "role": "system"},
            {"content": "create a joke about software developers", "role": "user"},
        ],
        "model": "gpt-4-turbo-preview",
        "temperature": 0,
    },
}
"""The document's own request, but for a quote that is missing there."""


class Ear:
    """Listens on channels until an answer's end."""

    def __init__(self, server: Serving, *channels: str, cursor: str | None = None, history: int = 0) -> None:
        query = [*(("channel", channel) for channel in channels), ("history", str(history))]
        headers = {} if cursor is None else {"last-event-id": cursor}
        self._answer = requests.get(
            f"{server.url}/message/stream", params=query, headers=headers, stream=True, timeout=30
        )
        self._lines = self._answer.iter_lines()
        self.events: list[dict[str, str]] = []
        self._next()

    def _next(self) -> dict[str, str]:
        event: dict[str, str] = {}
        for line in self._lines:
            if not line and event:
                break
            name, _, value = line.decode().partition(": ")
            if name:
                event[name] = value
        self.events.append(event)
        return event

    def until_end(self) -> list[dict[str, Any]]:
        """The options of all that the named action was to do."""
        heard: list[dict[str, Any]] = []
        while not heard or heard[-1]["type"] != "end":
            event = self._next()
            assert event, "the stream ended"
            if "event" not in event:
                (action,) = json.loads(event["data"])["message"]["actions"]
                heard.append(action["options"])
        return heard

    def close(self) -> None:
        self._answer.close()


def words(heard: list[dict[str, Any]]) -> str:
    """The answer."""
    return "".join(each["content"] for each in heard if each["type"] == "delta")


def post(server: Serving, path: str, body: dict[str, Any], **headers: str) -> requests.Response:
    return requests.post(f"{server.url}{path}", json=body, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


def test_the_documents_joke_reaches_everybody_word_by_word(server: Serving) -> None:
    ears = [Ear(server, "anonymous"), Ear(server, "anonymous", "other")]
    answer = post(server, "/stream/create", JOKE)
    assert (answer.status_code, answer.json()) == (201, {"success": True, "message": "Streaming setup complete"})
    heard = [ear.until_end() for ear in ears]
    assert heard[0] == heard[1]
    assert len(heard[0]) > 3
    run = requests.get(f"{server.url}/v1/runs/{answer.headers['headgate-run']}", timeout=30).json()
    assert words(heard[0]) == run["output"]["text"]


def test_what_is_for_members_is_for_nobody_else(server: Serving) -> None:
    """Also when there are none, where a name alone means the channel for everybody."""
    ear = Ear(server, "private")
    for scope, name in (("authenticated", "secret"), (None, "open")):
        body = {**JOKE, "channels": ["private"], "actionName": name, "scope": scope}
        assert post(server, "/stream/create", body).status_code == 201
    ear.until_end()
    assert all('"name":"open"' in event["data"] for event in ear.events[1:])
    assert post(server, "/stream/create", {**JOKE, "scope": "topic"}).status_code == 400


def test_who_comes_back_hears_what_it_missed(server: Serving) -> None:
    ear = Ear(server, "again")
    body = {**JOKE, "channels": ["again"], "payload": {**JOKE["payload"], "simulator": {"text": "one two"}}}
    assert post(server, "/stream/create", body).status_code == 201
    first = ear.until_end()
    middle = next(event["id"] for event in ear.events if '"delta"' in event["data"])
    ear.close()
    assert Ear(server, "again", cursor=middle).until_end() == first[1:]


def test_whole_answers(server: Serving) -> None:
    payload = {**JOKE["payload"], "stream": False}
    chat = post(server, "/stream/create", {**JOKE, "payload": payload})
    assert (chat.status_code, chat.json()["object"]) == (201, "chat.completion")
    query = post(server, "/llm/query", {**JOKE, "payload": payload, "actionName": "act"})
    assert query.json()["success"] is True
    assert query.json()["actionName"] == "act"
    assert query.json()["data"]["choices"][0]["message"]["content"]
    assert query.json()["data"]["usage"]["total_tokens"] > 0


def test_a_query_can_be_stopped_by_the_name_that_its_channel_is_told(server: Serving) -> None:
    ear = Ear(server, "stops")
    payload = {"model": "simulator/demo", "stream": True, "messages": JOKE["payload"]["messages"]}
    slow = {**payload, "simulator": {"text": "word " * 500, "gap_ms": 20}}
    answer = post(server, "/llm/query", {"channels": ["stops"], "actionName": "a", "payload": slow})
    assert answer.json() == {"success": True, "data": {"message": "Streaming setup complete"}}
    run = answer.headers["headgate-run"]
    heard: list[dict[str, Any]] = []
    listening = threading.Thread(target=lambda: heard.extend(ear.until_end()))
    listening.start()
    stopped = post(server, "/llm/query/stop", {"streamId": run})
    assert (stopped.status_code, stopped.json()) == (201, {"status": "stopped", "streamId": run})
    listening.join(30)
    assert heard[0] == {"type": "threadInfo", "content": {"streamId": run}}
    assert heard[-1]["type"] == "end"
    assert len(heard) < 500
    assert post(server, "/llm/query/stop", {"streamId": run}).json()["status"] == "stopped"
    assert post(server, "/llm/query/stop", {"streamId": "run_0"}).json()["status"] == "not_found"


@pytest.mark.parametrize(
    ("change", "status", "name"),
    [
        ({"channels": []}, 400, "BadRequest"),
        ({"channels": None}, 400, "BadRequest"),
        ({"channels": ["a\u0007"]}, 400, "BadRequest"),
        ({"service": "skynet"}, 400, "BadRequest"),
        ({"service": None, "payload": {**JOKE["payload"], "model": "gpt-none"}}, 404, "NotFound"),
        ({"payload": {"stream": True, "messages": []}}, 400, "BadRequest"),
    ],
)
def test_refusals_in_feathers_shape(server: Serving, change: dict[str, Any], status: int, name: str) -> None:
    answer = post(server, "/stream/create", {**JOKE, **change})
    error = answer.json()
    assert (answer.status_code, error["code"], error["name"]) == (status, status, name)
    assert error["message"]
    query = post(server, "/llm/query", {**JOKE, **change}).json()
    assert (query["success"], query["error"]["code"]) == (False, status)


def test_keys_and_how_far_they_reach() -> None:
    keys = '[keys]\nalice = "key-of-alice-1"\nbob = { key = "key-of-bob-22", channels = ["sales-*"] }\n'
    with serving(keys) as server:
        wrong = post(server, "/stream/create", JOKE)
        assert (wrong.status_code, wrong.json()["name"]) == (401, "NotAuthenticated")
        assert "BFAPI" not in wrong.text
        assert post(server, "/stream/create", {**JOKE, "apiKey": "key-of-alice-1"}).status_code == 201
        assert post(server, "/stream/create", {**JOKE, "apiKey": None}, authorization="Bearer key-of-alice-1").ok
        bobs = {**JOKE, "apiKey": "key-of-bob-22"}
        far = post(server, "/stream/create", bobs)
        assert (far.status_code, far.json()["data"]["code"]) == (403, "channel_not_allowed")
        assert post(server, "/stream/create", {**bobs, "channels": ["sales-1"]}).status_code == 201


def test_the_callers_own_key_goes_to_the_service_that_is_meant_and_nowhere_else(tmp_path: Path) -> None:
    asked: list[dict[str, str]] = []

    def play(peer: Peer) -> None:
        asked.append(peer.request().headers)
        peer.send(STREAM_HEAD)
        peer.say("ha", reason="stop")
        peer.done()

    with Upstream(play) as upstream, serving(upstream.config("openai"), folder=tmp_path) as server:
        ear = Ear(server, "anonymous")
        post(server, "/stream/create", JOKE)
        assert words(ear.until_end()) == "ha"
        assert asked[0]["authorization"] == "Bearer sk-xxxxxxx-xxxxxxxx-xxxxxxx"
    for file in tmp_path.iterdir():
        assert b"sk-xxxxxxx" not in file.read_bytes(), file.name


def test_a_stand_in_answers_and_never_gets_the_callers_key() -> None:
    asked: list[dict[str, str]] = []

    def play(peer: Peer) -> None:
        asked.append(peer.request().headers)
        peer.send(STREAM_HEAD)
        peer.say("ha", reason="stop")
        peer.done()

    with Upstream(play) as upstream, serving(upstream.config("other", 'default_model = "m"')) as server:
        ear = Ear(server, "anonymous")
        assert post(server, "/stream/create", JOKE).status_code == 201
        assert words(ear.until_end()) == "ha"
    assert "sk-" not in str(asked)


def test_a_provider_that_fails_is_told_on_the_channel() -> None:
    def refuse(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 400 Bad\r\ncontent-length: 36\r\n\r\n" + b'{"error":{"message":"Not like that"}}'[:36])

    def cut(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD)
        peer.say("half")
        peer.reset()

    with Upstream(refuse) as upstream, serving(upstream.config("openai")) as server:
        ear = Ear(server, "anonymous")
        assert post(server, "/stream/create", JOKE).status_code == 201
        assert [each["type"] for each in ear.until_end()] == ["error", "end"]
        upstream.will(cut)
        assert post(server, "/stream/create", JOKE).status_code == 201
        assert [each["type"] for each in ear.until_end()] == ["delta", "error", "end"]


def test_what_was_promised_is_told_also_after_a_crash(tmp_path: Path) -> None:
    """Nothing had come of it, so it is asked again, and told on its channels."""
    silence, speaks = threading.Event(), threading.Event()

    def play(peer: Peer) -> None:
        peer.request()
        silence.set()
        if speaks.is_set():
            peer.send(STREAM_HEAD)
            peer.say("late", reason="stop")
            peer.done()
        else:
            peer.left_at()

    with Upstream(play) as upstream:
        body = {**JOKE, "payload": {**JOKE["payload"], "apiKey": None}}
        with serving(upstream.config("openai"), folder=tmp_path) as first:
            assert post(first, "/stream/create", body).status_code == 201
            assert silence.wait(30)
            first.kill()
        speaks.set()
        with serving(upstream.config("openai"), folder=tmp_path) as second:
            ear = Ear(second, "anonymous", history=9)
            assert words(ear.until_end()) == "late"


def test_without_room_for_its_channels_nothing_is_asked() -> None:
    with serving("[channels]\nmax_channels = 3\n") as server:
        ear = Ear(server, "a", "b")
        full = post(server, "/stream/create", JOKE)
        assert (full.status_code, full.json()["name"]) == (503, "Unavailable")
        (run,) = requests.get(f"{server.url}/v1/runs", timeout=30).json()["data"]
        assert run["status"] == "stopped"
        ear.close()
