"""WebSockets of clients that break the protocol, in bytes."""

import random
from collections.abc import Iterator

import pytest

from tests.e2e.watching import get, wait_until
from tests.e2e.wire import Wire, head
from tests.responses.asking import PATH
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

UPGRADE = {
    "connection": "keep-alive, Upgrade",
    "upgrade": "WebSocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}
QUICKLY = """
from headgate.web import server
server.PING_EVERY = server.PING_LIMIT = 0.2
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


class Socket(Wire):
    """A connection that has become a WebSocket."""

    def __init__(self, server: Serving) -> None:
        super().__init__(server)
        self.send(head("GET", PATH, UPGRADE))
        answer = self.until(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 ")
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer

    def frame(self) -> tuple[int, bytes]:
        """The next one: its opcode and what it says."""
        first, length = self._file.read(2)
        if length == 126:
            length = int.from_bytes(self._file.read(2), "big")
        return first & 15, self._file.read(length)

    def code(self) -> int:
        """Why the server says goodbye."""
        opcode, said = self.frame()
        while opcode != 8:
            opcode, said = self.frame()
        assert self.is_hung_up()
        return int.from_bytes(said[:2], "big")


def masked(first: int, payload: bytes, length: int | None = None) -> bytes:
    """A frame of a client, masked with zeros."""
    said = len(payload) if length is None else length
    size = bytes([0x80 | said]) if said < 126 else b"\xfe" + said.to_bytes(2, "big")
    return bytes([first]) + size + bytes(4) + payload


RUDE: dict[str, tuple[bytes, int]] = {
    "not_masked": (b"\x81\x01x", 1002),
    "reserved_opcode": (masked(0x83, b""), 1002),
    "reserved_bits": (masked(0xF1, b"x"), 1002),
    "half_a_ping": (masked(0x09, b""), 1002),
    "long_ping": (masked(0x89, b"x" * 126), 1002),
    "nothing_to_continue": (masked(0x80, b"x"), 1002),
    "a_message_inside_another": (masked(0x01, b"x") + masked(0x81, b"y"), 1002),
    "no_text": (masked(0x81, b"\xff\xfe"), 1007),
    "half_a_letter": (masked(0x01, b"\xc3") + masked(0x80, b"x"), 1007),
    "too_long": (b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", 1009),
    "an_odd_goodbye": (masked(0x88, b"\x00"), 1002),
    "a_goodbye": (masked(0x88, b"\x03\xe8"), 1000),
}


@pytest.mark.parametrize("name", RUDE)
def test_what_breaks_the_protocol_ends_the_connection(server: Serving, name: str) -> None:
    sent, code = RUDE[name]
    with Socket(server) as socket:
        socket.send(sent)
        assert socket.code() == code


def test_a_ping_is_answered(server: Serving) -> None:
    with Socket(server) as socket:
        socket.send(masked(0x89, b"are you there"))
        assert socket.frame() == (10, b"are you there")


def test_noise_hurts_nobody(server: Serving) -> None:
    chance = random.Random(11)
    for _ in range(100):
        with Socket(server) as socket:
            socket.send(chance.randbytes(chance.randrange(1, 300)))
    assert get(server, "/health")["status"] == "healthy"


def test_who_goes_away_in_the_middle_of_anything_leaves_nothing_behind() -> None:
    """A message, a handshake, a goodbye."""
    with serving() as server:
        for sent in (masked(0x81, b"x", 100), masked(0x01, b"x"), masked(0x88, b"\x03\xe8"), b""):
            for leave in (Socket.close, Socket.reset):
                socket = Socket(server)
                socket.send(sent)
                leave(socket)
        with Wire(server) as wire:
            wire.send(head("GET", PATH, UPGRADE)[:-2])
        wait_until(lambda: get(server, "/health")["status"] == "healthy", "the server to be well")


def test_who_answers_no_ping_is_gone() -> None:
    with serving(before=QUICKLY) as server, Socket(server) as socket:
        assert socket.frame()[0] == 9
        assert socket.code() == 1011
