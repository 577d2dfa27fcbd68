"""An answer that is streamed to channels: /stream/create and /llm/query."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import errors, sample
from headgate.dialects.docs.asking import HEADERS as WISHES
from headgate.dialects.docs.messaging import TAG, FeathersError
from headgate.errors import BadRequest, NotFound, Unauthorized, Unavailable
from headgate.formats.betterforms import requests
from headgate.web.doc import Answer, Content, Doc

_FIELDS = {
    "apiKey": "A key of this server, which may also stand where keys stand otherwise.",
    "channels": "The channels that the answer is told on; needed for a stream.",
    "actionName": "The named action that pages do with each piece; needed for a stream.",
    "service": "Who answers: `openAI`, `gemini`, `anthropic`, or the name of a configured provider.",
    "payload": "What is asked of the service: a chat request, and a few words beside it.",
}

_JOKE = {
    "apiKey": "BFAPI_xxxxxxxx-xxxxxx-xxxxxx",
    "channels": ["anonymous"],
    "actionName": "assistantReceiveResultsStream",
    "service": "openAI",
    "payload": {
        "stream": True,
        "max_tokens": 4000,
        "seed": 1,
        "messages": [{"role": "user", "content": "Create a joke about software developers."}],
        "model": "gpt-6-luna",
        "temperature": 0,
    },
}

_REQUEST = Content(
    schema=requests.Envelope,
    examples={
        "Streamed to a channel": _JOKE,
        "Whole": {
            "payload": {"provider": "openai", "model": "gpt-6-luna", "messages": [{"role": "user", "content": "Hi"}]}
        },
    },
    fields=_FIELDS,
)


class Promise(msgspec.Struct):
    """The answer will be told on the channels."""

    success: Literal[True]
    message: Literal["Streaming setup complete"]


class PromiseData(msgspec.Struct):
    """What is told of it."""

    message: Literal["Streaming setup complete"]


class QueryPromise(msgspec.Struct):
    """The answer will be told on the channels."""

    success: Literal[True]
    data: PromiseData


class QueryError(msgspec.Struct):
    """What went wrong."""

    message: str
    code: Annotated[int, msgspec.Meta(description="The HTTP status.")]
    details: Annotated[str, msgspec.Meta(description="Our stable word for it.")]
    attempts: list[errors.AttemptObject] | UnsetType = UNSET


class QueryErrorAnswer(msgspec.Struct):
    """The body of every answer that is no success."""

    success: Literal[False]
    error: QueryError
    actionName: str | UnsetType = UNSET


class StopAnswer(msgspec.Struct):
    """What became of it."""

    status: Literal["stopped", "not_found"]
    streamId: str


_STOP = {"streamId": "Its name, from the first message.", "apiKey": "A key of this server."}

_ERRORS = (
    BadRequest(
        "'channels' must name at least one channel for the answer to be streamed to.",
        param="channels",
        code="missing_required_parameter",
    ),
    BadRequest(
        "The service 'skynet' is not known here; there are: anthropic, gemini, openai.",
        param="service",
        code="unknown_service",
    ),
    errors.NO_KEY,
    Unauthorized("The API key is not known here."),
    NotFound("The model 'gpt-1' does not exist here.", code="model_not_found", param="model"),
    Unavailable("Too many runs are at work.", code="overloaded", retry_after=1),
)

CREATE = Doc(
    summary="Stream an answer to channels",
    description=(
        "Answers at once that it will: everybody who listens on the channels (`/message/stream`, `/message/socket`) "
        "sees the answer appear piece by piece, as messages that have a page do the named action with `type` delta, "
        "and in the end `end`; before that `error`, where it broke. Without `payload.stream` the answer comes back "
        "whole. The answer is a run like any other: `Headgate-Run` names it."
    ),
    tag=TAG,
    parameters=WISHES,
    request=_REQUEST,
    answers=(
        Answer(
            status=201,
            meaning="A promise. Without `payload.stream` it is the whole answer, an object as chat has it.",
            contents=(
                Content(
                    schema=Promise, examples={"Streamed": {"success": True, "message": "Streaming setup complete"}}
                ),
            ),
            headers=sample.HEADERS,
        ),
    ),
    errors=_ERRORS,
    error=FeathersError,
)

QUERY = Doc(
    summary="Ask, and stream to channels",
    description=(
        "The same with more: the first message on the channels has the `streamId` by which the answer can be stopped, "
        "tools that the model calls are told (`function_call`), and `end` says why it ended and what it took."
    ),
    tag=TAG,
    parameters=WISHES,
    request=_REQUEST,
    answers=(
        Answer(
            status=201,
            meaning="A promise. Without `payload.stream` `data` holds `choices` and `usage` of the whole answer.",
            contents=(
                Content(
                    schema=QueryPromise,
                    examples={"Streamed": {"success": True, "data": {"message": "Streaming setup complete"}}},
                ),
            ),
            headers=sample.HEADERS,
        ),
    ),
    errors=_ERRORS,
    error=QueryErrorAnswer,
)

STOP = Doc(
    summary="Stop a streamed answer",
    description="Ends an answer that is being streamed; its channels are told the end.",
    tag=TAG,
    request=Content(
        schema=requests.StopRequest, examples={"Stop": {"streamId": sample.RUN}}, fields={"streamId": "Its name."}
    ),
    answers=(
        Answer(
            status=201,
            meaning="What became of it: an answer that was over already, or never was, is not found.",
            contents=(Content(schema=StopAnswer, examples={"Stopped": {"status": "stopped", "streamId": sample.RUN}}),),
        ),
    ),
    errors=(
        BadRequest("Missing required parameter: 'streamId'.", param="streamId", code="missing_required_parameter"),
        errors.NO_KEY,
    ),
    error=QueryErrorAnswer,
)
