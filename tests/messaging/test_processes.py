"""Channels of a real process: EventSources that are cut, sockets that are rude, restarts, a client that never reads."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage
from websockets.sync.client import connect

from tests.e2e.cutter import Cutter
from tests.e2e.watching import wait_until
from tests.e2e.wire import Wire, ask, frames
from tests.node import chromium, node
from tests.responses.test_rude_sockets import RUDE, UPGRADE, masked
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

COUNT = 150
"""Messages."""

CUT = (ConnectionClosed, InvalidMessage, EOFError, OSError)
"""What a client makes of it."""

LISTENERS = 4
"""A browser opens no more than six connections at once."""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


def post(server: Serving, name: str, **fields: Any) -> Any:
    """What a server asks, and is told."""
    answer = ask(server, f"/message/{name}", method="POST", body=json.dumps(fields).encode())
    assert answer.status == 201, answer
    return answer.json()


def say(server: Serving, number: int, *channels: str) -> None:
    """A message that is easy to tell."""
    post(server, "sendmessage", channels=channels, message={"model": {"n": number}})


def talk(server: Serving, name: str) -> None:
    """On two channels by turns."""
    for number in range(COUNT):
        say(server, number, f"{name}-{number % 2}")


@pytest.mark.parametrize("is_browser", [False, True], ids=["npm", "chromium"])
def test_an_event_source_that_is_cut_misses_nothing_and_hears_nothing_twice(server: Serving, is_browser: bool) -> None:
    """On two channels, each in the order it was said, while it is said; and it stays who it is."""
    path, name = chromium() if is_browser else None, f"cut-{is_browser}"
    talking = threading.Thread(target=talk, args=(server, name))
    with Cutter(server.port, seed=6, cuts=40, upto=3000, clients=LISTENERS) as cutter:
        query = f"channel={name}-0&channel={name}-1&history=1000"
        urls = [f"{cutter.url}/message/stream?{query}&session=listener-number-{each}" for each in range(LISTENERS)]
        talking.start()
        told = node("channels.mjs", urls=urls, last=COUNT - 1, chromium=path, home=f"{server.url}/health")
    talking.join()
    assert cutter.cuts > 20
    for listener in told:
        for channel in (0, 1):
            said = [
                each["message"]["model"]["n"] for each in listener["messages"] if each["channel"][-1] == f"{channel}"
            ]
            assert said == list(range(channel, COUNT, 2))
        assert {kind for kind, _ in listener["others"]} == {"connected"}
        assert len({said["connectionId"] for _, said in listener["others"]}) == 1
    assert max(listener["opens"] for listener in told) > 2


def test_a_socket_that_is_cut_misses_nothing_and_hears_nothing_twice(server: Serving) -> None:
    """When it comes back with the cursor of the last frame it had; across channels in the order it was said."""
    heard: list[int] = []
    with Cutter(server.port, seed=7, cuts=30, upto=1000, clients=0) as cutter:
        address = f"ws{cutter.url.removeprefix('http')}/message/socket?channel=ws-0&channel=ws-1&last_event_id="
        cursor = ask_cursor(server)
        talking = threading.Thread(target=talk, args=(server, "ws"))
        talking.start()
        while not heard or heard[-1] < COUNT - 1:
            with suppress(*CUT), connect(f"{address}{cursor}", ping_interval=None, close_timeout=0) as socket:
                while not heard or heard[-1] < COUNT - 1:
                    frame = json.loads(socket.recv())
                    cursor = frame["cursor"]
                    assert frame.get("type") in (None, "connected"), frame
                    heard += [frame["message"]["model"]["n"]] if "message" in frame else []
        talking.join()
    assert cutter.cuts > 20
    assert heard == list(range(COUNT))


def ask_cursor(server: Serving) -> str:
    """Where somebody is who has everything up to now."""
    with connect(f"ws://127.0.0.1:{server.port}/message/socket") as page:
        return str(json.loads(page.recv())["cursor"])


@pytest.mark.parametrize("name", RUDE)
def test_what_breaks_the_protocol_ends_the_connection(server: Serving, name: str) -> None:
    """As on every WebSocket here; and nobody is left behind on a channel."""
    sent, code = RUDE[name]
    with RudeSocket(server) as socket:
        socket.send(sent)
        assert socket.code() == code
    wait_until(lambda: post(server, "allusers")["_total"] == {"authenticated": 0, "anonymous": 0}, "all to be gone")


@pytest.mark.parametrize(
    "rest", [b"", masked(0x01, b'{"action":'), b"\x81"], ids=["idle", "half_a_message", "half_a_frame"]
)
def test_a_client_that_vanishes_is_on_no_channel(server: Serving, rest: bytes) -> None:
    with RudeSocket(server, "channel=vanished") as socket:
        socket.send(rest)
        wait_until(lambda: "vanished" in post(server, "channels")["anonymous"], "somebody to be there")
        socket.reset()
        wait_until(lambda: "vanished" not in post(server, "channels")["anonymous"], "nobody to be there")


class RudeSocket(Wire):
    """A connection that has become a WebSocket."""

    def __init__(self, server: Serving, query: str = "", *, receive_buffer: int | None = None) -> None:
        super().__init__(server, receive_buffer=receive_buffer)
        lines = [f"GET /message/socket?{query} HTTP/1.1", "host: test", *(f"{key}: {UPGRADE[key]}" for key in UPGRADE)]
        self.send("\r\n".join([*lines, "", ""]).encode())
        assert self.until(b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")

    def code(self) -> int:
        """Why the server says goodbye."""
        while True:
            first, length = self._file.read(2)
            if length == 126:
                length = int.from_bytes(self._file.read(2), "big")
            said = self._file.read(length)
            if first & 15 == 8:
                return int.from_bytes(said[:2], "big")


def test_who_never_reads_is_sent_away_and_the_others_hear_everything() -> None:
    """By a socket and by a stream; what waits for them stays bounded."""
    quickly = "from headgate.web import exchange, server\nexchange.WRITE_LIMIT = 0.3\nserver.CHECK_EVERY = 1"
    with (
        serving(before=quickly) as server,
        connect(f"ws://127.0.0.1:{server.port}/message/socket?channel=loud") as reader,
    ):
        reader.recv()
        with RudeSocket(server, "channel=loud", receive_buffer=4096), Wire(server, receive_buffer=4096) as stream:
            stream.get("/message/stream?channel=loud")
            stream.until(b"\r\n\r\n")
            assert post(server, "users", channel="loud") == {"loud": 3}
            number = 0
            while post(server, "users", channel="loud") != {"loud": 1}:
                post(server, "sendmessage", channels=["loud"], message={"model": {"n": number, "x": "x" * 60_000}})
                assert json.loads(reader.recv())["message"]["model"]["n"] == number
                number += 1
                assert number < 5000


def test_after_a_restart_there_is_a_gap_and_members_still_belong(tmp_path: Path) -> None:
    """A page that comes back is who it was, is on its user's channels, and is told what it cannot be told."""
    query = "channel=lobby&session=a-secret-of-my-own"
    with serving(folder=tmp_path) as server:
        post(server, "adduser", users=[{"id": "U1", "channels": [{"name": "sales", "mode": "listen"}]}])
        token = post(server, "tokens", user="U1")["token"]
        (first,) = stream_head(server, f"{query}&token={token}")
        server.kill()
    with serving(folder=tmp_path) as server:
        say(server, 1, "lobby")
        again = stream_head(server, f"{query}&token={token}", first.id, 4)
        assert json.loads(again[0].data)["connectionId"] == json.loads(first.data)["connectionId"]
        gaps = {json.loads(frame.data)["channel"] for frame in again if frame.event == "gap"}
        assert gaps == {"lobby", f"tab|{json.loads(first.data)['connectionId']}"}
        assert [json.loads(frame.data)["channel"] for frame in again if not frame.event] == ["lobby"]
        with connect(f"ws://127.0.0.1:{server.port}/message/socket?token={token}") as page:
            assert json.loads(page.recv())["channels"]["authenticated"] == ["sales"]


def stream_head(server: Serving, query: str, cursor: str = "", count: int = 1) -> list[Any]:
    """The first events of a stream."""
    with Wire(server) as wire:
        wire.send(f"GET /message/stream?{query} HTTP/1.0\r\nlast-event-id: {cursor}\r\n\r\n".encode())
        wire.until(b"\r\n\r\n")
        return [frames(wire.until(b"\n\n"))[0] for _ in range(count)]


def test_a_busy_server_that_is_told_to_end_says_goodbye(server: Serving) -> None:
    """Last, as it ends the server: pages are told with code 1001, so that they come back."""
    with connect(f"ws://127.0.0.1:{server.port}/message/socket?channel=end") as page, RudeSocket(server) as other:
        page.recv()
        assert server.stop() == 0
        assert other.code() in (1001, 1012)
