"""Responses over a WebSocket."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tests.e2e.upstream import Upstream, telling
from tests.e2e.watching import get, recent, wait_for_run, wait_for_status, wait_until
from tests.e2e.wire import PATIENCE, ask, counting, script, without_comments
from tests.responses.asking import PATH, events, make, show, stream
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

LONG = counting(2000)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(telling("one")) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[Serving]:
    with serving(upstream.config() + "[providers.simulator]\n") as server:
        yield server


class Talk:
    """A client's side of one connection."""

    def __init__(self, socket: Connection) -> None:
        self.socket = socket

    def say(self, **fields: Any) -> None:
        """One message."""
        self.socket.send(json.dumps(fields))

    def create(self, **fields: Any) -> None:
        """Ask for a response; what is no field of one is for the simulator."""
        said = {name: fields.pop(name) for name in ("text", "gap_ms", "words", "first_ms") if name in fields}
        self.say(**{"type": "response.create", "model": "simulator/demo", "input": "Hello", **script(**said), **fields})

    def hear(self) -> Any:
        """One message."""
        return json.loads(self.socket.recv(PATIENCE))

    def until_over(self) -> list[Any]:
        """The messages up to the end of a response, or an error that is no part of one."""
        heard = []
        while True:
            heard.append(self.hear())
            if heard[-1]["type"] in ("response.completed", "response.incomplete", "error"):
                return heard

    def until_closed(self) -> int:
        """Why the server says goodbye."""
        try:
            while True:
                self.hear()
        except ConnectionClosed as closed:
            return 1006 if closed.rcvd is None else closed.rcvd.code

    def response(self, **fields: Any) -> Any:
        """A response, when it is over."""
        self.create(**fields)
        return self.until_over()[-1]["response"]


