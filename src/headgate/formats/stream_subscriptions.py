"""What is asked of subscriptions: the bodies of requests, and what each may hold. Unknown fields mean nothing here."""

from typing import Annotated, Literal, TypeAlias

import msgspec

MAX_NAME = 256
"""Characters of a subscription's name, or a worker's."""

MAX_STREAM = 1024

MAX_PATTERN = 1024

MAX_SEGMENTS = 32
"""Of a pattern: each may be held against each of a name's, for every new stream."""

MAX_URL = 2048

LEASES = (1.0, 600.0)
"""The shortest and the longest that somebody may be at it without a word, in seconds."""

Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_STREAM)]


class WebhookTarget(msgspec.Struct):
    """Who is called."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_URL)]


class SubscriptionRequest(msgspec.Struct, omit_defaults=True):
    """What a subscription is to be; `pattern` or `streams` must be there."""

    type: Literal["webhook", "pull-wake"]
    pattern: Annotated[str, msgspec.Meta(max_length=MAX_PATTERN)] | None = None
    streams: Annotated[list[Name], msgspec.Meta(max_length=1000)] = []
    webhook: WebhookTarget | None = None
    wake_stream: Name | None = None
    lease_ttl_ms: Annotated[int, msgspec.Meta(ge=int(LEASES[0] * 1000), le=int(LEASES[1] * 1000))] = 30_000
    description: Annotated[str, msgspec.Meta(max_length=1024)] | None = None


class StreamsRequest(msgspec.Struct):
    """More streams."""

    streams: Annotated[list[Name], msgspec.Meta(min_length=1, max_length=1000)]


class ClaimRequest(msgspec.Struct):
    """Who takes the work."""

    worker: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]


class Ack(msgspec.Struct):
    """Up to there everything is done."""

    stream: Name
    offset: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]


class WakeRequest(msgspec.Struct, omit_defaults=True):
    """Something is said of a wake."""

    wake_id: str
    generation: int


class AckRequest(WakeRequest, omit_defaults=True):
    """How far the work is; without `done` it goes on."""

    acks: Annotated[list[Ack], msgspec.Meta(max_length=1000)] = []
    done: bool = False


subscription = msgspec.json.Decoder(SubscriptionRequest)
streams = msgspec.json.Decoder(StreamsRequest)
claim = msgspec.json.Decoder(ClaimRequest)
wake = msgspec.json.Decoder(WakeRequest)
ack = msgspec.json.Decoder(AckRequest)
