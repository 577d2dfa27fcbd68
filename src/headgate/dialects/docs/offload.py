"""Answers that go on without their clients: two endpoints that begin one, four addresses for each."""

from typing import Literal

import msgspec

from headgate.dialects.docs import asking, chat, errors, sample
from headgate.dialects.docs import offload_answers as told
from headgate.errors import BadRequest, Conflict, NotFound, Timeout, TooLarge, Unauthorized, Unavailable
from headgate.formats import offload
from headgate.web.doc import EVENT_STREAM, Answer, Content, Doc, Parameter, Tag

TAG = Tag(
    "Offload",
    "Answers that are made while nobody waits: a request is answered at once with addresses, where the answer can be "
    "watched, read along and stopped by whoever has them.",
)


_OWN_KEY = (
    Parameter(
        name="X-OpenAI-API-Key",
        place="header",
        description="Your own key at the model's provider: used for this answer only, in place of the server's, and "
        "kept nowhere.",
    ),
    Parameter(
        name="X-OpenAI-Organization",
        place="header",
        description="The organization that is to be charged for what your own key asks.",
    ),
)

_REQUEST = Content(
    schema=offload.OffloadRequest,
    examples={
        "Public": {"messages": [{"role": "user", "content": "Say hello."}]},
        "Private": {"messages": [{"role": "user", "content": "Say hello."}], "access": "private", "timeout": 30},
        "A conversation goes on": {
            "messages": '[{"role": "user", "content": "And now in Czech."}]',
            "from_status_url": f"{told.BASE}{told.PRIVATE}.json",
            "from_bearer_token": told.BEARER,
            "from_max_length": 2000,
        },
    },
    fields={
        **{name: meaning for name, meaning in asking.SAMPLING.items() if name != "seed"},
        "messages": "The new messages, as an array or as JSON text; earlier ones come with `from_status_url`.",
        "model": "`provider/model`, an alias, or a name that only one provider has. `gpt-3.5-turbo` when it is left "
        "out, and the alias `default` where no provider has that.",
        "access": "Whether the addresses are for everybody who knows them (`public`, when it is left out), or need a "
        "token besides.",
        "timeout": "Seconds that the whole answer may take, 5 to 90; 90 when it is left out.",
        "connect_timeout": "Seconds that connecting to the provider may take, 1 to 10; 5 when it is left out.",
        "conversation_id": "A name of your own for the conversation, which answers that go on from this one keep. "
        "Without it one is made.",
        "from_status_url": "The `status_url` of an answer that is over: what was said there comes before the new "
        "messages. Its host does not matter.",
        "from_bearer_token": "The `bearer_token` of that answer, if it is private.",
        "from_max_length": "How many characters of that answer to keep.",
        "webhook_url": "Who is told when the answer is over: a form with the one field `response`, which holds the "
        "last status document.",
        "n": "How many answers to make.",
        "max_tokens": "Caps the answer.",
        "user": "Whom the answer is for; the provider may look for abuse by it.",
    },
)

_NO_ANSWER = NotFound("There is no answer at this address; it may have been kept for long enough.")
_NO_TOKEN = Unauthorized(
    "This answer is private. Send its token as 'Authorization: Bearer TOKEN'.", code="invalid_bearer_token"
)

_ASKING = (
    BadRequest("Missing required parameter: 'messages'.", param="messages", code="missing_required_parameter"),
    BadRequest("Invalid value for 'timeout': expected 'number' <= 90.0.", param="timeout", code="invalid_value"),
    errors.NO_KEY,
    Unauthorized(
        "The answer at 'from_status_url' is private, and 'from_bearer_token' is not its token.",
        code="invalid_bearer_token",
        param="from_bearer_token",
    ),
    NotFound("There is no answer at 'from_status_url'.", param="from_status_url"),
    Timeout("The request's body did not come within 30 s."),
    Conflict(
        "The answer at 'from_status_url' is still being made; its conversation cannot go on yet.",
        param="from_status_url",
        code="still_running",
    ),
    TooLarge("The whole conversation is larger than 33 MB.", param="from_status_url"),
    Unavailable("Too many runs are at work.", code="overloaded", retry_after=1),
)

_PATH = (
    Parameter(name="node", place="path", description="The server that keeps the answer.", example="1"),
    Parameter(
        name="access",
        place="path",
        description="Who may see it.",
        type=Literal["pub", "priv"],
        example="pub",
    ),
    Parameter(
        name="when",
        place="path",
        description="When it was begun: year, month, day, hour, minute and second in Greenwich.",
        example="2025/11/01/12/26/40",
    ),
    Parameter(name="file", place="path", description="Its name, which cannot be guessed.", example=told.FILE),
)

_HOW = (
    " A private answer needs its token as `Authorization: Bearer TOKEN`; the server's own keys are not asked for here."
)

