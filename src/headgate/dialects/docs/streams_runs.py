"""Runs as streams: /v1/stream/runs."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import errors, sample
from headgate.dialects.docs.runs import RunEvent
from headgate.errors import BadRequest, Forbidden
from headgate.web.doc import EVENT_STREAM, Answer, Content, Doc, Parameter, Tag

TAG = Tag(
    "Durable Streams",
    "Streams that are appended to and read again from anywhere, as the open protocol of that name has it: its clients "
    "for browsers, Python and the AI SDK work here. Every run is one, too, which can only be read.",
)

OFFSET = Parameter(
    name="offset",
    place="query",
    description="Where to go on: what `Stream-Next-Offset` said, `-1` for the start, `now` for the end.",
    example="0000000000000002",
)
LIVE = Parameter(
    name="live",
    place="query",
    description="`long-poll` waits for what comes next; `sse` tells all that comes, for a minute.",
)
CURSOR = Parameter(
    name="cursor", place="query", description="What `Stream-Cursor` said, so that no cache repeats an answer."
)

HEADERS = {
    "Stream-Next-Offset": "Where to go on.",
    "Stream-Up-To-Date": "`true` where there is nothing after it, for now.",
    "Stream-Closed": "`true` where there is nothing after it, ever.",
    "Stream-Cursor": "For the next live request.",
    "ETag": "What stands for this piece.",
}


class StreamControl(msgspec.Struct, forbid_unknown_fields=True):
    """Where a piece of a stream ends, after its data."""

    streamNextOffset: str
    streamCursor: Annotated[str | UnsetType, msgspec.Meta(description="While the stream is open.")] = UNSET
    upToDate: bool | UnsetType = UNSET
    streamClosed: bool | UnsetType = UNSET


_Messages: Any = list[RunEvent]
_Told: Any = list[RunEvent] | StreamControl

_MESSAGES = [
    {"type": "text", "delta": "Hello", "choice": 0, "logprobs": None, "extra": None},
    {"type": "finished", "reason": "stop", "rest": [], "extra": None},
]

_TOLD = (
    'event: data\ndata: [{"type":"text","delta":"Hello","choice":0,"logprobs":null,"extra":null}]\n\n'
    'event: control\ndata: {"streamNextOffset":"0000000000000003","streamCursor":"3354021","upToDate":true}\n\n'
)

READ = Doc(
    summary="Read a run as a stream",
    description=(
        "A run's log as a stream of JSON: its messages are the run's events, or, with `as`, the chunks of any API's "
        "own stream (`ui` is what the AI SDK's pages read). It grows as the answer does and is closed when that is "
        "over; an offset counts events, whatever they are shown as. Nobody can write it."
    ),
    tag=TAG,
    parameters=(
        Parameter(name="id", place="path", description="The run.", example=sample.RUN),
        OFFSET,
        LIVE,
        CURSOR,
        Parameter(
            name="as",
            place="query",
            description="The form of its messages: `events`, or one of those of `/v1/runs/{id}/events`.",
        ),
        Parameter(name="token", place="query", description="A link's token, in place of a key."),
        Parameter(name="If-None-Match", place="header", description="The ETag of a piece that is known."),
    ),
    answers=(
        Answer(
            meaning="What there is from that offset on.",
            contents=(
                Content(schema=_Messages, examples={"The rest of a run": _MESSAGES}),
                Content(kind=EVENT_STREAM, schema=_Told, examples={"With live=sse": _TOLD}),
            ),
            headers={**HEADERS, **sample.HEADERS},
        ),
        Answer(status=204, meaning="A long poll to which nothing came.", headers=HEADERS),
        Answer(status=304, meaning="That piece is known, and still holds.", headers=HEADERS),
    ),
    errors=(
        BadRequest(
            "'offset' must be -1, now, or an offset that this stream has told.", param="offset", code="invalid_offset"
        ),
        errors.NO_KEY,
        Forbidden("This link has expired.", code="link_expired"),
        errors.NO_RUN,
        errors.STORE_GONE,
    ),
    error=errors.ErrorAnswer,
)
