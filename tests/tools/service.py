"""A real HTTP service, that writes down what it is asked and answers as it is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

from typing_extensions import override


class Asked(NamedTuple):
    """A request, as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Said(NamedTuple):
    """An answer."""

    body: bytes = b"{}"
    status: int = 200
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Service:
    """What it was asked, and what it says next."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.say: Callable[[Asked], Said] = lambda asked: Said()
        self.url = ""
        self.connections = 0


@contextmanager
def service() -> Iterator[Service]:
    """One on a port of its own."""
    it = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        @override
        def setup(self) -> None:
            it.connections += 1
            super().setup()

        def answer(self) -> None:
            size = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, self.rfile.read(size))
            it.asked.append(asked)
            said = it.say(asked)
            self.send_response(said.status)
            for name, value in (
                *said.headers,
                ("content-length", str(len(said.body))),
                *((("content-type", said.kind),) if said.kind else ()),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

        @override
        def handle(self) -> None:
            with suppress(OSError):  # of whoever asked and has gone
                super().handle()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        it.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield it
        server.shutdown()
        thread.join()
