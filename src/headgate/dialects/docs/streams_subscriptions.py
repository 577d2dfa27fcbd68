"""Subscriptions to streams: /v1/stream/__ds."""

from typing import Annotated, Literal

import msgspec

from headgate.dialects.docs import errors
from headgate.dialects.docs.streams_runs import TAG
from headgate.formats import stream_subscriptions as asking
from headgate.streams.waking.errors import (
    AlreadyClaimed,
    CannotSign,
    FencedOff,
    InvalidOffset,
    InvalidRequest,
    NoSubscription,
    NothingPending,
    OtherSubscription,
    TokenInvalid,
    TooManySubscriptions,
    UrlRejected,
)
from headgate.streams.waking.signing import PublicKey
from headgate.web.doc import Answer, Content, Doc, Parameter

_OFFSET, _TAIL = "0000000000000000_0000000000000042", "0000000000000000_0000000000000084"
_WAKE = "w_5f1c0e7a9b3d4c2e8a6f0b1d"
_TOKEN = "q83vASNFZ4mrze8BI0VniQ"


class SubscriptionError(msgspec.Struct):
    """What went wrong."""

    code: str
    message: str
    param: str | msgspec.UnsetType = msgspec.UNSET
    current_holder: str | msgspec.UnsetType = msgspec.UNSET
    generation: int | msgspec.UnsetType = msgspec.UNSET


class SubscriptionErrorAnswer(msgspec.Struct):
    """The body of every answer that is no success."""

    error: SubscriptionError


class SubscriptionLink(msgspec.Struct):
    """How far a subscription is with one stream."""

    path: str
    link_type: Literal["glob", "explicit"]
    acked_offset: Annotated[str, msgspec.Meta(description="Everything up to there is done; `-1` is nothing.")]


class WakeStream(SubscriptionLink):
    """A stream as those who are woken are told of it."""

    tail_offset: str
    has_pending: bool


class WebhookSigning(msgspec.Struct):
    """How what is sent is signed."""

    alg: Literal["ed25519"]
    kid: str
    jwks_url: str


class SubscriptionWebhook(msgspec.Struct):
    """Who is called."""

    url: str
    signing: WebhookSigning | None


class StreamSubscription(msgspec.Struct):
    """A subscription."""

    id: str
    subscription_id: str
    type: Literal["webhook", "pull-wake"]
    pattern: str | None
    streams: list[SubscriptionLink]
    webhook: SubscriptionWebhook | None
    wake_stream: str | None
    lease_ttl_ms: int
    created_at: str
    status: Annotated[
        Literal["active", "failed"], msgspec.Meta(description="`failed` while nobody could be called the last time.")
    ]
    description: str | None


class Claimed(msgspec.Struct):
    """The work is this worker's."""

    wake_id: str
    generation: int
    token: str
    streams: list[WakeStream]
    lease_ttl_ms: int


class Acked(msgspec.Struct):
    """It is noted."""

    ok: bool
    next_wake: Annotated[bool, msgspec.Meta(description="Whether there was more to do, and somebody was called anew.")]


class KeySet(msgspec.Struct):
    """A JSON Web Key Set."""

    keys: list[PublicKey]


_ID = Parameter(name="id", place="path", description="The subscription's name, of your choice.", example="worker-1")

_ASKED = {
    "type": "webhook",
    "pattern": "events/*",
    "webhook": {"url": "https://worker.example/hooks"},
    "lease_ttl_ms": 30_000,
    "description": "event processor",
}
_PULL = {"type": "pull-wake", "streams": ["jobs/a", "jobs/b"], "wake_stream": "wake/pool"}

_EXAMPLE = {
    "id": "worker-1",
    "subscription_id": "worker-1",
    "type": "webhook",
    "pattern": "events/*",
    "streams": [{"path": "events/abc", "link_type": "glob", "acked_offset": _OFFSET}],
    "webhook": {
        "url": "https://worker.example/hooks",
        "signing": {
            "alg": "ed25519",
            "kid": "ds_0f1e2d3c4b5a6978",
            "jwks_url": "https://gate.example/v1/stream/__ds/jwks.json",
        },
    },
    "wake_stream": None,
    "lease_ttl_ms": 30_000,
    "created_at": "2026-05-09T00:00:00.000Z",
    "status": "active",
    "description": "event processor",
}
_PENDING = {
    "path": "events/abc",
    "link_type": "glob",
    "acked_offset": _OFFSET,
    "tail_offset": _TAIL,
    "has_pending": True,
}

