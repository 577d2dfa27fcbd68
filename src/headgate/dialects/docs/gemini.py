"""Everything under /genai."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import asking, embeddings, errors, sample
from headgate.errors import HeadgateError, NotFound
from headgate.formats import gemini
from headgate.web.doc import EVENT_STREAM, Answer, Content, Doc, Parameter, Tag

TAG = Tag("Gemini", "Google's own API: its clients work with nothing but another base URL, for models of any provider.")


class ErrorDetail(msgspec.Struct):
    """One of Google's kinds of detail, told apart by `@type`."""

    type: str = msgspec.field(name="@type")
    reason: str | UnsetType = UNSET
    domain: str | UnsetType = UNSET
    fieldViolations: list[dict[str, str]] | UnsetType = UNSET
    retryDelay: str | UnsetType = UNSET


class GoogleError(msgspec.Struct):
    """An error as Google tells it; our stable code is the `reason` of its ErrorInfo."""

    code: int
    message: str
    status: str
    details: list[ErrorDetail]


class GoogleErrorAnswer(msgspec.Struct):
    """The body of every answer that is no success, and the last chunk of a stream that broke."""

    error: GoogleError


class CalledFunction(msgspec.Struct):
    """A call, always whole."""

    name: str
    args: dict[str, Any]
    id: str | UnsetType = UNSET


class AnswerPart(msgspec.Struct):
    """A piece of an answer; what a Gemini provider says besides (pictures, signatures of thoughts) stands here too."""

    text: str | UnsetType = UNSET
    thought: bool | UnsetType = UNSET
    functionCall: CalledFunction | UnsetType = UNSET


class AnswerContent(msgspec.Struct):
    parts: list[AnswerPart]
    role: Literal["model"]


class Candidate(msgspec.Struct):
    """One of the answers asked for; `finishReason` comes with its last chunk."""

    content: AnswerContent
    index: int
    finishReason: str | UnsetType = UNSET


class UsageMetadata(msgspec.Struct):
    """Tokens."""

    promptTokenCount: int
    candidatesTokenCount: int
    totalTokenCount: int
    thoughtsTokenCount: int | UnsetType = UNSET
    cachedContentTokenCount: int | UnsetType = UNSET
    cost: float | UnsetType = UNSET
    """US dollars, where the price is known."""
    estimated: bool | UnsetType = UNSET
    """True where the provider did not say, or not all."""


class GenerateContentResponse(msgspec.Struct):
    """An answer, or a piece of one."""

    candidates: list[Candidate]
    modelVersion: str
    responseId: str
    usageMetadata: UsageMetadata | UnsetType = UNSET


class TokenCount(msgspec.Struct):
    totalTokens: int


class Embedding(msgspec.Struct):
    """A vector."""

    values: list[float]


class EmbeddingUsage(msgspec.Struct):
    """Tokens."""

    promptTokenCount: int
    cost: float | UnsetType = UNSET
    estimated: bool | UnsetType = UNSET


class EmbeddingAnswer(msgspec.Struct):
    embedding: Embedding
    usageMetadata: EmbeddingUsage | UnsetType = UNSET


class EmbeddingsAnswer(msgspec.Struct):
    """A vector for each request, in their order."""

    embeddings: list[Embedding]
    usageMetadata: EmbeddingUsage | UnsetType = UNSET


class GoogleModel(msgspec.Struct):
    """A name that requests may use, after `models/`."""

    name: str
    displayName: str
    description: str
    supportedGenerationMethods: list[str]


class GoogleModelList(msgspec.Struct):
    """Aliases first, then what the providers list; always one page."""

    models: list[GoogleModel]


_TOOL = {"functionDeclarations": [{"name": "weather", "parametersJsonSchema": sample.WEATHER}]}

REQUESTS: dict[str, dict[str, Any]] = {
    "Plain": {"contents": [{"role": "user", "parts": [{"text": "Say hello."}]}]},
    "With options": {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": [{"text": "Say hello."}]}],
        "generationConfig": {"temperature": 0.2, "maxOutputTokens": 16},
    },
    "A tool": {
        "contents": [{"role": "user", "parts": [{"text": "What is the weather in Brno?"}]}],
        "tools": [_TOOL],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    },
    "A tool's answer": {
        "contents": [
            {"role": "user", "parts": [{"text": "What is the weather in Brno?"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "weather", "args": {"city": "Brno"}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"sky": "clear"}}}]},
        ],
        "tools": [_TOOL],
    },
}

