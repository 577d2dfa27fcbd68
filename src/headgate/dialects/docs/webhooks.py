"""Webhooks: what became of messages, and the secret they are signed with."""

from typing import Annotated, Literal

import msgspec

from headgate.dialects.docs import errors, sample
from headgate.errors import Forbidden, NotFound
from headgate.web.doc import Answer, Content, Doc, Parameter, Tag

TAG = Tag(
    "Webhooks",
    "A run's end is told to the URL in `Headgate-Webhook`, and to the endpoints of the configuration: signed as "
    "Standard Webhooks has it, and tried for half a day. Here is what became of it.",
)


class WebhookTry(msgspec.Struct):
    """One try to deliver a message."""

    at: int
    status: Annotated[int | None, msgspec.Meta(description="The receiver's; null when it did not answer.")]
    error: Annotated[str | None, msgspec.Meta(description="What was wrong, in words.")]
    seconds: float


class Webhook(msgspec.Struct):
    """A message that a run is over, and what became of it."""

    id: Annotated[str, msgspec.Meta(description="The same as the header `webhook-id`, at every try.")]
    object: Literal["webhook"]
    run: str
    form: Annotated[str | None, msgspec.Meta(description="Whose form it has: run, response or offload.")]
    url: Annotated[str | None, msgspec.Meta(description="Null for an endpoint of the configuration.")]
    endpoint: Annotated[str | None, msgspec.Meta(description="The name of an endpoint of the configuration.")]
    status: Literal["waiting", "delivered", "given_up", "skipped"]
    created: int
    due: Annotated[int | None, msgspec.Meta(description="When it is tried next; null when it is over.")]
    note: Annotated[str, msgspec.Meta(description="How the last try went.")]
    tries: list[WebhookTry]


class WebhookList(msgspec.Struct):
    """All messages about a run, in the order they were asked for."""

    object: Literal["list"]
    data: list[Webhook]


class WebhookSecret(msgspec.Struct):
    """What a receiver checks signatures with."""

    object: Literal["webhook.secret"]
    secret: str


_MESSAGE = f"msg_{sample.RUN.removeprefix('run_')}_7"

_GIVEN_UP = {
    "id": _MESSAGE,
    "object": "webhook",
    "run": sample.RUN,
    "form": "run",
    "url": "https://example.com/hooks/llm",
    "endpoint": None,
    "status": "given_up",
    "created": sample.CREATED + 2,
    "due": None,
    "note": "answered 410",
    "tries": [
        {"at": sample.CREATED + 2, "status": None, "error": "no answer within 15 s", "seconds": 15.0},
        {"at": sample.CREATED + 22, "status": 410, "error": "answered 410", "seconds": 0.031},
    ],
}

_AGAIN = {**_GIVEN_UP, "status": "waiting", "due": sample.CREATED + 300}

_RUN = Parameter(name="id", place="path", description="The run's name, from an answer's head.", example=sample.RUN)

LIST = Doc(
    summary="List a run's webhooks",
    description="The messages about a run, with every try to deliver them. There are none before the run is over.",
    tag=TAG,
    parameters=(_RUN,),
    answers=(
        Answer(
            meaning="The messages.",
            contents=(Content(schema=WebhookList, examples={"Messages": {"object": "list", "data": [_GIVEN_UP]}}),),
            headers=sample.HEADERS,
        ),
    ),
    errors=(errors.NO_KEY, errors.NO_RUN, errors.STORE_GONE),
    error=errors.ErrorAnswer,
)

REDELIVER = Doc(
    summary="Send a webhook again",
    description=(
        "The message is sent again at once, under the same id and with a new signature, and tried from the beginning, "
        "however it stands."
    ),
    tag=TAG,
    parameters=(
        _RUN,
        Parameter(name="delivery", place="path", description="The message's id.", example=_MESSAGE),
    ),
    answers=(
        Answer(
            meaning="The message, waiting.",
            contents=(Content(schema=Webhook, examples={"A message": _AGAIN}),),
            headers=sample.HEADERS,
        ),
    ),
    errors=(
        errors.NO_KEY,
        errors.NO_RUN,
        NotFound("There is no webhook 'msg_0' of this run.", code="webhook_not_found"),
        errors.STORE_GONE,
    ),
    error=errors.ErrorAnswer,
)

SECRET = Doc(
    summary="Show the webhooks' secret",
    description=(
        "The secret that messages about this key's runs are signed with; every key has its own. One that is in the "
        "server's configuration is not told here, and none is told to a page of another origin."
    ),
    tag=TAG,
    answers=(
        Answer(
            meaning="The secret.",
            contents=(
                Content(
                    schema=WebhookSecret,
                    examples={
                        "A secret": {
                            "object": "webhook.secret",
                            "secret": "whsec_ZXhhbXBsZSBleGFtcGxlIGV4YW1wbGUgZXhhbXBsZSE=",
                        }
                    },
                ),
            ),
        ),
    ),
    errors=(
        errors.NO_KEY,
        Forbidden("The secret is in the server's configuration.", code="secret_configured"),
    ),
    error=errors.ErrorAnswer,
)
