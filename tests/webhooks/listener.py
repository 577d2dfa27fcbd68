"""Who is told by a real server: a receiver in a thread of its own."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self

from typing_extensions import override

from tests.e2e.watching import wait_until


class Post(NamedTuple):
    """One message as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed in the middle is what some tests are about."""


class Listener:
    """Answers with `status`, or, while `hangs` is set, not at all."""

    def __init__(self, status: int = 200, *, hangs: bool = False, port: int = 0) -> None:
        self.posts: list[Post] = []
        self.status, self.hangs = status, hangs
        self._over = threading.Event()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                hangs, status = listener.hangs, listener.status
                listener.posts.append(Post(self.path, headers, body))
                if hangs:
                    listener._over.wait()
                    return
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            @override
            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = _Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=t0ken"

    def wait_for(self, count: int) -> list[Post]:
        """So many messages have come."""
        wait_until(lambda: len(self.posts) >= count, f"message {count}")
        return self.posts

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
