"""The one process that plays everything, and the server of ours that asks it."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tests.e2e.upstream import Peer, Upstream
from tests.e2e.wire import Answer
from tests.serving import Serving
from tests.upstreams.chaos.formats import TEXT
from tests.upstreams.chaos.plays import FOREIGN, GOOD, MUTE, SILENT, WRONG, Scene
from tests.upstreams.raw import DIALECTS, ask, has_end, pieces_in, text_of

SCENES: dict[str, Scene] = {**SILENT, **MUTE, **FOREIGN, **{name: scene for name, (scene, _) in WRONG.items()}, **GOOD}


def perform(peer: Peer) -> None:
    """Play what the path asks for."""
    request = peer.request()
    name = request.line.split("/")[1]
    SCENES[name](peer, request)


KINDS = {
    "chat": 'kind = "openai"',
    "responses": 'kind = "openai"\nendpoints = ["responses"]',
    "messages": 'kind = "anthropic"\napi_key = "sk-of-nobody"',
    "generate": 'kind = "gemini"\napi_key = "sk-of-nobody"',
}
"""How a provider is set up that is asked in each of the formats."""


def section(name: str, port: int, path: str, more: str = "", kind: str = "chat", scheme: str = "http") -> str:
    """A provider."""
    url = f"{scheme}://127.0.0.1:{port}/{path}/v1"
    return f'[providers.{name}]\n{KINDS[kind]}\nbase_url = "{url}"\nmodels = ["m"]\n{more}\n'


def sections(upstream: Upstream, names: Iterable[str], more: str = "") -> str:
    """Two of each: one to be asked alone, one to be failed over from, so that neither gets a bad name by the other."""
    return "".join(section(f"{name}{twin}", upstream.port, name, more) for name in names for twin in ("", "_led"))


class Heard(NamedTuple):
    """What was heard of one upstream: alone, and with a good one behind it; streamed and whole."""

    alone: list[Answer]
    led: list[Answer]


def hear(server: Serving, name: str) -> Heard:
    """Ask in all four ways at once, in the dialect of that play."""
    dialect = dialect_of(name)
    with ThreadPoolExecutor(4) as pool:
        alone = [pool.submit(ask, server, dialect, f"{name}/m", stream=stream) for stream in (True, False)]
        led = [
            pool.submit(ask, server, dialect, f"{name}_led/m", stream=stream, fallbacks=["honest/m"])
            for stream in (True, False)
        ]
        return Heard([answer.result() for answer in alone], [answer.result() for answer in led])


def dialect_of(name: str) -> str:
    """Which one it is asked in."""
    return DIALECTS[sum(name.encode()) % len(DIALECTS)]


def assert_good(dialect: str, answer: Answer, *, stream: bool) -> None:
    """It is whole, and says what the good ones say."""
    assert answer.status == 200, answer
    said = "".join(pieces_in(dialect, answer.body)) if stream else text_of(dialect, answer.body)
    assert said == TEXT
    assert not stream or has_end(dialect, answer.body)