_CALL = gemini.asked(msgspec.json.encode(REQUESTS["Plain"]), sample.MODEL, stream=True)
_TALK = gemini.whole(_CALL, sample.RUN, sample.CREATED, sample.TALK)
_TOOL_TALK = gemini.whole(_CALL, sample.RUN, sample.CREATED, sample.CALL)
_TALK_STREAM = sample.streamed(gemini.Writer(_CALL, sample.RUN, sample.CREATED), sample.TALK)
_TOOL_STREAM = sample.streamed(gemini.Writer(_CALL, sample.RUN, sample.CREATED), sample.CALL)
_WHOLE_TALK, _WHOLE_TOOL = msgspec.json.decode(_TALK), msgspec.json.decode(_TOOL_TALK)

_PATH = (
    Parameter(
        name="version",
        place="path",
        description="Which of Google's versions a client asks for; they are the same here.",
        type=Literal["v1", "v1beta", "v1alpha"],
        example="v1beta",
    ),
)
_NAME = "`provider/model`, an alias, or a name that only one provider has; slashes are welcome."
_MODEL = (
    *_PATH,
    Parameter(
        name="model",
        place="path",
        description=f"`models/` and then {_NAME} `models/` may be left out.",
        example="models/default",
    ),
)
_SHOWN = (*_PATH, Parameter(name="model", place="path", description=_NAME, example="default"))
_KEY = Parameter(
    name="key",
    place="query",
    description="The key, for clients that cannot send it as `x-goog-api-key` or `Authorization`. It is never logged.",
)

_NO_VERSION = NotFound("There is no version 'v2' of this API, but v1, v1alpha, v1beta.")

_ASKING: tuple[HeadgateError, ...] = (*errors.ASKING, _NO_VERSION)
_BESIDES: tuple[HeadgateError, ...] = tuple(error for error in _ASKING if error.code != "idempotency_key_reused")

_REQUEST = Content(
    schema=gemini.GeminiRequest,
    examples=REQUESTS,
    fields={
        "contents": "The conversation; the last turn is what is asked.",
        "systemInstruction": "What the model is told before it.",
        "tools": "Functions that the model may call. Google's own tools (search, code) need a Gemini provider.",
        "safetySettings": "For Gemini providers; others have no word for them.",
        "store": asking.FIELDS["store"],
    },
)

GENERATE = Doc(
    summary="Generate content",
    description=(
        "Google's `generateContent` for a model of any provider. Field names may be written in camel case or with "
        "underscores. A Gemini provider gets the request as it is; for others it is translated, and what they cannot "
        "do is refused with the field's name."
    ),
    tag=TAG,
    parameters=(*_MODEL, _KEY, *asking.PARAMETERS),
    request=_REQUEST,
    answers=(
        Answer(
            meaning="The whole answer.",
            contents=(Content(schema=GenerateContentResponse, examples={"Plain": _WHOLE_TALK, "A tool": _WHOLE_TOOL}),),
            headers=sample.HEADERS,
        ),
    ),
    errors=_ASKING,
    error=GoogleErrorAnswer,
)

STREAM = Doc(
    summary="Generate content as a stream",
    description=(
        "The same, piece by piece: with `alt=sse` as server-sent events, otherwise as one JSON array whose objects "
        "come as they are made. While nothing happens, blank lines keep the connection alive. A stream that breaks "
        "ends with an object that holds an `error`, and its connection is cut."
    ),
    tag=TAG,
    parameters=(
        *_MODEL,
        Parameter(
            name="alt",
            place="query",
            description="`sse` for server-sent events.",
            type=Literal["sse", "json"],
            example="sse",
        ),
        _KEY,
        *asking.PARAMETERS,
    ),
    request=_REQUEST,
    answers=(
        Answer(
            meaning="The answer in pieces.",
            contents=(
                Content(
                    kind=EVENT_STREAM,
                    schema=GenerateContentResponse,
                    examples={"Plain": _TALK_STREAM, "A tool": _TOOL_STREAM},
                ),
            ),
            headers=sample.HEADERS,
        ),
    ),
    errors=_ASKING,
    error=GoogleErrorAnswer,
)

