"""A client of the dialect: asks, and goes to the addresses it is given."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.e2e.watching import wait_until
from tests.e2e.wire import HELLO, Answer, Wire, counting
from tests.serving import Serving

STREAM, ASYNC = "/v1/stream-chatgpt", "/v1/async-chatgpt"

LONG = counting(3000)


def path_of(url: str) -> str:
    """What comes after the host."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


class Offloaded(NamedTuple):
    """What a request was answered with."""

    server: Serving
    answer: Answer

    @property
    def said(self) -> Any:
        return self.answer.json()

    @property
    def token(self) -> str:
        """Of a private one."""
        return str(self.said["authorization"]["bearer_token"])

    @property
    def bearer(self) -> dict[str, str]:
        """The header that opens a private one."""
        return {"authorization": f"Bearer {self.token}"}

    def url(self, name: str) -> str:
        """One of its addresses; `raw` is there before it is told."""
        endpoints = self.said["endpoints"]
        return str(endpoints["status_url"][: -len(".json")] + ".raw" if name == "raw" else endpoints[f"{name}_url"])

    def get(self, name: str, headers: Mapping[str, str] | None = None, method: str = "GET", query: str = "") -> Answer:
        """Go there."""
        return go(self.server, self.url(name) + query, headers, method)

    def status(self, headers: Mapping[str, str] | None = None) -> Any:
        """Its status document."""
        found = self.get("status", headers)
        assert found.status == 200, found
        return found.json()

    def over(self, headers: Mapping[str, str] | None = None) -> Any:
        """Its last status document, once there is one."""
        return wait_until(lambda: (said := self.status(headers))["status"] in ("done", "error") and said, "its end")

    def words(self, headers: Mapping[str, str] | None = None) -> str:
        """The text of its answer so far."""
        said = self.status(headers)["response"]
        return str(said["body"]["choices"][0]["message"]["content"]) if said else ""


def go(server: Serving, url: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
    """Ask an address, wherever it says it is."""
    with Wire(server) as wire:
        wire.get(path_of(url), headers, method)
        return wire.answer(method)


def post(server: Serving, path: str, fields: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """Post JSON."""
    with Wire(server) as wire:
        wire.post(json.dumps(fields).encode(), path, headers)
        return wire.answer()


def ask(
    server: Serving,
    path: str = STREAM,
    *,
    headers: Mapping[str, str] | None = None,
    fields: Mapping[str, Any] | None = None,
    **script: Any,
) -> Offloaded:
    """Begin an answer; `script` is for the simulator."""
    asked = {"messages": HELLO, "simulator": {"gap_ms": 0, **script}, **(fields or {})}
    answer = post(server, path, asked, headers)
    assert answer.status == 200, answer
    return Offloaded(server, answer)


def begun(server: Serving, path: str = STREAM, **asked: Any) -> Offloaded:
    """A long one, which has said something."""
    made = ask(server, path, text=LONG, gap_ms=5, **asked)
    bearer = made.bearer if "bearer_token" in made.said["authorization"] else {}
    wait_until(lambda: made.words(bearer), "its first word")
    return made
