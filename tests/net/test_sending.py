"""Large requests."""

import asyncio
import hashlib
import socket
import threading
from typing import cast

import pytest
from typing_extensions import override

from headgate.net import BrokenAnswer, Client, Target
from headgate.net.body import PIECE
from headgate.net.sending import Sender
from tests.waiting import turns

from .conftest import Run
from .upstream import OK, Peer, Upstream, ask

REFUSAL = b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig"


def test_twenty_megabytes_arrive_as_they_are(run: Run) -> None:
    async def play() -> None:
        body = bytes(range(256)) * (20 * 4096)

        async def receive(peer: Peer) -> None:
            request = await peer.answer(OK)
            assert hashlib.sha256(request.body).digest() == hashlib.sha256(body).digest()

        async with Upstream(receive) as upstream:
            client = Client()
            assert (await ask(client, upstream.target(), body)).body == b"ok"
            await client.close()

    run(play())


def test_the_connection_of_a_large_request_is_used_again(run: Run) -> None:
    async def play() -> None:
        async def receive(peer: Peer) -> None:
            for size in (3_000_000, 10, 3_000_000):
                assert len((await peer.answer(OK)).body) == size

        async with Upstream(receive) as upstream:
            client = Client()
            for size in (3_000_000, 10, 3_000_000):
                assert (await ask(client, upstream.target(), bytes(size))).body == b"ok"
            assert upstream.accepted == 1
            await client.close()

    run(play())


class Transport:
    """Counts what it gets, and asks for a stop when it was written to so many times."""

    def __init__(self, enough: int = 1000) -> None:
        self.sizes: list[int] = []
        self.buffered = 0
        self.is_lost = False
        self._enough = enough
        self.sender = Sender(cast(asyncio.Transport, self), asyncio.get_running_loop())

    def write(self, data: bytes) -> None:
        self.sizes.append(len(data))
        if len(self.sizes) == self._enough:
            self.sender.stall()

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def is_closing(self) -> bool:
        return self.is_lost


def test_a_large_body_goes_out_one_piece_a_turn_and_only_as_long_as_it_is_taken(run: Run) -> None:
    async def play() -> None:
        transport = Transport(enough=4)
        sender = transport.sender
        sender.send(b"head", bytes(5 * PIECE + 1))
        assert transport.sizes == [4, PIECE]
        await asyncio.sleep(0)
        assert transport.sizes == [4, PIECE, PIECE]
        await turns()
        assert transport.sizes == [4, PIECE, PIECE, PIECE]
        sender.go_on()
        # asyncio cannot bear a write that fails in here.
        assert transport.sizes == [4, PIECE, PIECE, PIECE]
        await turns()
        assert transport.sizes == [4, PIECE, PIECE, PIECE, PIECE, PIECE, 1]

    run(play())


def test_a_transport_that_is_full_with_the_head_gets_no_body(run: Run) -> None:
    async def play() -> None:
        transport = Transport(enough=1)
        transport.sender.send(b"head", bytes(2 * PIECE))
        await turns()
        assert transport.sizes == [4]
        assert not transport.sender.is_fit()
        transport.sender.go_on()
        await turns()
        assert transport.sizes == [4, PIECE, PIECE]

    run(play())


def test_a_stopped_sender_sends_no_more(run: Run) -> None:
    async def play() -> None:
        transport = Transport()
        transport.sender.send(b"head", bytes(3 * PIECE))
        transport.sender.stop()
        transport.sender.go_on()
        await turns()
        assert transport.sizes == [4, PIECE]

    run(play())


@pytest.mark.parametrize(("buffered", "is_lost", "is_fit"), [(0, False, True), (1, False, False), (0, True, False)])
def test_a_transport_is_fit_for_another_request_when_it_is_well_and_empty(
    run: Run, buffered: int, is_lost: bool, is_fit: bool
) -> None:
    async def play() -> None:
        transport = Transport()
        transport.sender.send(b"head", b"body")
        assert transport.sizes == [8]
        transport.buffered, transport.is_lost = buffered, is_lost
        assert transport.sender.is_fit() == is_fit

    run(play())


class Refuser(threading.Thread):
    """
    Reads some of each request, answers, or not, and closes at once.

    A thread of blocking sockets: the race between its answer and our writing is the real one.
    """

    def __init__(self, answer: bytes, reads: int) -> None:
        super().__init__(daemon=True)
        self._answer = answer
        self._reads = reads
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.target = Target("POST", f"http://127.0.0.1:{self._listener.getsockname()[1]}/", {})

    def __enter__(self) -> "Refuser":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.join()

    @override
    def run(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with sock:
                left = self._reads
                while left > 0:
                    left -= len(sock.recv(65536))
                sock.sendall(self._answer)


@pytest.mark.parametrize("reads", [1, 300_000, 3_000_000])
def test_the_answer_of_an_upstream_that_closes_while_we_send_is_not_lost(run: Run, reads: int) -> None:
    async def play() -> None:
        with Refuser(REFUSAL, reads) as refuser:
            client = Client()
            for _ in range(15):
                kept = await ask(client, refuser.target, bytes(10_000_000))
                assert (kept.status, kept.body) == (413, b"big")
            assert client.connections == 0
            await client.close()

    run(play())


@pytest.mark.parametrize("answer", [b"", REFUSAL[:20], REFUSAL[:-1]])
def test_an_upstream_that_closes_while_we_send_and_says_nothing_whole_broke_off(run: Run, answer: bytes) -> None:
    async def play() -> None:
        with Refuser(answer, 300_000) as refuser:
            client = Client()
            for _ in range(10):
                with pytest.raises(BrokenAnswer, match=r"closed|cut short"):
                    await ask(client, refuser.target, bytes(10_000_000))
            assert client.connections == 0
            await client.close()

    run(play())
