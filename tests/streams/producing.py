"""Producers that write streams over HTTP while the server is killed, and what must be true of what they wrote."""

import http.client
import json
import random
import threading
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from tests.serving import Serving


@dataclass
class Producer:
    """One: it sends the next batch when the one before it was acknowledged, and the same again when nobody knows."""

    name: str
    stream: str
    chance: random.Random
    epoch: int = 0
    batches: list[int] = field(default_factory=list)
    """How many messages each batch of this epoch has that was ever sent."""
    acked: int = 0
    """How many of them were acknowledged."""
    kept: list[tuple[int, int, int]] = field(default_factory=list)
    """What is known to be on the stream of it for certain: epoch, batch, and place in it."""
    problems: list[str] = field(default_factory=list)

    def body(self, seq: int) -> bytes:
        """A batch: the same whenever it is sent."""
        said = [{"by": self.name, "epoch": self.epoch, "seq": seq, "n": n} for n in range(self.batches[seq])]
        return json.dumps(said).encode()

    def work(self, server: Serving) -> None:
        """Write until the server is gone."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        try:
            while True:
                if self.acked == len(self.batches):
                    self.batches.append(self.chance.randrange(1, 4))
                status, headers = self.send(connection, self.acked)
                if status not in (200, 204) or headers.get("producer-seq") != str(self.acked):
                    self.problems.append(f"{self.name}: {status} {headers} for {self.epoch}/{self.acked}")
                    return
                self.note()
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()

    def note(self) -> None:
        """The batch is acknowledged."""
        self.kept += [(self.epoch, self.acked, n) for n in range(self.batches[self.acked])]
        self.acked += 1

    def send(
        self, connection: http.client.HTTPConnection, seq: int, epoch: int | None = None, body: bytes | None = None
    ) -> tuple[int, dict[str, str]]:
        """One batch, and the answer."""
        headers = {
            "content-type": "application/json",
            "producer-id": self.name,
            "producer-epoch": str(self.epoch if epoch is None else epoch),
            "producer-seq": str(seq),
        }
        connection.request("POST", f"/v1/stream/{self.stream}", self.body(seq) if body is None else body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}

    def begin_anew(self) -> None:
        """As a producer that has lost its memory, but for its epoch."""
        self.epoch, self.batches, self.acked = self.epoch + 1, [], 0

    def check(self, server: Serving, found: list[tuple[int, int, int]]) -> None:
        """
        What is on the stream of it is what was acknowledged, and perhaps the one batch that was under way.

        The server knows which, and says so to whoever asks again, comes too early or too late.
        """
        under_way = [(self.epoch, self.acked, n) for n in range(self.batches[-1])] if self.is_under_way else []
        assert found in (self.kept, self.kept + under_way), (self.name, found[-9:], self.kept[-9:], under_way)
        next_seq = self.acked + (found != self.kept)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        if next_seq:
            again = self.send(connection, next_seq - 1)
            assert (again[0], again[1]["producer-seq"]) == (204, str(next_seq - 1)), again
            early = self.send(connection, next_seq + 1, body=b"[0]")
            told = early[1].get("producer-expected-seq"), early[1].get("producer-received-seq")
            assert (early[0], told) == (409, (str(next_seq), str(next_seq + 1))), early
        if next_seq and self.epoch:
            late = self.send(connection, 0, self.epoch - 1, b"[0]")
            assert (late[0], late[1]["producer-epoch"]) == (403, str(self.epoch)), late
        connection.close()
        if found != self.kept:
            self.note()

    @property
    def is_under_way(self) -> bool:
        """Whether there is a batch of which nobody knows."""
        return len(self.batches) > self.acked


class Follower(threading.Thread):
    """Reads a stream as it grows, and remembers all that it saw."""

    def __init__(self, server: Serving, stream: str, live: str) -> None:
        super().__init__()
        self._server, self._stream, self._live = server, stream, live
        self.seen: list[Any] = []

    @override
    def run(self) -> None:
        """By long polls, or by asking all the time, until the server is gone."""
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=60)
        offset = "-1"
        try:
            while True:
                connection.request("GET", f"/v1/stream/{self._stream}?offset={offset}{self._live}")
                answer = connection.getresponse()
                body = answer.read()
                if answer.status == 200:
                    self.seen += json.loads(body)
                offset = answer.headers["stream-next-offset"] or offset
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()


def messages(server: Serving, stream: str) -> list[Any]:
    """All of a stream."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    found: list[Any] = []
    offset = "-1"
    while True:
        connection.request("GET", f"/v1/stream/{stream}?offset={offset}")
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        found += json.loads(answer.read())
        offset = str(answer.headers["stream-next-offset"])
        if answer.headers["stream-up-to-date"] == "true":
            connection.close()
            return found
