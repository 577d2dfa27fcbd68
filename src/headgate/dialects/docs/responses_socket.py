"""GET /v1/responses, with an upgrade."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import asking, errors, responses, sample
from headgate.dialects.docs.responses_answer import ResponseEvent
from headgate.errors import BadRequest, Forbidden
from headgate.formats import openai_responses
from headgate.web.doc import Answer, Content, Doc


class ResponseMessage(ResponseEvent, kw_only=True):
    """An event of a response as a message; `stream_id` is the one that it was asked for with."""

    sequence_number: int | UnsetType = UNSET  # type: ignore[assignment]
    """Not in an error that is no part of a response."""
    stream_id: str | UnsetType = UNSET
    status: int | UnsetType = UNSET
    """Of an error: what its HTTP status would be."""


class ResponseCreate(responses.ResponsesRequest, frozen=True, kw_only=True):
    """A message of the client."""

    type: Literal["response.create"]
    stream_id: str | None = None
    generate: bool | None = None


def _messages(events: sample.Events) -> list[dict[str, Any]]:
    call = openai_responses.read(msgspec.json.encode(responses.REQUESTS["Streamed"]))
    stream = sample.streamed(openai_responses.Writer(call, sample.RUN, sample.CREATED), events)
    return [msgspec.json.decode(frame.partition("\ndata: ")[2]) for frame in stream.split("\n\n")[:-1]]


TALK = Doc(
    summary="Respond on a WebSocket",
    description=(
        "Many responses on one connection. After the upgrade the client sends messages such as "
        '`{"type": "response.create", "model": "default", "input": "Say hello.", "stream_id": "a"}`: the fields of '
        "`POST /v1/responses` without `stream` and `background`. The server sends the events of the stream, a JSON "
        "text message each, with the `stream_id` of what they answer. What has the same `stream_id` (or none) is "
        "answered one after another, all else side by side, up to 64 at once.\n\n"
        "A message that cannot be understood is answered with one of the type `error`, and the connection stays. "
        "`previous_response_id` also finds the last 16 responses of this connection that were not stored. With "
        "`generate: false` no answer is made, and the response is only a place to go on from.\n\n"
        "A client that leaves stops what is being made, unless the upgrade said `Headgate-Disconnect: keep`."
    ),
    tag=asking.OPENAI,
    parameters=(asking.DISCONNECT, *(one for one in asking.HEADERS if one.name != "Idempotency-Key")),
    answers=(
        Answer(
            status=101,
            meaning="The connection is a WebSocket. Each of these is one message.",
            contents=(
                Content(
                    schema=ResponseMessage,
                    examples={
                        "The first": {**_messages(sample.TALK)[0], "stream_id": "a"},
                        "Some words": {**_messages(sample.TALK)[4], "stream_id": "a"},
                        "An error": {
                            "type": "error",
                            "status": 400,
                            "error": {
                                "message": "Missing required parameter: 'model'.",
                                "type": "invalid_request_error",
                                "param": "model",
                                "code": "missing_required_parameter",
                            },
                            "stream_id": "a",
                        },
                    },
                ),
            ),
        ),
    ),
    errors=(
        errors.NO_KEY,
        Forbidden("Pages of this origin may not open sockets here.", code="origin_not_allowed"),
        BadRequest(
            "This is a WebSocket: ask with 'Connection: Upgrade' and 'Upgrade: websocket'.",
            status=426,
            code="upgrade_required",
        ),
    ),
    error=errors.ErrorAnswer,
)
