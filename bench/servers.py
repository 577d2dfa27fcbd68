"""The servers that are compared, and how each of them is started."""

import contextlib
import http.client
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import litellm
from bench.processes import BenchError, Child

ROOT = Path(__file__).resolve().parent.parent

READY_LIMIT = 90.0
"""Seconds a server may take to start."""

POLL = 0.002
"""Seconds between two looks at a server that is starting."""


@dataclass(frozen=True)
class Place:
    """Where a server runs."""

    folder: Path
    """Its own and empty."""
    port: int
    upstream: int


@dataclass(frozen=True)
class Kind:
    """One of those compared."""

    name: str
    command: Callable[[Place], Sequence[str]]
    env: Mapping[str, str]
    health: str = "/health"
    keeps_runs: bool = False
    """Its answers can be read again, by anybody."""
    is_slow: bool = False
    """It gets a tenth of the requests, or nobody would wait for the end."""


@dataclass(frozen=True)
class Server:
    """One that runs."""

    kind: Kind
    child: Child
    port: int
    folder: Path
    started_in: float
    """Seconds from the start of the process to the first good answer of its health check."""

    @property
    def name(self) -> str:
        return self.kind.name


def kinds(*, with_memory: bool, with_litellm: bool) -> list[Kind]:
    """Those to compare; the first one is what the others are compared with."""
    found = [
        Kind("nginx", _nginx(nginx_program()), {}),
        _headgate("Headgate"),
        _headgate("Headgate, sync normal", SYNC="normal"),
    ]
    if with_memory:
        found.append(_headgate("Headgate, in memory", PATH="memory"))
    if with_litellm:
        found.append(Kind("LiteLLM", _litellm(litellm.installed()), litellm.ENV, litellm.HEALTH, is_slow=True))
    return found


def nginx_program() -> str:
    """Where nginx is; Debian has it where users do not look for programs."""
    found = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:" + os.defpath)
    if found is None:
        raise BenchError("nginx is missing: apt-get install nginx-light")
    return found


@contextlib.contextmanager
def running(kind: Kind, place: Place) -> Iterator[Server]:
    """Start it, wait until it answers, and end it."""
    env = {"PATH": os.defpath, "HOME": str(place.folder), "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT / "src")}
    env |= {"OPENAI_API_KEY": "sk-bench", "OPENAI_BASE_URL": f"http://127.0.0.1:{place.upstream}/v1", **kind.env}
    begun = time.perf_counter()
    with Child(kind.name, kind.command(place), folder=place.folder, env=env) as child:
        wait_ready(child, place.port, kind.health)
        yield Server(kind, child, place.port, place.folder, time.perf_counter() - begun)


def wait_ready(child: Child, port: int, path: str) -> None:
    """Ask until there is a good answer."""
    end = time.monotonic() + READY_LIMIT
    while time.monotonic() < end:
        child.check()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_LIMIT)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(POLL)
    raise BenchError(f"{child.name} did not answer within {READY_LIMIT:g} s")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def python_env() -> dict[str, str]:
    """The environment of our own processes."""
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}


def _headgate(name: str, **store: str) -> Kind:
    env = {f"HEADGATE_STORE_{setting}": value for setting, value in store.items()}
    return Kind(
        name, lambda place: [sys.executable, "-m", "headgate", "serve", "--port", str(place.port)], env, keeps_runs=True
    )


def _litellm(program: Path) -> Callable[[Place], Sequence[str]]:
    return lambda place: litellm.command(program, place.folder, place.port, place.upstream)


def _nginx(program: str) -> Callable[[Place], Sequence[str]]:
    def command(place: Place) -> Sequence[str]:
        config = place.folder / "nginx.conf"
        config.write_text(_NGINX.replace("UPSTREAM", str(place.upstream)).replace("PORT", str(place.port)))
        return [program, "-p", str(place.folder), "-c", str(config)]

    return command


_NGINX = """\
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events { worker_connections 8192; }
http {
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    upstream fake { server 127.0.0.1:UPSTREAM; keepalive 1000; keepalive_requests 1000000; }
    server {
        listen 127.0.0.1:PORT backlog=4096;
        location = /health { return 200 "well"; }
        location / {
            proxy_pass http://fake;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
        }
    }
}
"""
