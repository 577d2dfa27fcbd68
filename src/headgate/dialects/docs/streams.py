"""Streams of clients: /v1/stream/NAME."""

from typing import Any

from headgate.dialects.docs import errors
from headgate.dialects.docs.streams_runs import CURSOR, HEADERS, LIVE, OFFSET, TAG, StreamControl
from headgate.errors import BadRequest, Timeout, TooLarge, Unavailable
from headgate.streams.errors import (
    ClosedStream,
    GoneStream,
    NoStream,
    OtherStream,
    ProducerGap,
    SeqRegression,
    StaleEpoch,
    TooMany,
    WrongBeginning,
    WrongKind,
)
from headgate.web.doc import EVENT_STREAM, TEXT, Answer, Content, Doc, Parameter

NAME = Parameter(
    name="name",
    place="path",
    description="The stream's name, which may have slashes in it. Every key has names of its own.",
    example="chats/42",
)

_END = "0000000000000000_0000000000000042"

_Messages: Any = list[Any]
_Told: Any = list[Any] | StreamControl

_NEXT = {"Stream-Next-Offset": HEADERS["Stream-Next-Offset"]}
_CLOSED = {"Stream-Closed": "`true` when the stream is closed."}
_PRODUCER = {
    "Producer-Epoch": "The epoch that the server knows of the producer.",
    "Producer-Seq": "The last number that was accepted from it.",
}

_NOT_THERE = (errors.NO_KEY, NoStream("chats/42"), GoneStream("chats/42"))
_WRITING = (
    Timeout("The request's body did not come within 30 s."),
    TooLarge("The request's body is larger than 8 MB."),
    Unavailable("The server is shutting down.", code="shutting_down", retry_after=5),
    Unavailable("The store does not keep up with what is appended.", code="store_busy", retry_after=1),
    errors.STORE_GONE,
)


def _header(name: str, description: str, example: str | int | None = None) -> Parameter:
    return Parameter(name=name, place="header", description=description, example=example)


_KIND = _header("Content-Type", "The stream's content type; `application/json` for a stream of messages.")
_CLOSES = _header("Stream-Closed", "`true` closes the stream: nothing can be appended any more.")

CREATE = Doc(
    summary="Make a stream",
    description=(
        "Makes a stream, or sees that there is one with the same settings. The body is its first content. With "
        "`Stream-Forked-From` it begins with what another stream holds, without a copy, and goes on by itself. "
        "A stream of `application/json` keeps messages: each element of an array is one."
    ),
    tag=TAG,
    parameters=(
        NAME,
        _KIND,
        _header("Stream-TTL", "Seconds that it is kept after it was read or written last.", 3600),
        _header("Stream-Expires-At", "Until when it is kept, whatever happens.", "2030-01-31T12:00:00Z"),
        _CLOSES,
        _header("Stream-Forked-From", "The path of the stream to be forked.", "/v1/stream/chats/41"),
        _header("Stream-Fork-Offset", "Up to where; its end when nothing is said."),
        _header("Stream-Fork-Sub-Offset", "How much more, in bytes, or in messages of JSON."),
    ),
    request=Content(schema=_Messages, examples={"Two messages": [{"role": "user"}, {"role": "assistant"}]}),
    answers=(
        Answer(
            status=201,
            meaning="It is made.",
            headers={"Location": "Where it is.", **_NEXT, **_CLOSED},
        ),
        Answer(meaning="There is one like it already.", headers={**_NEXT, **_CLOSED}),
    ),
    errors=(
        BadRequest("'stream-ttl' must be a whole number from 0 to 9007199254740991, without zeros before it."),
        errors.NO_KEY,
        NoStream("chats/41"),
        OtherStream("it is of the type text/plain"),
        TooMany("There are 100000 streams already ([streams] max_streams)."),
        *_WRITING,
    ),
    error=errors.ErrorAnswer,
)