_SHOWN = (Content(schema=StreamSubscription, examples={"A webhook": _EXAMPLE}),)
_NONE = NoSubscription("worker-1")
_INVALID = InvalidRequest("Either 'pattern' or 'streams' must say which streams are meant.", param="pattern")
_NOTED = Answer(
    meaning="It is noted.", contents=(Content(schema=Acked, examples={"Done": {"ok": True, "next_wake": False}}),)
)
_AT_WORK = (_INVALID, TokenInvalid(), _NONE, FencedOff())

_AUTHORIZATION = Parameter(
    name="Authorization", place="header", description="`Bearer` and the token that came with the wake or the claim."
)
_ACKS = Content(
    schema=asking.AckRequest,
    examples={
        "Done": {"wake_id": _WAKE, "generation": 7, "acks": [{"stream": "events/abc", "offset": _TAIL}], "done": True},
        "Still at it": {"wake_id": _WAKE, "generation": 7},
    },
)

MAKE = Doc(
    summary="Make a subscription",
    description=(
        "From now on somebody is woken when something comes on the streams that `pattern` means (`*` is anything "
        "within a segment, `**` any number of segments) or `streams` names. A webhook is called; with `pull-wake` a "
        "message is written to `wake_stream`, whose readers claim the work. What is on those streams already wakes "
        "nobody. The same again is answered with 200."
    ),
    tag=TAG,
    parameters=(_ID,),
    request=Content(
        schema=asking.SubscriptionRequest,
        examples={"A webhook": _ASKED, "A stream of wakes": _PULL},
        fields={
            "pattern": "Which streams are meant, also those that are made later.",
            "streams": "Streams by name, beside those.",
            "webhook": "Who is called, of a webhook.",
            "wake_stream": "Where wakes are written to, of a pull-wake: a stream of JSON that you have made.",
            "lease_ttl_ms": "How long whoever was woken may be silent before somebody else is.",
        },
    ),
    answers=(
        Answer(status=201, meaning="It is made.", contents=_SHOWN),
        Answer(meaning="There is the same already.", contents=_SHOWN),
    ),
    errors=(
        _INVALID,
        UrlRejected("The webhook cannot be used: messages are sent to public addresses only, which 10.0.0.1 is not."),
        errors.NO_KEY,
        OtherSubscription(),
        TooManySubscriptions("There are 100 subscriptions already ([streams] max_subscriptions)."),
        CannotSign(),
        errors.STORE_GONE,
    ),
    error=SubscriptionErrorAnswer,
)

SHOW = Doc(
    summary="Show a subscription",
    description="What it is, and how far it is with each of its streams.",
    tag=TAG,
    parameters=(_ID,),
    answers=(Answer(meaning="The subscription.", contents=_SHOWN),),
    errors=(errors.NO_KEY, _NONE),
    error=SubscriptionErrorAnswer,
)

DELETE = Doc(
    summary="Delete a subscription",
    description="Nobody is woken by it any more, and whoever is at it is too late.",
    tag=TAG,
    parameters=(_ID,),
    answers=(Answer(status=204, meaning="It is no more, or never was."),),
    errors=(errors.NO_KEY, errors.STORE_GONE),
    error=SubscriptionErrorAnswer,
)

ADD = Doc(
    summary="Add streams to a subscription",
    description="What comes on these from now on wakes, too. One that it has already stays as it is.",
    tag=TAG,
    parameters=(_ID,),
    request=Content(schema=asking.StreamsRequest, examples={"Two": {"streams": ["events/x", "events/y"]}}),
    answers=(Answer(status=204, meaning="They are added."),),
    errors=(_INVALID, errors.NO_KEY, _NONE, errors.STORE_GONE),
    error=SubscriptionErrorAnswer,
)