STREAM = Doc(
    summary="Begin an answer to be streamed",
    description=(
        "Begins an answer and says at once where it is found. It goes on whether or not anybody looks, until it is "
        "over, or stopped, or `timeout` has passed. A vendor's own fields reach the provider as they are."
    ),
    tag=TAG,
    parameters=_OWN_KEY,
    request=_REQUEST,
    answers=(
        Answer(
            meaning="Where the answer is found.",
            contents=(Content(schema=told.Offloaded, examples=told.STREAMED),),
            headers=sample.HEADERS,
        ),
    ),
    errors=_ASKING,
    error=told.OffloadErrorAnswer,
)

ASYNC = Doc(
    summary="Begin an answer to be looked at",
    description=(
        "The same for who does not want a stream: the answer is looked at where its status is. The provider is asked "
        "for pieces all the same, so that it can be seen growing; `stream: false` asks it for the whole at once."
    ),
    tag=TAG,
    parameters=_OWN_KEY,
    request=_REQUEST,
    answers=(
        Answer(
            meaning="Where the answer is found.",
            contents=(Content(schema=told.Offloaded, examples=told.WAITED),),
            headers=sample.HEADERS,
        ),
    ),
    errors=_ASKING,
    error=told.OffloadErrorAnswer,
)

STATUS = Doc(
    summary="Look at an answer",
    description="Everything that is known of it so far: ask again until it is `done` or `error`." + _HOW,
    tag=TAG,
    parameters=_PATH,
    answers=(Answer(meaning="How it stands.", contents=(Content(schema=told.OffloadStatus, examples=told.STATUSES),)),),
    errors=(_NO_TOKEN, _NO_ANSWER, errors.STORE_GONE),
    error=told.OffloadErrorAnswer,
)

EVENTS = Doc(
    summary="Read along",
    description=(
        "The answer as a stream of chat chunks: what has come at once, the rest as it comes, and `[DONE]` in every "
        "case, after an error too. A browser's `EventSource` that lost its connection goes on where it was." + _HOW
    ),
    tag=TAG,
    parameters=(
        *_PATH,
        Parameter(
            name="stream_token", place="query", description="Opens a private answer's stream; see `stream_url_arg`."
        ),
        Parameter(
            name="Last-Event-ID",
            place="header",
            description="The `id` of the last event seen, as an `EventSource` sends it.",
        ),
    ),
    answers=(
        Answer(
            meaning="The events; the stream ends when the answer is over.",
            contents=(
                Content(
                    kind=EVENT_STREAM,
                    schema=chat.ChatCompletionChunk,
                    examples={"A browser comes back": told.EVENTS_AFTER_2},
                ),
            ),
        ),
        Answer(status=204, meaning="The answer is over, and nothing comes after that event."),
    ),
    errors=(
        BadRequest("'Last-Event-ID' must be the number of an event, or -1 for the start."),
        _NO_TOKEN,
        _NO_ANSWER,
        errors.STORE_GONE,
    ),
    error=told.OffloadErrorAnswer,
)

RAW = Doc(
    summary="Read what the provider said",
    description=(
        "The answer by itself, once it is over: the stream of one that was asked as a stream, and one JSON object of "
        "any other." + _HOW
    ),
    tag=TAG,
    parameters=_PATH,
    answers=(
        Answer(
            meaning="The answer.",
            contents=(
                Content(schema=chat.ChatCompletion, examples={"Whole": told.completion("Hello there!", "stop", 3)}),
                Content(
                    kind=EVENT_STREAM,
                    schema=chat.ChatCompletionChunk,
                    examples={"Streamed": told.RAW_STREAM},
                ),
            ),
        ),
    ),
    errors=(
        _NO_TOKEN,
        _NO_ANSWER,
        Conflict("The answer is not whole yet; its status_url says when it is.", code="still_running"),
        errors.STORE_GONE,
    ),
    error=told.OffloadErrorAnswer,
)

STOP = Doc(
    summary="Stop an answer",
    description="Ends it at once; what has come stays, and its status is `done` with `stopped`." + _HOW,
    tag=TAG,
    parameters=_PATH,
    answers=(
        Answer(
            meaning="It is over.",
            contents=(
                Content(
                    schema=told.OffloadStopped,
                    examples={
                        "Stopped": {
                            "status": "success",
                            "created_at": sample.CREATED,
                            "conversation_id": told.FILE,
                            "README": ("The answer was stopped. What had come until then stays at its status_url."),
                        }
                    },
                ),
            ),
        ),
    ),
    errors=(
        _NO_TOKEN,
        _NO_ANSWER,
        Conflict("The answer is over, so there is nothing to stop.", code="not_active", status=405),
        errors.STORE_GONE,
    ),
    error=told.OffloadErrorAnswer,
)

STOP_BY_GET = msgspec.structs.replace(
    STOP, summary="Stop an answer from an address bar", description="The same, for whom a link is all there is."
)
