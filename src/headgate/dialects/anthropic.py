"""
Anthropic's Messages, for its own clients and from any provider.

Its clients name an API's version and its betas in headers; those reach a provider of this format as they
are, also when the run is asked again after a crash. Every answer and every error says by what name to ask
about it: the run's, or one of its own where no run began.
"""

import re
import secrets
import time
from collections.abc import Iterable

import msgspec

from headgate.calls import Call
from headgate.dialects.anthropic_models import Models
from headgate.dialects.counting import answer_count
from headgate.dialects.docs import anthropic as docs
from headgate.dialects.docs import anthropic_models as models_docs
from headgate.dialects.openai import Bounds, check_text
from headgate.errors import BadRequest, HeadgateError
from headgate.formats import anthropic
from headgate.keys import Keys
from headgate.runs import NOTHING, Engine, Wishes
from headgate.runs.errands import Errands
from headgate.web.answers import Face, answer
from headgate.web.doc import Doc
from headgate.web.http import Request
from headgate.web.routes import Handler, Route
from headgate.web.starting import begin

MESSAGES = Face(anthropic.read, anthropic.Writer, anthropic.whole, cuts=False)

_FORWARDED = (b"anthropic-version", b"anthropic-beta")
_VALUE = re.compile(rb"[\x20-\x7e]{1,4000}")


class _Note(msgspec.Struct, frozen=True):
    """What is remembered of a run whose request had headers for the provider."""

    dialect: str
    headers: tuple[tuple[str, str], ...]


class Anthropic:
    """The endpoints, over one engine."""

    def __init__(self, engine: Engine, errands: Errands, keys: Keys, bounds: Bounds) -> None:
        self._engine, self._errands, self._keys, self._bounds = engine, errands, keys, bounds

    async def messages(self, request: Request) -> None:
        """Make a message."""
        owner = self._keys.owner(request.headers)
        body = await self._body(request)
        call = _with_headers(anthropic.read(body), request)
        begun = await begin(self._engine, request, call, owner=owner, body=body, wishes=_wishes(call))
        if begun is None:
            return
        run = begun.run
        request.add_headers(b"request-id: %b\r\n" % run.id.encode())
        try:
            await answer(self._engine, run, call, MESSAGES, request)
        except HeadgateError as error:
            error.request_id = run.id
            raise

    async def count(self, request: Request) -> None:
        """Count the tokens of a request: as the provider does, or by a guess."""
        self._keys.owner(request.headers)
        call = _with_headers(anthropic.read_count(await self._body(request)), request)
        name = b"request-id: %b\r\n" % _new_name().encode()
        await answer_count(self._errands, request, call, _count_body, headers=name)

    async def _body(self, request: Request) -> bytes:
        body = await request.body(self._bounds.bytes, self._bounds.seconds)
        check_text(body)
        return body


def remembered(call: Call, note: bytes) -> Call:
    """The call of a kept run with the headers that it was asked with."""
    try:
        found = msgspec.json.decode(note or b"null", type=_Note | None)
    except msgspec.ValidationError:
        return call
    is_ours = found is not None and found.dialect == call.format == anthropic.NAME
    return msgspec.structs.replace(call, headers=found.headers) if found is not None and is_ours else call


def _with_headers(call: Call, request: Request) -> Call:
    # Some clients (Anthropic's for Go) send a line for each beta, which is one list.
    found = [(name, b",".join(_values(request, name))) for name in _FORWARDED if name in request.headers]
    for name, value in found:
        if not _VALUE.fullmatch(value):
            raise BadRequest(f"The header '{name.decode()}' must be at most 4000 printable characters.")
    return msgspec.structs.replace(call, headers=tuple((name.decode(), value.decode()) for name, value in found))


def _values(request: Request, name: bytes) -> Iterable[bytes]:
    """What is said under that name, each of it once."""
    return dict.fromkeys(value for each, value in request.scope["headers"] if each == name)


def _wishes(call: Call) -> Wishes:
    return Wishes(note=msgspec.json.encode(_Note(anthropic.NAME, call.headers))) if call.headers else NOTHING


def _named(handler: Handler) -> Handler:
    """The handler, whose errors say by what name to ask about them."""

    async def handle(request: Request) -> None:
        try:
            await handler(request)
        except HeadgateError as error:
            if error.request_id is None:
                error.request_id = _new_name()
                request.add_headers(b"request-id: %b\r\n" % error.request_id.encode())
            raise

    return handle


def _named_at_once(handler: Handler) -> Handler:
    """The handler, whose answers say it too: no run will have a name to go by."""

    async def handle(request: Request) -> None:
        name = _new_name()
        request.add_headers(b"request-id: %b\r\n" % name.encode())
        try:
            await handler(request)
        except HeadgateError as error:
            error.request_id = name
            raise

    return handle


def _count_body(tokens: int) -> bytes:
    return msgspec.json.encode({"input_tokens": tokens})


def _new_name() -> str:
    return "req_" + secrets.token_hex(12)


def routes(engine: Engine, errands: Errands, keys: Keys, bounds: Bounds) -> list[Route]:
    """The routes of this dialect."""
    endpoints, models = Anthropic(engine, errands, keys, bounds), Models(engine, keys, time.time())

    def route(path: str, handler: Handler, doc: Doc) -> Route:
        return Route(method="POST", path=path, handler=_named(handler), error=anthropic.error_body, doc=doc)

    def get(path: str, handler: Handler, doc: Doc, *, needs_key: bool = True) -> Route:
        return Route(
            method="GET",
            path="/anthropic" + path,
            handler=_named_at_once(handler),
            error=anthropic.error_body,
            doc=doc,
            needs_key=needs_key,
        )

    return [
        route("/anthropic/v1/messages", endpoints.messages, docs.MESSAGES),
        route("/anthropic/v1/messages/count_tokens", endpoints.count, docs.COUNT),
        get("/v1/models", models.models, models_docs.LIST),
        get("/v1/models/{id:path}", models.model, models_docs.SHOW),
        get("", models.welcome, models_docs.WELCOME, needs_key=False),
    ]
