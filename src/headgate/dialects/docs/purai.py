"""PurAI's endpoints."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import asking, chat, errors, sample
from headgate.errors import BadRequest, HeadgateError, NotFound, Timeout, TooLarge, Unavailable
from headgate.events import Attempt
from headgate.formats import purai
from headgate.formats.purai import Plan
from headgate.web.doc import Answer, Content, Doc, Parameter, Tag

_Note = msgspec.Meta

TAG = Tag(
    "PurAI",
    "OpenAI's chat, answered by whoever can: the answer says who made it, whether another model than the one that was "
    "asked for did, and who failed before.",
)


class RecordedError(msgspec.Struct):
    """An error in a few words, or in all that it had."""

    message: str
    code: str
    model: Annotated[str, _Note(description="As the provider names it.")]


class RecordedBody(msgspec.Struct):
    error: RecordedError


class RecordedResponse(msgspec.Struct):
    status: Annotated[int, _Note(description="502 and 504 also stand for no answer at all.")]
    data: RecordedBody


class FailedProvider(msgspec.Struct):
    """A provider that was asked in vain."""

    provider: str
    response: RecordedResponse


class CacheError(msgspec.Struct):
    message: str
    records: list[FailedProvider]


class Cache(msgspec.Struct):
    """Who failed before somebody answered."""

    status: Literal[500]
    error: CacheError


class PurAICompletion(chat.ChatCompletion, kw_only=True):
    """A whole answer."""

    provider: str
    overwritten: Annotated[bool, _Note(description="Whether another model answered than the one that was asked for.")]
    calledFunctions: Annotated[
        list[Any], _Note(description="Pairs of a call and its result, of functions that the server ran; it runs none.")
    ]
    cache: Cache | UnsetType = UNSET


class PurAIChunk(chat.ChatCompletionChunk, kw_only=True):
    """A piece of a streamed answer; `[DONE]` comes after the last."""

    object: Literal["chat.completion", "chat.completion.chunk"]  # type: ignore[assignment]
    provider: str
    overwritten: bool
    calledFunctions: list[Any]
    cache: Annotated[Cache | UnsetType, _Note(description="In the first chunk only.")] = UNSET


class PurAIErrorObject(msgspec.Struct):
    message: str
    type: str
    param: str | None
    code: str | None
    records: Annotated[list[FailedProvider] | UnsetType, _Note(description="When providers failed: all of them.")] = (
        UNSET
    )


class PurAIErrorAnswer(msgspec.Struct):
    """The body of every answer that is no success; OpenAI's clients find what they look for."""

    status: int
    error: PurAIErrorObject


class DonatorLimits(msgspec.Struct):
    tier1: int
    tier2: int
    tier3: int
    tier4: int


class PurAIModel(msgspec.Struct):
    """A model, whoever has it."""

    id: str
    model: Annotated[str, _Note(description="The same, for clients that look for it here.")]
    owner: str
    endpoints: Annotated[list[str], _Note(description="Where it can be asked for.")]
    maxTokens: Annotated[int | None, _Note(description="Null: providers do not say.")]
    freeLimitPerDay: Annotated[int, _Note(description="The largest number there is: nothing is limited by days.")]
    donatorLimitsPerDay: DonatorLimits
    available: bool
    providers: list[str]


class PurAIPersonality(msgspec.Struct):
    """A part that a model plays."""

    id: str
    owner: str
    defaultConfig: Annotated[dict[str, Any], _Note(description="Fields of a request, where it does not say otherwise.")]
    blockedModels: list[str]
    donatorOnly: bool
    nsfw: bool


_PLAIN = {"model": sample.MODEL, "messages": [{"role": "user", "content": "Say hello."}]}

_REQUESTS: dict[str, dict[str, Any]] = {
    "Plain": _PLAIN,
    "Streamed": {**_PLAIN, "stream": True},
    "This model and no other, here first": {**_PLAIN, "forceModel": True, "primaryProvider": "groq"},
}
_PERSONALITY = {"personality": "programmer-ai", "messages": _PLAIN["messages"], "disableErrorSummarization": True}

_NAMES = ("groq/" + sample.MODEL, "openai/" + sample.MODEL)
_PLAN = Plan(_NAMES, frozenset(_NAMES))
_LATER = "Another provider failed before"
_FAILED = Attempt("groq", 429, "rate_limit_exceeded", "Rate limit reached.", "", sample.MODEL)


def _whole(name: str, events: sample.Events) -> bytes:
    asked = purai.read(msgspec.json.encode(_REQUESTS[name]), {})
    return purai.whole(purai.call(asked, _NAMES, None), sample.RUN, sample.CREATED, events, _PLAN)


def _stream(events: sample.Events) -> str:
    asked = purai.read(msgspec.json.encode(_REQUESTS["Streamed"]), {})
    return sample.streamed(purai.Writer(purai.call(asked, _NAMES, None), sample.RUN, sample.CREATED, _PLAN), events)


