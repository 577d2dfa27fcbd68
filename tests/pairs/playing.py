"""The vendors' own Python SDKs as clients: of a golden file, without a process or a socket, or of a running server."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, TypeVar

import anthropic
import httpx2
import openai
from google import genai
from google.genai import types

T = TypeVar("T")

KEY = "any-key-will-do"
STAGE = "http://headgate"
MANY = "text/event-stream"
ONE = "application/json"


class Wire(NamedTuple):
    """What the SDK gets."""

    body: bytes
    kind: str = MANY
    status: int = 200
    is_cut: bool = False
    """Whether the connection breaks after the last byte."""
    headers: Mapping[str, str] = MappingProxyType({})
    """More of them."""


class Server(NamedTuple):
    """A running one, which answers for itself."""

    url: str


Played: TypeAlias = Wire | Server


def wire(said: bytes, *, streamed: bool, cuts: bool = False) -> Wire:
    """A section of a golden file as it travels."""
    if said.startswith(b"HTTP "):
        line, _, body = said.partition(b"\n")
        return Wire(body, ONE, int(line.split()[1]))
    return Wire(said, MANY if streamed else ONE, is_cut=cuts)


class _Stage:
    """What all of the clients are connected to: it answers with whatever is played now."""

    now = Wire(b"")

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        now = self.now
        return httpx2.Response(now.status, headers={"content-type": now.kind}, content=_pieces(now))

    def http(self) -> httpx2.Client:
        return httpx2.Client(transport=httpx2.MockTransport(self.answer))


def _pieces(of: Wire) -> Iterator[bytes]:
    # Cut where nobody expects it.
    for start in range(0, len(of.body), 97):
        yield of.body[start : start + 97]
    if of.is_cut:
        raise httpx2.RemoteProtocolError("peer closed connection without sending complete message body")


_stage = _Stage()


@cache
def _openai(url: str, *, is_strict: bool) -> openai.OpenAI:
    return openai.OpenAI(
        api_key=KEY,
        base_url=url + "/v1",
        http_client=_transport(url),
        max_retries=0,
        _strict_response_validation=is_strict,
    )


@cache
def _anthropic(url: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        api_key=KEY,
        base_url=url + "/anthropic",
        http_client=_transport(url),
        max_retries=0,
        _strict_response_validation=True,
    )


@cache
def _google(url: str) -> genai.Client:
    # To make one takes 40 ms.
    options = types.HttpOptions(base_url=url + "/genai", httpx_client=_transport(url))
    return genai.Client(api_key=KEY, http_options=options)


def _transport(url: str) -> httpx2.Client | None:
    return _stage.http() if url == STAGE else None


def with_openai(of: Played, play: Callable[[openai.OpenAI], T], *, is_strict: bool = True) -> T:
    """Play with the official client, which checks all types."""
    return play(_openai(_set(of), is_strict=is_strict))


def with_anthropic(of: Played, play: Callable[[anthropic.Anthropic], T]) -> T:
    """The same with Anthropic's."""
    return play(_anthropic(_set(of)))


def with_google(of: Played, play: Callable[[Any], T]) -> T:
    """The same with Google's."""
    return play(_google(_set(of)).models)


def _set(of: Played) -> str:
    """The stage, and where it is."""
    if isinstance(of, Server):
        return of.url
    _stage.now = of
    return STAGE
