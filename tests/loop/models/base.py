"""What all of them have in common: the rounds, and what the model was asked in each."""

import json
import queue
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from tests.e2e.upstream import STREAM_HEAD, Peer, Request, Upstream
from tests.e2e.wire import PATIENCE


class Call(NamedTuple):
    """A function that the model asks for."""

    name: str
    arguments: str = "{}"
    id: str = ""


class Round(NamedTuple):
    """What the model says in one round."""

    text: str = ""
    calls: tuple[Call, ...] = ()


class Result(NamedTuple):
    """What the model is told of a call."""

    id: str
    """The call's; its name, where a vendor has no ids."""
    text: str


class Asked(NamedTuple):
    """What the model was asked in one round."""

    tools: tuple[str, ...]
    system: str
    rounds: tuple[tuple[Call, ...], ...]
    """The calls of earlier rounds, as they are told to it again."""
    results: tuple[tuple[Result, ...], ...]
    """What came of them, round by round."""
    body: Any


class Model(Protocol):
    """One vendor's."""

    def section(self, name: str, port: int) -> str:
        """The section of a configuration that makes it a provider."""

    def asked(self, request: Request) -> Asked:
        """What a request says."""

    def say(self, peer: Peer, request: Request, said: Round) -> None:
        """Answer it, streamed or whole."""


Rounds = Sequence[Round] | Callable[[Asked], Round]


class Script:
    """An upstream that goes through its rounds with everybody who asks, as far as the conversation has come."""

    def __init__(self, model: Model, rounds: Rounds, name: str = "up") -> None:
        self._model, self._rounds, self._name = model, rounds, name
        self._upstream = Upstream(self._play)
        self._pause: tuple[int, str] | None = None
        self._paused, self._gone_on = threading.Event(), threading.Event()
        self.heard: queue.SimpleQueue[Asked] = queue.SimpleQueue()
        """What it was asked, round by round."""

    def section(self) -> str:
        """Its section of a configuration."""
        return self._model.section(self._name, self._upstream.port)

    def will(self, rounds: Rounds) -> None:
        """Go through these rounds from now on; what was heard is forgotten."""
        self._rounds, self.heard = rounds, queue.SimpleQueue()

    def pause_in(self, number: int, said: str = "") -> None:
        """Say only so much in that round, as OpenAI's chat does, and no more until `go_on`."""
        self._pause, self._paused, self._gone_on = (number, said), threading.Event(), threading.Event()

    def wait_paused(self) -> None:
        """Until it has come there."""
        assert self._paused.wait(PATIENCE), "that round was never asked"

    def go_on(self) -> None:
        """No more pauses."""
        self._pause = None
        self._gone_on.set()

    def all_heard(self) -> list[Asked]:
        """Everything that it was asked so far."""
        return [self.heard.get_nowait() for _ in range(self.heard.qsize())]

    def _play(self, peer: Peer) -> None:
        request = peer.request()
        asked = self._model.asked(request)
        self.heard.put(asked)
        if self._pause is not None and len(asked.rounds) == self._pause[0]:
            if self._pause[1]:
                peer.send(STREAM_HEAD)
                peer.say(self._pause[1])
            self._paused.set()
            self._gone_on.wait(PATIENCE)
            return
        rounds = self._rounds
        said = rounds(asked) if callable(rounds) else rounds[min(len(asked.rounds), len(rounds) - 1)]
        self._model.say(peer, request, said)

    def __enter__(self) -> Self:
        self._upstream.__enter__()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self.go_on()
        self._upstream.__exit__(kind, error, trace)


def whole(peer: Peer, body: Any) -> None:
    """An answer in one piece."""
    data = json.dumps(body).encode()
    peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(data) + data)


def halves(text: str) -> list[str]:
    """A text in two pieces; one that is short in one."""
    return [text[: len(text) // 2], text[len(text) // 2 :]] if len(text) > 1 else [text]


def loads(text: str) -> Any:
    """Arguments as the object that a vendor has them as; vendors that have objects send nothing that is none."""
    return json.loads(text or "{}")