def _request(*, has_personalities: bool) -> Content:
    return Content(
        schema=purai.PurAIRequest,
        examples={**_REQUESTS, "A personality": _PERSONALITY} if has_personalities else _REQUESTS,
        fields={
            **asking.FIELDS,
            **asking.SAMPLING,
            "model": "An alias, `provider/model`, or a model's bare name, which is asked for at everybody who has it. "
            "Either this or `personality` is needed.",
            "personality": "A part to play, from `GET /purgpt/personalities`; on `/openai/chat/completions` only.",
            "primaryProvider": "Who is asked first; others follow when it fails.",
            "forceModel": "`true`: this model only, at any provider that has it. `auto`, the default: another one when "
            "all of those failed, or nobody has it. `false`: whatever the first provider that answers has.",
            "disableErrorSummarization": "`true` quotes failed providers in full, and not in a line.",
            "messages": "The conversation so far, the oldest message first.",
            "functions": "The older form of `tools`, which PurAI's clients know; a name alone means a function that "
            "the server executes: `/v1/functions`.",
            "function_call": "The older form of `tool_choice`.",
        },
    )


_FORCE = Parameter(
    name="forceModel",
    place="query",
    description="As the field of that name, where that is not said.",
    type=purai.Force,
)

_ANSWER = sample.answer(
    whole=PurAICompletion,
    wholes={
        "Plain": _whole("Plain", sample.TALK),
        "Another provider failed before": _whole("Plain", (_FAILED, *sample.TALK)),
    },
    chunk=PurAIChunk,
    streams={"Streamed": _stream(sample.TALK), "Another provider failed before": _stream((_FAILED, *sample.TALK))},
)

_ASKING: tuple[HeadgateError, ...] = (
    BadRequest("Either 'model' or 'personality' is needed.", param="model", code="missing_required_parameter"),
    BadRequest(
        "There is no provider 'groc' to be asked here; there are: openai, groq.",
        param="primaryProvider",
        code="unknown_provider",
    ),
    errors.NO_KEY,
    NotFound("No provider has the model 'gpt-0'; there are openai, groq.", param="model", code="model_not_found"),
    Timeout("The request's body did not come within 30 s."),
    TooLarge("The request's body is larger than 33 MB."),
    HeadgateError(purai.ALL_FAILED, code="providers_failed", kind="upstream_error"),
    Unavailable("Too many runs are at work.", code="overloaded", retry_after=1),
)

_ABOUT = (
    "OpenAI's chat completions, with a say in who answers and a word on who did. The model is asked for at every "
    "provider that has it, one after another until one answers; then, unless `forceModel` is `true`, others stand in. "
)

CHAT = Doc(
    summary="Chat with whoever can",
    description=_ABOUT
    + "OpenAI's own clients find their object in the answer, and all of their fields in the request.",
    tag=TAG,
    parameters=(_FORCE, *asking.PARAMETERS),
    request=_request(has_personalities=True),
    answers=(_ANSWER,),
    errors=(
        *_ASKING,
        BadRequest(
            "The model 'gpt-4' is blocked by the personality 'programmer-ai'.", param="model", code="model_blocked"
        ),
        NotFound(
            "There is no personality 'kira'; there are: programmer-ai.",
            param="personality",
            code="personality_not_found",
        ),
    ),
    error=PurAIErrorAnswer,
)

THIRD_PARTY = Doc(
    summary="Chat with third parties",
    description=_ABOUT + "The provider `openai` is not asked here, and there are no personalities.",
    tag=TAG,
    parameters=(_FORCE, *asking.PARAMETERS),
    request=_request(has_personalities=False),
    answers=(_ANSWER,),
    errors=(
        *_ASKING,
        BadRequest(
            "/third-party/chat/completions is not available for the model 'gpt-4': no third party has it.",
            param="model",
            code="endpoint_not_available",
        ),
    ),
    error=PurAIErrorAnswer,
)

_LIMIT = 2**53 - 1
_MODEL = {
    "id": sample.MODEL,
    "model": sample.MODEL,
    "owner": "openai",
    "endpoints": ["/openai/chat/completions", "/third-party/chat/completions"],
    "maxTokens": None,
    "freeLimitPerDay": _LIMIT,
    "donatorLimitsPerDay": {"tier1": _LIMIT, "tier2": _LIMIT, "tier3": _LIMIT, "tier4": _LIMIT},
    "available": True,
    "providers": ["openai", "azure"],
}


def _list(what: str, schema: Any, example: dict[str, Any]) -> Answer:
    return Answer(meaning=what, contents=(Content(schema=schema, examples={"A list": [example]}),))


MODELS = Doc(
    summary="List models, each once",
    description="Every model that can be asked for, with those who have it. Aliases come first.",
    tag=TAG,
    answers=(_list("The models.", list[PurAIModel], _MODEL),),
    errors=(errors.NO_KEY,),
    error=PurAIErrorAnswer,
)

THIRD_PARTY_MODELS = Doc(
    summary="List models of third parties",
    description="The same without what only the provider `openai` has.",
    tag=TAG,
    answers=(_list("The models.", list[PurAIModel], {**_MODEL, "owner": "azure", "providers": ["azure"]}),),
    errors=(errors.NO_KEY,),
    error=PurAIErrorAnswer,
)

PERSONALITIES = Doc(
    summary="List personalities",
    description="The parts for models to play that this server's configuration has.",
    tag=TAG,
    answers=(
        _list(
            "The personalities.",
            list[PurAIPersonality],
            {
                "id": "programmer-ai",
                "owner": "headgate",
                "defaultConfig": {"model": "default", "temperature": 0.2},
                "blockedModels": ["gpt-4"],
                "donatorOnly": False,
                "nsfw": False,
            },
        ),
    ),
    errors=(errors.NO_KEY,),
    error=PurAIErrorAnswer,
)