APPEND = Doc(
    summary="Append to a stream",
    description=(
        "Adds the body at the stream's end; when this is answered, it is kept. With `Producer-Id`, `Producer-Epoch` "
        "and `Producer-Seq` it may be sent again without being added twice. `Stream-Seq` must grow, byte by byte, with "
        "everything that is appended to the stream, whoever does. With `Stream-Closed: true` and no body the stream is "
        "only closed."
    ),
    tag=TAG,
    parameters=(
        NAME,
        _KIND,
        _CLOSES,
        _header("Stream-Seq", "The writer's own number, as text."),
        _header("Producer-Id", "Who says it: a name of its own choice.", "writer-1"),
        _header("Producer-Epoch", "How often the producer has begun anew.", 0),
        _header("Producer-Seq", "The number of this request, from 0 in each epoch.", 0),
    ),
    request=Content(schema=_Messages, examples={"A message": [{"delta": "Hello"}]}),
    answers=(
        Answer(status=204, meaning="It is kept, or had been before.", headers={**_NEXT, **_CLOSED, **_PRODUCER}),
        Answer(meaning="The same for something new of a producer.", headers={**_NEXT, **_CLOSED, **_PRODUCER}),
    ),
    errors=(
        BadRequest("There is nothing to append: the body is empty.", code="empty_append"),
        WrongBeginning(),
        *_NOT_THERE,
        StaleEpoch(1),
        ClosedStream(42),
        WrongKind("application/json"),
        ProducerGap(7, 9),
        SeqRegression(),
        TooMany("A stream may have 1000 producers.", code="too_many_producers"),
        *_WRITING,
    ),
    error=errors.ErrorAnswer,
)

_TOLD = (
    'event: data\ndata:[{"delta":"Hello"}]\n\n'
    f'event: control\ndata:{{"streamNextOffset":"{_END}","streamCursor":"3354021","upToDate":true}}\n\n'
)

READ = Doc(
    summary="Read a stream",
    description=(
        "What there is from an offset on, up to a megabyte: bytes as they were appended, or an array of messages. "
        "Bytes that are no text come in base64 with `live=sse`, and a header says so."
    ),
    tag=TAG,
    parameters=(NAME, OFFSET, LIVE, CURSOR, _header("If-None-Match", "The ETag of a piece that is known.")),
    answers=(
        Answer(
            meaning="What there is from that offset on.",
            contents=(
                Content(schema=_Messages, examples={"A message": [{"delta": "Hello"}]}),
                Content(kind=TEXT, examples={"Text": "Hello"}),
                Content(kind=EVENT_STREAM, schema=_Told, examples={"With live=sse": _TOLD}),
            ),
            headers={**HEADERS, "Stream-SSE-Data-Encoding": "`base64` where the events' data is."},
        ),
        Answer(status=204, meaning="A long poll to which nothing came.", headers=HEADERS),
        Answer(status=304, meaning="That piece is known, and still holds.", headers=HEADERS),
    ),
    errors=(
        BadRequest(
            "'offset' must be -1, now, or an offset that this stream has told.", param="offset", code="invalid_offset"
        ),
        *_NOT_THERE,
        errors.STORE_GONE,
    ),
    error=errors.ErrorAnswer,
)

HEAD = Doc(
    summary="Look at a stream",
    description="Its content type, how long it is kept, and where it ends. This does not count as a use of it.",
    tag=TAG,
    parameters=(NAME,),
    answers=(
        Answer(
            meaning="It is there.",
            headers={
                **_NEXT,
                **_CLOSED,
                "Stream-TTL": "Seconds that it is kept after it was used last.",
                "Stream-Expires-At": "Until when it is kept.",
            },
        ),
    ),
    errors=(*_NOT_THERE, errors.STORE_GONE),
    error=errors.ErrorAnswer,
)

DELETE = Doc(
    summary="Delete a stream",
    description=(
        "Deletes a stream and what it holds. While streams that were forked from it need its bytes, these stay, and "
        "its name cannot be used again."
    ),
    tag=TAG,
    parameters=(NAME,),
    answers=(Answer(status=204, meaning="It is deleted."),),
    errors=(*_NOT_THERE, *_WRITING[2:]),
    error=errors.ErrorAnswer,
)
