"""
A gate for certain names only.

A page of anybody can make its own name mean this machine's address, and its visitors' browsers then take what is
here for a part of it; but they say by which name they came.
"""

import re
from collections.abc import Sequence
from typing import Any

from typing_extensions import override

from headgate.errors import BadRequest
from headgate.formats import openai
from headgate.web.gate import Gate, refuse_socket
from headgate.web.http import Receive, Request, Scope, Send
from headgate.web.routes import Routes
from headgate.web.socket import Socket
from headgate.web.watching import Watch

ANY = "*"


class InvalidHost(BadRequest):
    """A name that is not one of ours."""

    code = "invalid_host"


def gate_of(hosts: Sequence[str], routes: Routes, pages: Any, origins: Sequence[str], watch: Watch) -> Gate:
    """The gate; one that looks at names only where not every name will do."""
    return Gate(routes, pages, origins, watch) if ANY in hosts else HostGate(hosts, routes, pages, origins, watch)


class HostGate(Gate):
    """The gate, for those who call the server by one of its names."""

    def __init__(self, hosts: Sequence[str], routes: Routes, pages: Any, origins: Sequence[str], watch: Watch) -> None:
        super().__init__(routes, pages, origins, watch)
        names = (re.escape(host.lower()).replace(r"\*", ".+") for host in hosts)
        self._is_ours = re.compile("|".join(names)).fullmatch

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or serve one WebSocket, if it is for us."""
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        if self._is_ours(_name(host.decode("latin-1").lower())):
            await super().__call__(scope, receive, send)
            return
        error = InvalidHost("This server is not called by that name.")
        body = self._routes.error_of(scope["path"]) or openai.error_body
        if scope["type"] == "websocket":
            await refuse_socket(Socket(scope, receive, send, {}, self._common(scope)), error, body)
            return
        request = Request(scope, receive, {}, self._common(scope))
        self._refuse(request, error, body)
        self._watch.on_request(request, None)


def _name(host: str) -> str:
    """A host without its port; an address of version 6 stands in brackets."""
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() else host
