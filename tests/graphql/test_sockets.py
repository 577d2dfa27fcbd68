"""GraphQL on a WebSocket, message by message: what its protocols want, and what clients do wrong."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection
from websockets.typing import Subprotocol

from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

NEW, OLDER = "graphql-transport-ws", "graphql-ws"
LISTEN = {"query": "subscription { todoChanges { kind todo { title } } }"}
INIT = {"type": "connection_init"}


class Talk:
    """One socket."""

    def __init__(self, socket: Connection) -> None:
        self.socket = socket

    def say(self, *messages: Any) -> None:
        """Send messages; bytes and texts as they are."""
        for message in messages:
            self.socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    def hear(self) -> Any:
        """The next message."""
        return json.loads(self.socket.recv(20))

    def closed(self) -> tuple[int, str]:
        """Why it was closed, after whatever else was said."""
        with suppress(ConnectionClosed):
            for _ in self.socket:
                pass
        assert self.socket.close_code is not None
        return self.socket.close_code, self.socket.close_reason or ""


@contextmanager
def talking(
    server: Serving, *protocols: str, headers: dict[str, str] | None = None, greets: bool = True
) -> Iterator[Talk]:
    """A socket; one that has said who it is."""
    url = f"{server.url.replace('http', 'ws')}/graphql"
    wanted = [Subprotocol(name) for name in protocols or (NEW,)]
    with connect(url, subprotocols=wanted, additional_headers=headers) as socket:
        talk = Talk(socket)
        if greets:
            talk.say(INIT)
            assert talk.hear() == {"type": "connection_ack"}
        yield talk


def subscribe(id: str, query: str) -> dict[str, Any]:
    """A message that asks for something."""
    return {"id": id, "type": "subscribe", "payload": {"query": query}}


def test_the_protocol_that_the_client_likes_best_is_spoken(server: Serving) -> None:
    with talking(server, "soap", OLDER, NEW) as talk:
        assert talk.socket.subprotocol == OLDER
    with talking(server, "soap", greets=False) as talk:
        assert talk.closed() == (4406, "Subprotocol not acceptable")


def test_queries_and_mutations_are_answered_there_too(server: Serving) -> None:
    with talking(server) as talk:
        talk.say(subscribe("1", "{ hello }"))
        assert talk.hear() == {"type": "next", "id": "1", "payload": {"data": {"hello": "Hello World"}}}
        assert talk.hear() == {"type": "complete", "id": "1"}
        talk.say(subscribe("1", "mutation { toggleTodo(id: 0) { id } }"))
        told = talk.hear()
        assert (told["type"], told["payload"]["data"]) == ("next", None)
        assert talk.hear()["type"] == "complete"
        talk.say(subscribe("2", "{ nothing }"))
        told = talk.hear()
        assert (told["type"], told["id"], len(told["payload"])) == ("error", "2", 1)
        talk.say({"type": "ping", "payload": {"at": 1}}, {"type": "pong"})
        assert talk.hear() == {"type": "pong", "payload": {"at": 1}}


def test_a_subscription_ends_when_its_client_says_so(server: Serving) -> None:
    with talking(server) as talk:
        talk.say({"id": "s", "type": "subscribe", "payload": LISTEN}, subscribe("1", "{ hello }"))
        assert [talk.hear()["id"], talk.hear()["id"]] == ["1", "1"]
        talk.say(subscribe("2", 'mutation { createTodo(title: "heard") { id } }'))
        heard = [talk.hear() for _ in range(3)]
        (change,) = [message for message in heard if message["id"] == "s"]
        assert change["payload"]["data"]["todoChanges"] == {"kind": "CREATED", "todo": {"title": "heard"}}
        talk.say(
            {"id": "s", "type": "complete"}, {"id": "s", "type": "complete"}, {"id": "unknown", "type": "complete"}
        )
        talk.say(subscribe("s", "{ hello }"))
        assert talk.hear() == {"type": "next", "id": "s", "payload": {"data": {"hello": "Hello World"}}}, (
            "its id is free"
        )


def test_the_older_protocol_has_other_words(server: Serving) -> None:
    with talking(server, OLDER) as talk:
        talk.say({"id": "1", "type": "start", "payload": {"query": "{ hello }"}})
        assert talk.hear() == {"type": "data", "id": "1", "payload": {"data": {"hello": "Hello World"}}}
        assert talk.hear() == {"type": "complete", "id": "1"}
        talk.say({"id": "2", "type": "start", "payload": {"query": "{ nothing }"}})
        told = talk.hear()
        assert (told["type"], told["payload"]["message"]) == ("error", "Cannot query field 'nothing' on type 'Query'.")
        talk.say({"id": "3", "type": "start", "payload": LISTEN}, {"id": "3", "type": "start", "payload": LISTEN})
        talk.say({"id": "3", "type": "stop"}, {"type": "connection_terminate"})
        assert talk.closed()[0] == 1000


@pytest.mark.parametrize(
    ("messages", "code", "reason"),
    [
        ([INIT], 4429, "Too many initialisation requests"),
        (["{"], 4400, "This is no message"),
        (["[1]"], 4400, "This is no message"),
        (['{"type": 5}'], 4400, "This is no message"),
        (["[" * 10_000], 4400, "This is no message"),
        ([b"{}"], 4400, "WebSocket message type must be text"),
        ([{"type": "start", "id": "1", "payload": LISTEN}], 4400, "Unknown message type: start"),
        ([{"type": "subscribe", "payload": LISTEN}], 4400, "An operation has an id of 1 to 256 characters"),
        ([{"type": "subscribe", "id": "", "payload": LISTEN}], 4400, "An operation has an id of 1 to 256 characters"),
        ([{"type": "subscribe", "id": "1", "payload": {}}], 4400, "This is no operation"),
        ([{"type": "subscribe", "id": "1", "payload": LISTEN}] * 2, 4409, "Subscriber for 1 already exists"),
        (["x" * 300_000], 1009, ""),
    ],
)
def test_who_does_not_keep_to_the_protocol_is_sent_away(
    server: Serving, messages: list[Any], code: int, reason: str
) -> None:
    with talking(server) as talk:
        talk.say(*messages)
        closed = talk.closed()
        assert (closed[0], closed[1][: len(reason)]) == (code, reason)


@pytest.mark.parametrize("payload", [5, [], "key-of-alice"])
def test_a_greeting_is_an_object(server: Serving, payload: Any) -> None:
    with talking(server, greets=False) as talk:
        talk.say({"type": "connection_init", "payload": payload})
        assert talk.closed()[0] == 4400


def test_nothing_is_done_for_who_has_not_greeted(server: Serving) -> None:
    with talking(server, greets=False) as talk:
        talk.say(subscribe("1", "{ hello }"))
        assert talk.closed() == (4401, "Unauthorized")


@pytest.mark.parametrize(
    "payload",
    [
        {"Authorization": "Bearer key-of-alice"},
        {"headers": {"authorization": "bearerkey-of-alice"}},
        {"x-api-key": "key-of-alice", "more": {"of": ["that"]}},
    ],
)
def test_a_key_comes_with_the_greeting(keyed: Serving, payload: Any) -> None:
    with talking(keyed, greets=False) as talk:
        talk.say({"type": "connection_init", "payload": payload})
        assert talk.hear() == {"type": "connection_ack"}


def test_a_key_comes_with_the_upgrade(keyed: Serving) -> None:
    with talking(keyed, headers={"authorization": "Bearer key-of-alice"}) as talk:
        talk.say(subscribe("1", "{ hello }"))
        assert talk.hear()["type"] == "next"


@pytest.mark.parametrize("payload", [None, {}, {"authorization": "Bearer wrong"}, {"authorization": 5}, {"headers": 5}])
def test_without_a_key_nothing_is_told(keyed: Serving, payload: Any) -> None:
    for protocol in (NEW, OLDER):
        with talking(keyed, protocol, greets=False) as talk:
            talk.say({"type": "connection_init", "payload": payload})
            assert talk.closed() == (4403, "Forbidden")


def test_one_connection_has_only_so_many_operations(server: Serving) -> None:
    with talking(server) as talk:
        for number in range(51):
            talk.say({"id": str(number), "type": "subscribe", "payload": LISTEN})
        told = talk.hear()
        assert (told["type"], told["id"]) == ("error", "50")
        assert "50 operations at a time" in told["payload"][0]["message"]


BEFORE = """
from headgate.dialects.graphql import sockets
from headgate.todos import changes
sockets.INIT_LIMIT = 0.3
changes.MAX_BEHIND = 0
"""


def test_what_a_connection_may_take_is_bounded() -> None:
    """Who does not greet in time is sent away; who reads too slowly is told that it misses something."""
    with serving(before=BEFORE) as server:
        with talking(server, greets=False) as talk:
            assert talk.closed() == (4408, "Connection initialisation timeout")
        with talking(server) as talk:
            talk.say({"id": "s", "type": "subscribe", "payload": LISTEN}, subscribe("1", "{ hello }"))
            assert [talk.hear()["id"], talk.hear()["id"]] == ["1", "1"]
            talk.say(subscribe("2", 'mutation { createTodo(title: "a") { id } }'))
            heard = [talk.hear() for _ in range(3)]
            (told,) = [message for message in heard if message["id"] == "s"]
            assert (told["type"], told["payload"][0]["extensions"]) == ("error", {"code": "too_slow"})
            talk.say({"id": "s", "type": "subscribe", "payload": LISTEN})
            assert server.stop() == 0, "a server ends although somebody listens"