REMOVE = Doc(
    summary="Remove a stream from a subscription",
    description="It is no longer asked for by its name; where the pattern means it, it goes on to wake.",
    tag=TAG,
    parameters=(
        _ID,
        Parameter(name="stream", place="path", description="The stream, which may have slashes.", example="events/x"),
    ),
    answers=(Answer(status=204, meaning="It is removed, or was not there."),),
    errors=(errors.NO_KEY, _NONE, errors.STORE_GONE),
    error=SubscriptionErrorAnswer,
)

CLAIM = Doc(
    summary="Claim the work of a subscription",
    description=(
        "Of several workers one gets it, with a token, for as long as it says now and then that it is still at it. "
        "Streams with something to do come first, a thousand of them at most."
    ),
    tag=TAG,
    parameters=(_ID,),
    request=Content(schema=asking.ClaimRequest, examples={"A worker": {"worker": "worker-1"}}),
    answers=(
        Answer(
            meaning="It is this worker's.",
            contents=(
                Content(
                    schema=Claimed,
                    examples={
                        "Something to do": {
                            "wake_id": _WAKE,
                            "generation": 7,
                            "token": _TOKEN,
                            "streams": [_PENDING],
                            "lease_ttl_ms": 30_000,
                        }
                    },
                ),
            ),
        ),
    ),
    errors=(_INVALID, errors.NO_KEY, _NONE, AlreadyClaimed("worker-2", 7), NothingPending(), errors.STORE_GONE),
    error=SubscriptionErrorAnswer,
)

ACK = Doc(
    summary="Acknowledge work",
    description=(
        "Everything up to those offsets is done. Without `done` it only says that the worker is still at it; with it "
        "the work is given back, and somebody is woken anew if more has come meanwhile."
    ),
    tag=TAG,
    parameters=(_ID, _AUTHORIZATION),
    request=_ACKS,
    answers=(_NOTED,),
    errors=(*_AT_WORK, InvalidOffset("events/abc"), errors.STORE_GONE),
    error=SubscriptionErrorAnswer,
)

CALLBACK = Doc(
    summary="Answer a wake",
    description=(
        'What a webhook says that has not answered `{"done": true}` at once: as `ack`, with the `callback_token` of '
        "the wake."
    ),
    tag=TAG,
    parameters=(_ID, _AUTHORIZATION),
    request=_ACKS,
    answers=(_NOTED,),
    errors=(*_AT_WORK, InvalidOffset("events/abc"), errors.STORE_GONE),
    error=SubscriptionErrorAnswer,
)

RELEASE = Doc(
    summary="Give work back",
    description="Nothing is acknowledged; somebody else is woken.",
    tag=TAG,
    parameters=(_ID, _AUTHORIZATION),
    request=Content(schema=asking.WakeRequest, examples={"A wake": {"wake_id": _WAKE, "generation": 7}}),
    answers=(Answer(status=204, meaning="It is given back."),),
    errors=(*_AT_WORK, errors.STORE_GONE),
    error=SubscriptionErrorAnswer,
)

JWKS = Doc(
    summary="Show the keys of signatures",
    description=(
        "What webhooks of subscriptions are verified with. `Webhook-Signature` is "
        "`t=SECONDS,kid=KEY,ed25519=SIGNATURE`; what is signed is the seconds, a dot, and the body as it came."
    ),
    tag=TAG,
    answers=(
        Answer(
            meaning="The keys, by their `kid`.",
            contents=(
                Content(
                    kind="application/jwk-set+json",
                    schema=KeySet,
                    examples={
                        "One": {
                            "keys": [
                                {
                                    "kid": "ds_0f1e2d3c4b5a6978",
                                    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                                    "kty": "OKP",
                                    "crv": "Ed25519",
                                    "alg": "EdDSA",
                                    "use": "sig",
                                }
                            ]
                        }
                    },
                ),
            ),
        ),
    ),
    errors=(CannotSign(),),
    error=SubscriptionErrorAnswer,
)
