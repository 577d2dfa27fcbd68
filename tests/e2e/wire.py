"""Ways to talk to a running server in bytes, and to read what it says."""

import io
import json
import socket
import struct
from collections.abc import Mapping
from http.client import HTTPResponse, IncompleteRead
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.serving import Serving

PATIENCE = 60.0
"""Seconds until a test gives up on something that should take milliseconds, and may take more on a busy machine."""

HELLO: list[Any] = [{"role": "user", "content": "Hello"}]


def script(**said: Any) -> dict[str, Any]:
    """What the simulator is to do, as the SDK sends it; without pauses unless it says so."""
    return {"simulator": {"gap_ms": 0, **said}}


def chat(
    *, stream: bool = False, model: str = "simulator/demo", fields: Mapping[str, Any] | None = None, **said: Any
) -> bytes:
    """The body of a chat request with a script."""
    asked = {"model": model, "messages": HELLO, "stream": stream, **(fields or {})}
    return json.dumps({**asked, **script(**said)}).encode()


class Frame(NamedTuple):
    """One server-sent event as a plain reader finds it."""

    event: str
    id: str
    data: str


def frames(body: bytes | str) -> list[Frame]:
    """The events of a stream."""
    text = body.decode() if isinstance(body, bytes) else body
    found = []
    for block in text.split("\n\n"):
        lines = [line.partition(": ") for line in block.split("\n") if line and not line.startswith(":")]
        fields = {name: value for name, _, value in lines}
        if fields:
            found.append(Frame(fields.get("event", ""), fields.get("id", ""), fields.get("data", "")))
    return found


def words(body: bytes | str) -> list[str]:
    """The pieces of text of a chat stream, without its end mark."""
    chunks = [json.loads(frame.data) for frame in frames(body) if frame.data != "[DONE]"]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk.get("choices", ())]
    return [delta["content"] for delta in deltas if delta.get("content")]


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Its body."""
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        """The error object of OpenAI's envelope, which must be whole."""
        said = self.json()
        assert set(said["error"]) == {"message", "type", "param", "code"}
        assert said["detail"] == said["error"]["message"]
        return said["error"]


class Wire:
    """A client that says exactly the bytes it is told to."""

    def __init__(self, server: Serving, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", server.port))
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Say this."""
        self.socket.sendall(data)

    def post(
        self,
        body: bytes,
        path: str = "/v1/chat/completions",
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> None:
        """Send a whole request."""
        self.send(head(method, path, {"content-length": str(len(body)), **(headers or {})}) + body)

    def get(self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> None:
        """Send a request without a body."""
        self.send(head(method, path, headers or {}))

    def answer(self, method: str = "GET") -> Answer:
        """Read the next answer to its end; raises IncompleteRead when it is cut short."""
        response = HTTPResponse(_Kept(self._file), method=method)  # type: ignore[arg-type]
        response.begin()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())

    def rest_of_answer(self) -> bytes:
        """The next answer as text for searching, however it ends."""
        try:
            return repr(self.answer()).encode()
        except IncompleteRead as cut:
            return cut.partial

    def until(self, mark: bytes) -> bytes:
        """Read up to and with these bytes."""
        got = bytearray()
        while not got.endswith(mark):
            byte = self._file.read(1)
            assert byte, f"the server hung up after {bytes(got[-500:])!r}"
            got += byte
        return bytes(got)

    def rest(self) -> bytes:
        """Read until the server hangs up."""
        return self._file.read()

    def is_hung_up(self) -> bool:
        """Wait for the server to close; False when it sends something instead."""
        try:
            return not self._file.read(1)
        except ConnectionError:
            return True

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self.socket.close()

    def reset(self) -> None:
        """Hang up with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


def head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    """The head of a request."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in {"host": "test", **headers}.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class _Kept:
    """What `http.client` takes for a socket: the same buffered file for every answer of a connection."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file

    def makefile(self, mode: str) -> Any:
        return _Unclosed(self._file)


class _Unclosed(io.RawIOBase):
    """A file that stays open when a reader of one answer is done with it."""

    def __init__(self, file: Any) -> None:
        self.read, self.readline, self.readinto = file.read, file.readline, file.readinto  # type: ignore[method-assign]
        self.read1, self.peek = file.read1, file.peek


def ask(
    server: Serving, path: str, headers: Mapping[str, str] | None = None, method: str = "GET", body: bytes = b""
) -> Answer:
    """One request on a connection of its own, and its answer."""
    with Wire(server) as wire:
        if method in ("GET", "HEAD", "DELETE"):
            wire.get(path, headers, method)
        else:
            wire.post(body, path, headers, method)
        return wire.answer(method)


def without_comments(body: bytes) -> bytes:
    """A stream as its reader sees it: nothing that only bridges a silence."""
    return b"".join(line for line in body.splitlines(keepends=True) if not line.startswith(b":"))


def events_of(server: Serving, run: str, headers: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The log of a run, from the start to its end."""
    with Wire(server) as wire:
        wire.get(f"/v1/runs/{run}/events", headers)
        answer = wire.answer()
    assert answer.status == 200, answer
    return [json.loads(frame.data) for frame in frames(answer.body)]


def pieces_of(events: list[dict[str, Any]]) -> list[str]:
    """The pieces of text in a log."""
    return [event["delta"] for event in events if event["type"] == "text"]


def counting(upto: int) -> str:
    """A text whose every word is told from every other: a lost, a repeated and a swapped one all show."""
    return " ".join(f"w{number}" for number in range(upto))
