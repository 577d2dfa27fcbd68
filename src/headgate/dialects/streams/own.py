"""
/v1/stream/...: streams that clients make, write, read and delete, as the Durable Streams protocol has it.

Every key has streams of its own: what one has made is not there for another.
"""

from urllib.parse import quote

from headgate.dialects.docs import streams as docs
from headgate.dialects.streams.answering import Patience, answer_reader
from headgate.dialects.streams.headers import (
    PREFIX,
    branch_in,
    closes_in,
    expires_in,
    expiry_lines,
    kind_in,
    mark_in,
    seq_in,
    ttl_in,
)
from headgate.dialects.streams.reading import COMMON, NO_STORE, asked_of, is_text
from headgate.dialects.streams.sources import Listener, StreamSource
from headgate.errors import BadRequest, HeadgateError, Unavailable
from headgate.formats import openai
from headgate.keys import Keys
from headgate.streams import Addition, Library, Stream, Wish, offset_of
from headgate.streams.errors import ClosedStream, NoStream, ProducerGap, StaleEpoch
from headgate.web.address import PublicAddress
from headgate.web.doc import Doc
from headgate.web.http import Request
from headgate.web.routes import Handler, Route

MAX_NAME = 1024

RESERVED = ("runs", "__ds")
"""What stands first in the names of what is made by others than clients."""

RUNS = "runs/"

CLOSED = b"stream-closed: true\r\n"


class ReadOnly(BadRequest):
    """A stream that only the server writes."""

    status = 405
    code = "method_not_allowed"


class OwnStreams:
    """The endpoints."""

    def __init__(
        self,
        library: Library,
        keys: Keys,
        address: PublicAddress,
        patience: Patience,
        *,
        max_append: int,
        body_timeout: float,
    ) -> None:
        self._library, self._keys, self._address, self._patience = library, keys, address, patience
        self._max_append, self._body_timeout = max_append, body_timeout

    async def create(self, request: Request) -> None:
        """Make a stream, or see that there is one like it."""
        request.add_headers(COMMON)
        headers, name = request.headers, _name(request)
        owner = self._keys.owner(headers)
        ttl, expires = ttl_in(headers), expires_in(headers)
        if ttl is not None and expires is not None:
            raise BadRequest("Either 'Stream-TTL' or 'Stream-Expires-At', not both.", param="stream-ttl")
        kind, branch = kind_in(headers), branch_in(headers)
        data = await request.body(self._max_append, self._body_timeout)
        wish = Wish(kind=kind, ttl=ttl, expires=expires, closes=closes_in(headers), branch=branch, data=data)
        stream, is_new = await self._library.create(owner, name, wish)
        lines = b"stream-next-offset: %b\r\n" % offset_of(stream.shown_end).encode()
        if stream.is_closed:
            lines += CLOSED
        if is_new:
            lines += b"location: %b%b\r\n" % (self._address.of(request).encode(), quote(PREFIX + name).encode())
        lines += expiry_lines(stream.head.ttl, stream.head.expires)
        request.answer(201 if is_new else 200, b"", lines, kind=stream.head.kind.encode("latin-1"))

    async def append(self, request: Request) -> None:
        """Add to a stream, or close it, or both."""
        request.add_headers(COMMON)
        headers = request.headers
        owner = self._keys.owner(headers)
        data = await request.body(self._max_append, self._body_timeout)
        mark, closes = mark_in(headers), closes_in(headers)
        addition = Addition(data=data, kind=kind_in(headers), seq=seq_in(headers), mark=mark, closes=closes)
        stream = await self._library.find(owner, _name(request))
        try:
            kept = await self._library.append(stream, addition)
        except HeadgateError as error:
            request.add_headers(_told(error))
            raise
        lines = b"stream-next-offset: %b\r\n" % offset_of(kept.end).encode()
        if kept.is_closed:
            lines += CLOSED
        if kept.mark is not None:
            lines += b"producer-epoch: %d\r\nproducer-seq: %d\r\n" % (kept.mark.epoch, kept.mark.seq)
        request.answer(200 if mark is not None and kept.is_new and data else 204, b"", lines)

    async def read(self, request: Request) -> None:
        """Read a stream: what there is, or what comes."""
        request.add_headers(COMMON)
        asked = asked_of(request)
        stream = await self._found(request)
        self._library.use(stream)
        as_text = asked.live == "sse" and not stream.is_json and is_text(stream.head.kind)
        if not asked.live:
            await answer_reader(
                StreamSource(self._library, stream, None, as_text=False), asked, request, self._patience
            )
            return
        listener = Listener(stream)
        request.on_leave(listener.leave)
        try:
            source = StreamSource(self._library, stream, listener, as_text=as_text)
            await answer_reader(source, asked, request, self._patience)
        except (NoStream, Unavailable):
            if not request.has_begun:
                raise
            # Who asks again is told why it ended.
            await request.write(b"", more=False)
        finally:
            request.on_leave(None)
            listener.pour = None
            stream.leave(listener)

    async def head(self, request: Request) -> None:
        """Say what a stream is like, and how far it goes."""
        request.add_headers(COMMON)
        stream = await self._found(request)
        lines = b"stream-next-offset: %b\r\n" % offset_of(stream.shown_end).encode()
        if stream.shows_closed:
            lines += CLOSED
        lines += expiry_lines(stream.head.ttl, stream.head.expires)
        request.answer(200, b"", lines + NO_STORE, kind=stream.head.kind.encode("latin-1"))

    async def delete(self, request: Request) -> None:
        """Delete a stream."""
        request.add_headers(COMMON)
        await self._library.remove(await self._found(request))
        request.answer(204, b"")

    async def _found(self, request: Request) -> Stream:
        return await self._library.find(self._keys.owner(request.headers), _name(request))


def _name(request: Request) -> str:
    name = request.path_parameters["name"]
    if len(name) > MAX_NAME:
        raise BadRequest(f"A stream's name has at most {MAX_NAME} characters.", code="invalid_stream_name")
    if name.partition("/")[0] in RESERVED:
        if name.startswith(RUNS) and request.scope["method"] not in ("GET", "HEAD"):
            request.add_headers(b"allow: GET, HEAD\r\n")
            raise ReadOnly("The stream of a run can only be read: its run writes it, and closes it.")
        raise NoStream(name)
    return name


def _told(error: HeadgateError) -> bytes:
    """What a writer has to know beside the error."""
    match error:
        case ClosedStream():
            return CLOSED + b"stream-next-offset: %b\r\n" % offset_of(error.end).encode()
        case StaleEpoch():
            return b"producer-epoch: %d\r\n" % error.epoch
        case ProducerGap():
            return b"producer-expected-seq: %d\r\nproducer-received-seq: %d\r\n" % (error.expected, error.received)
        case _:
            return b""


def routes(streams: OwnStreams) -> list[Route]:
    """The routes of all streams but those that are made by others than clients, whose routes go before these."""

    def route(method: str, handler: Handler, doc: Doc) -> Route:
        return Route(method=method, path=PREFIX + "{name:path}", handler=handler, error=openai.error_body, doc=doc)

    return [
        route("POST", streams.append, docs.APPEND),
        route("HEAD", streams.head, docs.HEAD),
        route("GET", streams.read, docs.READ),
        route("PUT", streams.create, docs.CREATE),
        route("DELETE", streams.delete, docs.DELETE),
    ]
