"""A client that reads a stream in the background, for as long as there is one."""

import socket
import threading
from contextlib import suppress

from tests.e2e.watching import run_of, wait_until
from tests.e2e.wire import Wire, words
from tests.serving import Serving


class Reader:
    """A client that reads a stream for as long as there is one."""

    def __init__(self, server: Serving, body: bytes, upto: int) -> None:
        self._wire, self._upto = Wire(server), f"w{upto}".encode()
        self.body = b""
        self.is_far_enough = threading.Event()
        self._wire.post(body)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while data := self._more():
            self.body += data
            if self._upto in self.body:
                self.is_far_enough.set()

    def _more(self) -> bytes:
        try:
            return self._wire.socket.recv(65536)
        except ConnectionError:
            return b""

    def join(self, end: bytes = b"") -> None:
        """Read until the server hangs up, or to these bytes; and hang up."""
        if end:
            wait_until(lambda: self.body.endswith(end), "the end of the stream")
            self.leave()
            return
        self._thread.join()
        self._wire.close()

    def leave(self) -> None:
        """Hang up, wherever it is."""
        # The server may have hung up before.
        with suppress(OSError):
            self._wire.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._wire.close()

    @property
    def run(self) -> str:
        """Its run."""
        return run_of(self.body)

    @property
    def words(self) -> list[str]:
        """The words of the events that came whole."""
        stream = self.body.partition(b"\r\n\r\n")[2]
        lines = [line for line in stream.split(b"\n") if line.startswith(b"data: ") and line.endswith(b"}")]
        return words(b"\n\n".join(lines))
