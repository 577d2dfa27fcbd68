"""/v1/responses/{id} and what is below it."""

from typing import Annotated, Any, Literal

import msgspec

from headgate.dialects.docs import asking, errors, responses, sample
from headgate.dialects.docs.responses_answer import Response, ResponseEvent
from headgate.errors import BadRequest, NotFound
from headgate.formats import openai_responses
from headgate.web.doc import EVENT_STREAM, Answer, Content, Doc, Parameter

ID = openai_responses.response_id(sample.RUN)


class DeletedResponse(msgspec.Struct):
    """That a response is gone."""

    id: str
    object: Literal["response"]
    deleted: bool


class InputItems(msgspec.Struct):
    """A page of what a response was asked."""

    object: Literal["list"]
    data: list[dict[str, Any]]
    first_id: str | None
    last_id: str | None
    has_more: bool


_ASKED = responses.REQUESTS["In the background"]
_CALL = openai_responses.read(msgspec.json.encode(_ASKED))

_ID = Parameter(name="id", place="path", description="The response's `id`.", example=ID)

_NO_RESPONSE = NotFound(
    f"There is no response '{ID}': it was never made here, not stored, deleted, or is older than responses are kept.",
    code="response_not_found",
)

_COMMON = (errors.NO_KEY, _NO_RESPONSE, errors.STORE_GONE)


def _whole(events: sample.Events) -> Any:
    return msgspec.json.decode(openai_responses.whole(_CALL, sample.RUN, sample.CREATED, events))


def _replayed() -> str:
    """The stream after its third event."""
    stream = sample.streamed(openai_responses.Writer(_CALL, sample.RUN, sample.CREATED), sample.TALK)
    return stream.split("\n\n", 3)[3]


def _only(name: str, description: str, type: Any = str) -> Parameter:
    return Parameter(name=name, place="query", description=description, type=type)


SHOW = Doc(
    summary="Show a response",
    description=(
        "The response as it stands, also while it is being made. With `stream=true` its events: from the first, or "
        "those after `starting_after`, and then what happens, until it is over. They are the events that were sent "
        "before, to the byte."
    ),
    tag=asking.OPENAI,
    parameters=(
        _ID,
        _only("stream", "Whether to answer with the events.", bool),
        _only(
            "starting_after",
            "The `sequence_number` of the last event that the client has; with none of them, all are sent.",
            Annotated[int, msgspec.Meta(ge=0)],
        ),
        _only("include", "Taken for OpenAI's clients: nothing is left out that could be asked for."),
        _only("include_obfuscation", "Taken for OpenAI's clients; nothing is obfuscated.", bool),
    ),
    answers=(
        Answer(
            meaning="The response, or its events.",
            contents=(
                Content(schema=Response, examples={"Queued": _whole(()), "Over": _whole(sample.TALK)}),
                Content(kind=EVENT_STREAM, schema=ResponseEvent, examples={"After event 2": _replayed()}),
            ),
            headers=sample.HEADERS,
        ),
    ),
    errors=(
        BadRequest(
            "'starting_after' must be the sequence_number of an event.", param="starting_after", code="invalid_cursor"
        ),
        *_COMMON,
    ),
    error=errors.ErrorAnswer,
)

CANCEL = Doc(
    summary="Cancel a response",
    description=(
        "The response ends at once and keeps what it has said; its status is `cancelled`. One that is over stays as it "
        "is. Any response can be cancelled, not only one in the background."
    ),
    tag=asking.OPENAI,
    parameters=(_ID,),
    answers=(
        Answer(
            meaning="The response as it ended.",
            contents=(Content(schema=Response, examples={"Over": _whole(sample.TALK)}),),
            headers=sample.HEADERS,
        ),
    ),
    errors=_COMMON,
    error=errors.ErrorAnswer,
)

DELETE = Doc(
    summary="Delete a response",
    description=(
        "Nothing is kept of it. One that is being made is stopped first. Responses that went on from it hold what was "
        "said, and stay as they are."
    ),
    tag=asking.OPENAI,
    parameters=(_ID,),
    answers=(
        Answer(
            meaning="It is gone.",
            contents=(
                Content(
                    schema=DeletedResponse, examples={"Deleted": {"id": ID, "object": "response", "deleted": True}}
                ),
            ),
            headers=sample.HEADERS,
        ),
    ),
    errors=_COMMON,
    error=errors.ErrorAnswer,
)

_ITEMS = openai_responses.input_items(_CALL.fields, sample.RUN)

INPUT_ITEMS = Doc(
    summary="List what a response was asked",
    description=(
        "The items of its input, with those of the conversation that it went on from, the newest first. Items that "
        "came without an id have one here."
    ),
    tag=asking.OPENAI,
    parameters=(
        _ID,
        _only("limit", "How many.", Annotated[int, msgspec.Meta(ge=1, le=100, extra_json_schema={"default": 20})]),
        _only("order", "`asc` is the order of the conversation.", Literal["asc", "desc"]),
        _only("after", "An item's id: only those after it."),
        _only("include", "Taken for OpenAI's clients: items are shown whole."),
    ),
    answers=(
        Answer(
            meaning="The items.",
            contents=(
                Content(
                    schema=InputItems,
                    examples={
                        "One": {
                            "object": "list",
                            "data": _ITEMS,
                            "first_id": _ITEMS[0]["id"],
                            "last_id": _ITEMS[-1]["id"],
                            "has_more": False,
                        }
                    },
                ),
            ),
            headers=sample.HEADERS,
        ),
    ),
    errors=(
        BadRequest("'limit' must be a number from 1 to 100.", param="limit", code="invalid_value"),
        BadRequest("'after' is no input item of this response.", param="after", code="invalid_cursor"),
        *_COMMON,
    ),
    error=errors.ErrorAnswer,
)