@contextmanager
def talking(server: Serving, **headers: str) -> Iterator[Talk]:
    """A connection."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    with connect(server.url.replace("http", "ws") + PATH, additional_headers=more, compression=None) as socket:
        yield Talk(socket)


def test_many_responses_go_through_one_connection(server: Serving) -> None:
    """Each is the stream that HTTP would have sent, an event a message."""
    with talking(server) as talk:
        for words in (1, 5, 9):
            talk.create(words=words)
            heard = talk.until_over()
            assert heard[0]["type"] == "response.created"
            id = heard[0]["response"]["id"]
            assert heard == events(stream(server, id))
            assert show(server, id) == heard[-1]["response"]


def test_what_has_the_same_stream_id_waits_for_its_turn(server: Serving) -> None:
    with talking(server) as talk:
        talk.create(stream_id="a", text="first", first_ms=100)
        talk.create(stream_id="a", text="second")
        talk.create(stream_id="a", text="third")
        heard = [message for _ in range(3) for message in talk.until_over()]
    texts = [message["text"] for message in heard if message["type"] == "response.output_text.done"]
    assert texts == ["first", "second", "third"]
    assert {message["stream_id"] for message in heard} == {"a"}


def test_different_ones_go_side_by_side(server: Serving) -> None:
    """Also that of those that have none."""
    with talking(server) as talk:
        talk.create(stream_id="slow", text=LONG, gap_ms=1)
        while talk.hear()["type"] != "response.output_text.delta":
            pass
        talk.create(stream_id="fast", text="now")
        talk.create(text="then")
        over: list[str | None] = []
        while len(over) < 2:
            message = talk.hear()
            if message["type"] == "response.completed":
                over.append(message.get("stream_id"))
        assert set(over) == {"fast", None}


def test_a_turn_goes_on_from_the_one_before(server: Serving, upstream: Upstream) -> None:
    with talking(server) as talk:
        first = talk.response(words=2)
        upstream.will(telling("two"))
        second = talk.response(model="up/m", input="And?", previous_response_id=first["id"])
        asked = json.loads(upstream.result().body)
    assert [message["role"] for message in asked["messages"]] == ["user", "assistant", "user"]
    assert second["previous_response_id"] == first["id"]


def test_what_is_not_stored_can_be_gone_on_from_on_the_same_connection(server: Serving, upstream: Upstream) -> None:
    """And is nowhere else."""
    with talking(server) as talk, talking(server) as other:
        first = talk.response(words=2, store=False)
        assert ask(server, f"{PATH}/{first['id']}").status == 404
        upstream.will(telling("two"))
        talk.response(model="up/m", input="And?", previous_response_id=first["id"], store=False)
        assert len(json.loads(upstream.result().body)["messages"]) == 3
        other.create(previous_response_id=first["id"])
        error = other.until_over()[-1]
        assert (error["status"], error["error"]["code"]) == (400, "previous_response_not_found")


def test_only_the_last_of_those_are_remembered(server: Serving) -> None:
    with talking(server) as talk:
        ids = [talk.response(words=1, store=False)["id"] for _ in range(17)]
        talk.create(previous_response_id=ids[0])
        assert talk.until_over()[-1]["error"]["code"] == "previous_response_not_found"
        assert talk.response(previous_response_id=ids[1])["status"] == "completed"


def test_large_ones_are_remembered_for_a_shorter_time() -> None:
    """Nothing but their requests is needed to make us hold them."""
    with serving('[server]\nmax_body = "10KB"\n') as small, talking(small) as talk:
        ids = [talk.response(input="x" * 6000, generate=False)["id"] for _ in range(2)]
        talk.create(previous_response_id=ids[0])
        assert talk.until_over()[-1]["error"]["code"] == "previous_response_not_found"
        assert talk.response(words=1, previous_response_id=ids[1])["status"] == "completed"


def test_a_place_to_go_on_from_is_made_without_an_answer(server: Serving, upstream: Upstream) -> None:
    before = upstream.accepted
    with talking(server) as talk:
        talk.create(model="up/m", input="Listen.", generate=False, stream_id="a")
        heard = talk.until_over()
        assert [message["type"] for message in heard] == [
            "response.created",
            "response.in_progress",
            "response.completed",
        ]
        assert heard[-1]["response"]["output"] == []
        assert upstream.accepted == before
        upstream.will(telling("two"))
        talk.response(model="up/m", input="And?", previous_response_id=heard[-1]["response"]["id"])
        asked = json.loads(upstream.result().body)
    assert [message["content"] for message in asked["messages"]] == ["Listen.", "And?"]
    assert "generate" not in asked


BAD: dict[str, tuple[Any, str | None, str]] = {
    "no_json": ("{", None, "invalid_json"),
    "no_object": ("[]", None, "invalid_request"),
    "nothing": ("", None, "invalid_json"),
    "bytes": (b"{}", None, "invalid_message"),
    "no_type": ("{}", "type", "unknown_event"),
    "another_type": ('{"type": "response.steer", "input": []}', "type", "unknown_event"),
    "odd_type": ('{"type": {"a": 1}}', "type", "unknown_event"),
    "no_model": ('{"type": "response.create", "input": "x"}', "model", "missing_required_parameter"),
    "no_input": ('{"type": "response.create", "model": "m"}', "input", "missing_required_parameter"),
    "odd_input": ('{"type": "response.create", "model": "m", "input": 7}', "input", "invalid_value"),
    "odd_stream_id": ('{"type": "response.create", "stream_id": 7}', "stream_id", "invalid_value"),
    "empty_stream_id": ('{"type": "response.create", "stream_id": ""}', "stream_id", "invalid_value"),
    "long_stream_id": (json.dumps({"type": "response.create", "stream_id": "x" * 257}), "stream_id", "invalid_value"),
    "background": (
        '{"type": "response.create", "model": "m", "input": "x", "background": true}',
        "background",
        "unsupported_parameter",
    ),
    "no_such_model": (
        '{"type": "response.create", "model": "nobody/m", "input": "x"}', "model", "model_not_found"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_understood_is_said_and_the_talk_goes_on(server: Serving, name: str) -> None:
    message, param, code = BAD[name]
    with talking(server) as talk:
        talk.socket.send(message)
        error = talk.hear()
        assert error["type"] == "error"
        assert (error["error"]["param"], error["error"]["code"]) == (param, code)
        assert set(error["error"]) == {"message", "type", "param", "code"}
        assert error["status"] == (404 if code == "model_not_found" else 400)
        assert talk.response(words=1)["status"] == "completed"


def test_an_error_says_whose_it_is(server: Serving) -> None:
    with talking(server) as talk:
        talk.say(type="response.create", stream_id="a", model="simulator/demo")
        assert talk.hear()["stream_id"] == "a"


def test_a_response_that_fails_says_so_twice(server: Serving) -> None:
    """Once as a response, once as an error, as every client of one of them needs it."""
    with talking(server) as talk:
        talk.create(model="simulator/broken", stream_id="a")
        failed, error = talk.until_over()[-2:]
        assert (failed["type"], failed["response"]["status"]) == ("response.failed", "failed")
        assert (error["type"], error["status"], error["stream_id"]) == ("error", 502, "a")
        assert error["sequence_number"] == failed["sequence_number"] + 1
        assert talk.response(words=1)["status"] == "completed"


def test_so_many_and_no_more(server: Serving) -> None:
    """What is too much is refused, and what was taken goes on."""
    with talking(server) as talk:
        for number in range(65):
            talk.create(stream_id=str(number % 3), first_ms=300, words=1)
        refused = talk.hear()
        while refused["type"] != "error":
            refused = talk.hear()
        assert (refused["status"], refused["error"]["code"]) == (429, "too_many_responses")
        assert refused["stream_id"] == "1"
        assert refused["error"]["headers"] == {"retry-after": "1"}


def test_messages_that_wait_have_a_bound() -> None:
    with serving('[server]\nmax_body = "10KB"\n') as small, talking(small) as talk:
        talk.create(stream_id="a", text=counting(500), gap_ms=20)
        for _ in range(2):
            talk.create(stream_id="a", input="x" * 6000)
        error = talk.hear()
        while error["type"] != "error":
            error = talk.hear()
        assert (error["status"], error["error"]["code"]) == (413, "request_too_large")
        talk.socket.send("x" * 20_000)
        assert talk.until_closed() == 1009


def test_a_client_that_leaves_stops_what_it_asked_for(server: Serving) -> None:
    """What is at work, and what waits for its turn is never begun."""
    with talking(server) as talk:
        for stream_id in ("a", "b", "b"):
            talk.create(stream_id=stream_id, text=LONG, gap_ms=5)
        ids: set[str] = set()
        while len(ids) < 2:
            message = talk.hear()
            if message["type"] == "response.created":
                ids.add(message["response"]["id"].replace("resp_", "run_"))
        talk.socket.socket.close()
    for run in ids:
        wait_for_status(server, run, "stopped")
    assert {run["id"] for run in recent(server)[:2]} == ids
    assert get(server, "/health")["status"] == "healthy"


def test_so_it_does_when_nobody_has_said_anything_yet(server: Serving) -> None:
    with talking(server) as talk:
        talk.create(model="simulator/slow", first_ms=60_000)
        run = wait_for_run(server, "simulator/slow")
        # A close alone says nothing as long as the client's own thread reads.
        talk.socket.socket.shutdown(socket.SHUT_RDWR)
    wait_for_status(server, run, "stopped")


def test_a_client_that_asked_to_keep_its_answers_may_leave(server: Serving) -> None:
    with talking(server, headgate_disconnect="keep") as talk:
        talk.create(text=counting(50), gap_ms=2)
        id = talk.hear()["response"]["id"]
    ended = wait_until(lambda: (found := show(server, id))["status"] == "completed" and found, "its end")
    assert ended["output"][0]["content"][0]["text"] == counting(50)


def test_a_key_for_one_request_is_none_for_a_connection(server: Serving) -> None:
    with talking(server, idempotency_key="once") as talk:
        assert talk.response(words=1)["id"] != talk.response(words=2)["id"]


def test_keys_and_origins_are_checked_before_anything_else() -> None:
    config = "[server]\ncors_origins = ['https://page.example']\n[keys]\nalice = 'alice-0f2c'\n[providers.simulator]\n"
    with serving(config) as server:
        for headers, status, code in (
            ({}, 401, b"invalid_api_key"),
            ({"authorization": "Bearer wrong-key"}, 401, b"invalid_api_key"),
            ({"authorization": "Bearer alice-0f2c", "origin": "https://other.example"}, 403, b"origin_not_allowed"),
        ):
            with pytest.raises(InvalidStatus) as caught, talking(server, **headers):
                pass
            assert caught.value.response.status_code == status
            assert code in (caught.value.response.body or b"")
        with talking(server, authorization="Bearer alice-0f2c", origin="https://page.example") as talk:
            mine = talk.response(words=1)["id"]
        assert ask(server, f"{PATH}/{mine}", {"authorization": "Bearer alice-0f2c"}).status == 200
        assert ask(server, f"{PATH}/{mine}").status == 401
        assert "ERROR" not in server.log(), "to refuse somebody is no fault of ours"


def test_without_an_upgrade_it_is_no_page(server: Serving) -> None:
    answer = ask(server, PATH)
    assert (answer.status, answer.error["code"], answer.headers["upgrade"]) == (426, "upgrade_required", "websocket")
    assert ask(server, PATH, method="DELETE").headers["allow"] == "GET, HEAD, POST"


def test_a_server_that_ends_lets_its_talks_finish_and_says_goodbye() -> None:
    """With the code that tells clients to connect again."""
    with serving() as server, talking(server) as talk:
        talk.create(text=counting(100), gap_ms=2)
        talk.hear()
        server.process.terminate()
        assert talk.until_over()[-1]["type"] == "response.completed"
        assert talk.until_closed() == 1012
        assert server.process.wait(PATIENCE) == 0


def test_a_connection_that_is_of_no_use_is_ended() -> None:
    """But not one where something is being answered."""
    quickly = "from headgate.dialects.responses import talks\ntalks.IDLE_LIMIT = 0.2"
    with serving(before=quickly) as server, talking(server) as talk:
        assert talk.response(first_ms=500, words=1)["status"] == "completed"
        assert talk.until_closed() == 1001


def test_the_same_as_over_http(server: Serving) -> None:
    with talking(server) as talk:
        talk.create(text="The same.")
        heard = talk.until_over()
    told = events(without_comments(make(server, text="The same.", stream=True).body))
    ids = [next(one["response"]["id"] for one in said) for said in (heard, told)]
    hexes = [id.removeprefix("resp_") for id in ids]
    assert json.dumps(heard[2:-1]).replace(hexes[0], "") == json.dumps(told[2:-1]).replace(hexes[1], "")