COUNT = Doc(
    summary="Count tokens",
    description=(
        "How many tokens a request has. A Gemini provider is asked; for others it is estimated from the length, "
        "which is good enough to know when a conversation gets too long."
    ),
    tag=TAG,
    parameters=(*_MODEL, _KEY, *embeddings.PARAMETERS),
    request=Content(
        schema=gemini.CountRequest,
        examples={"Turns": REQUESTS["Plain"], "A request": {"generateContentRequest": REQUESTS["With options"]}},
    ),
    answers=(
        Answer(meaning="The count.", contents=(Content(schema=TokenCount, examples={"A count": {"totalTokens": 7}}),)),
    ),
    errors=_BESIDES,
    error=GoogleErrorAnswer,
)

_HELLO = {"content": {"parts": [{"text": "Hello"}]}}

EMBED = Doc(
    summary="Make a vector",
    description=(
        "Google's `embedContent`, for any provider that makes embeddings. A Gemini provider gets the request as it is; "
        "for others it is translated: they are asked for the words, whose `taskType` and `title` they have no word for."
    ),
    tag=TAG,
    parameters=(*_MODEL, _KEY, *embeddings.PARAMETERS),
    request=Content(schema=gemini.EmbedRequest, examples={"A text": {**_HELLO, "taskType": "RETRIEVAL_QUERY"}}),
    answers=(
        Answer(
            meaning="The vector.",
            contents=(Content(schema=EmbeddingAnswer, examples={"A vector": {"embedding": {"values": [0.25, -0.5]}}}),),
            headers=embeddings.HEADERS,
        ),
    ),
    errors=(*_BESIDES, embeddings.NO_EMBEDDINGS),
    error=GoogleErrorAnswer,
)

EMBED_MANY = Doc(
    summary="Make vectors",
    description="Google's `batchEmbedContents`, which its Python client always uses; the same for several texts.",
    tag=TAG,
    parameters=(*_MODEL, _KEY, *embeddings.PARAMETERS),
    request=Content(schema=gemini.EmbedManyRequest, examples={"Two texts": {"requests": [_HELLO, _HELLO]}}),
    answers=(
        Answer(
            meaning="The vectors.",
            contents=(
                Content(
                    schema=EmbeddingsAnswer,
                    examples={"Two vectors": {"embeddings": [{"values": [0.25, -0.5]}, {"values": [0.25, -0.5]}]}},
                ),
            ),
            headers=embeddings.HEADERS,
        ),
    ),
    errors=(*_BESIDES, embeddings.NO_EMBEDDINGS),
    error=GoogleErrorAnswer,
)

_LISTED = {
    "name": "models/openai/gpt-4o-mini",
    "displayName": "openai/gpt-4o-mini",
    "description": "Answered by openai.",
    "supportedGenerationMethods": ["generateContent", "countTokens"],
}

LIST = Doc(
    summary="List models as Google does",
    description="The same names as at `/v1/models`, on one page.",
    tag=TAG,
    parameters=(*_PATH, _KEY),
    answers=(
        Answer(
            meaning="The models.",
            contents=(Content(schema=GoogleModelList, examples={"Models": {"models": [_LISTED]}}),),
        ),
    ),
    errors=(errors.NO_KEY, _NO_VERSION),
    error=GoogleErrorAnswer,
)

SHOW = Doc(
    summary="Show a model as Google does",
    description="One model of the list. Its name may hold slashes.",
    tag=TAG,
    parameters=(*_SHOWN, _KEY),
    answers=(Answer(meaning="The model.", contents=(Content(schema=GoogleModel, examples={"A model": _LISTED}),)),),
    errors=(
        errors.NO_KEY,
        NotFound("The model 'gpt' does not exist.", code="model_not_found", param="model"),
        _NO_VERSION,
    ),
    error=GoogleErrorAnswer,
)
