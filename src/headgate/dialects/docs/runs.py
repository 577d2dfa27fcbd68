"""Runs: /v1/runs and what is below it."""

import operator
from functools import reduce
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from headgate import events
from headgate.dialects.docs import errors, sample
from headgate.errors import BadRequest, Forbidden, NotFound
from headgate.errors import Tried as Attempted
from headgate.web.doc import EVENT_STREAM, Answer, Content, Doc, Parameter, Tag
from headgate.web.links import LinkRequest, Rights

TAG = Tag(
    "Runs",
    "Every answer that was ever begun, for as long as it is kept: look at it, follow it live, stop it. "
    "Only the key that made a run gets to see it.",
)


Status: TypeAlias = Literal["running", "finished", "failed", "stopped"]


class RunCall(msgspec.Struct):
    """A tool that was called."""

    id: str
    name: str
    input: str


class RunCalled(msgspec.Struct):
    """A function that the server executed, or did not, and says why."""

    id: str
    name: str
    arguments: str
    result: str
    is_error: bool
    took: Annotated[float, msgspec.Meta(description="Seconds.")]


class RunOutput(msgspec.Struct):
    """The answer so far; `choices` holds all texts where several were asked for."""

    text: str
    reasoning: str
    refusal: str
    tool_calls: list[RunCall]
    finish_reason: str | None
    choices: list[str] | UnsetType = UNSET
    called: list[RunCalled] | UnsetType = UNSET
    audio_bytes: Annotated[int, msgspec.Meta(description="How long the sound of a speech is.")] | UnsetType = UNSET


class RunUsage(msgspec.Struct):
    """Tokens, as the provider counted them, or as they were estimated where it did not."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cost: Annotated[float | None, msgspec.Meta(description="US dollars; null where the price is not known.")]
    estimated: Annotated[bool, msgspec.Meta(description="Whether the provider said nothing, or not all.")]
    cached_tokens: int | UnsetType = UNSET
    reasoning_tokens: int | UnsetType = UNSET


class RunSummary(msgspec.Struct):
    """A run in a list; what it said is at its own address."""

    id: str
    object: Literal["run"]
    status: Status
    created: int
    ended: int | None
    format: str
    asked: str
    provider: str | None
    model: str | None
    usage: Annotated[RunUsage | None, msgspec.Meta(description="Null while it is at work, or not known.")]


class RunList(msgspec.Struct):
    """Newest first."""

    object: Literal["list"]
    data: list[RunSummary]
    has_more: bool


class Run(msgspec.Struct):
    """A run and what it has come to."""

    id: str
    object: Literal["run"]
    status: Status
    created: int
    ended: int | None
    format: Annotated[str, msgspec.Meta(description="The API it was asked in.")]
    asked: Annotated[str, msgspec.Meta(description="The model as it was asked for.")]
    provider: Annotated[str | None, msgspec.Meta(description="Who answers; null until somebody does.")]
    model: Annotated[str | None, msgspec.Meta(description="The model as its provider names it.")]
    events: Annotated[int, msgspec.Meta(description="How many events its log holds.")]
    output: RunOutput
    usage: RunUsage | None
    error: errors.ErrorObject | None


class DeletedRun(msgspec.Struct):
    """A run that is no more."""

    id: str
    object: Literal["run.deleted"]
    deleted: bool


class RunLink(msgspec.Struct):
    """Addresses of a run that need no key."""

    object: Literal["run.link"]
    run: str
    rights: Rights
    expires_at: Annotated[int, msgspec.Meta(description="Unix seconds.")]
    token: Annotated[str, msgspec.Meta(description="Goes as `?token=` to any of the addresses.")]
    url: Annotated[str, msgspec.Meta(description="The run.")]
    events_url: Annotated[str, msgspec.Meta(description="Its events, for an `EventSource`.")]
    stream_url: Annotated[str, msgspec.Meta(description="The same as a durable stream.")]
    stop_url: Annotated[str | None, msgspec.Meta(description="To be posted to; null where that is not allowed.")]


class Tried(msgspec.Struct):
    """A failed attempt."""

    provider: str
    model: str
    status: int
    code: str
    message: str
    key: str


class TimedWord(msgspec.Struct):
    """When a word was said, in seconds from the start of the recording."""

    word: str
    start: float
    end: float


def _as_sent(hint: Any) -> Any:
    if bytes in (hint, *get_args(hint)):
        return Any
    if hint is Attempted:
        return Tried
    if events.Word in get_args(hint):
        return list[TimedWord]
    return list[Tried] if Attempted in get_args(hint) else hint


def _as_object(event: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """An event as it is sent: an object with its type, where the log has an array."""
    hints = get_type_hints(event)
    # Bytes are JSON that was kept as it came.
    fields = [(name, _as_sent(hint)) for name, hint in hints.items()]
    tag = event.__struct_config__.tag
    return msgspec.defstruct(f"{event.__name__}Event", fields, tag=tag, namespace={"__doc__": event.__doc__})


RunEvent: Any = reduce(operator.or_, map(_as_object, get_args(events.AnyEvent)))
"""Any event of a run's log."""

_SUMMARY = {
    "id": sample.RUN,
    "object": "run",
    "status": "finished",
    "created": sample.CREATED,
    "ended": sample.CREATED + 2,
    "format": "openai.chat",
    "asked": "default",
    "provider": "openai",
    "model": sample.MODEL,
    "usage": {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12, "cost": 0.00000315, "estimated": False},
}

RUN = {
    **_SUMMARY,
    "events": len(sample.TALK),
    "output": {"text": "Hello there!", "reasoning": "", "refusal": "", "tool_calls": [], "finish_reason": "stop"},
    "usage": {
        "input_tokens": 9,
        "output_tokens": 3,
        "total_tokens": 12,
        "cached_tokens": 0,
        "reasoning_tokens": 0,
        "cost": 0.00000315,
        "estimated": False,
    },
    "error": None,
}

FOLLOWED = """\
event: text
id: 2
data: {"type":"text","delta":" there","choice":0,"logprobs":null,"extra":null}

event: text
id: 3
data: {"type":"text","delta":"!","choice":0,"logprobs":null,"extra":null}

event: usage
id: 4
data: {"type":"usage","input":9,"output":3,"total":12,"cached":0,"reasoning":0,"extra":null,"estimated":false,"cost":3.15e-6}

event: finished
id: 5
data: {"type":"finished","reason":"stop","rest":[],"extra":null}

"""  # noqa: E501
"""The log of the sample run after its event 1."""

_ID = Parameter(name="id", place="path", description="The run's name, from an answer's head.", example=sample.RUN)

_AS_IT_IS = (Content(schema=Run, examples={"A run": RUN}),)

_TOKEN = Parameter(name="token", place="query", description="A link's token, in place of a key.")

_BAD_LINK = (
    Forbidden("This link does not open this run.", code="link_invalid"),
    Forbidden("This link has expired.", code="link_expired"),
)


def _only(name: str, description: str, type: Any = str) -> Parameter:
    return Parameter(name=name, place="query", description=description, type=type)


LIST = Doc(
    summary="List runs",
    description=(
        "The newest runs of the key, live ones too. Go on with `before`, while `has_more` is true; ask for what is "
        "new with `after`. The other parameters leave out runs that do not fit all of them."
    ),
    tag=TAG,
    parameters=(
        _only("limit", "How many.", Annotated[int, msgspec.Meta(ge=1, le=100, extra_json_schema={"default": 20})]),
        _only("before", "A run's name: only older ones."),
        _only("after", "A run's name: only newer ones, the newest first."),
        _only("status", "Only those that stand so.", Status),
        _only("provider", "Only those that this provider answers."),
        _only("model", "Only those of this model, as it was asked for or as its provider names it."),
        _only(
            "format",
            "Only those that were asked in this format.",
            Literal[
                "openai.chat",
                "openai.completions",
                "openai.responses",
                "openai.speech",
                "openai.transcription",
                "anthropic.messages",
                "gemini.generate",
            ],
        ),
        _only("since", "Only those begun at that time or later, in seconds since 1970.", float),
        _only("until", "Only those begun before that time.", float),
    ),
    answers=(
        Answer(
            meaning="The runs.",
            contents=(
                Content(schema=RunList, examples={"Runs": {"object": "list", "data": [_SUMMARY], "has_more": False}}),
            ),
        ),
    ),
    errors=(
        BadRequest("'limit' must be a number from 1 to 100.", param="limit", code="invalid_value"),
        BadRequest(
            "'state' is no parameter of this list; there are limit, before, after.",
            param="state",
            code="unknown_parameter",
        ),
        errors.NO_KEY,
        errors.STORE_GONE,
    ),
    error=errors.ErrorAnswer,
)

DELETE = Doc(
    summary="Forget a run",
    description="Nothing is kept of it. One that is at work is stopped first.",
    tag=TAG,
    parameters=(_ID,),
    answers=(
        Answer(
            meaning="It is gone.",
            contents=(
                Content(
                    schema=DeletedRun,
                    examples={"Deleted": {"id": sample.RUN, "object": "run.deleted", "deleted": True}},
                ),
            ),
        ),
    ),
    errors=(errors.NO_KEY, errors.NO_RUN, errors.STORE_GONE),
    error=errors.ErrorAnswer,
)

_LINKED = f"https://gate.example/v1/runs/{sample.RUN}"
_SIGNED = "AABpCFzAq83vEjRWeJCrze8S" + "Q2hlY2tlZC4" * 4

LINK = Doc(
    summary="Make a link to a run",
    description=(
        "Addresses that need no key, for a page whose `EventSource` cannot send one. A link opens this run and no "
        "other, for as long as it was made for; it cannot be taken back before, other than by deleting the run."
    ),
    tag=TAG,
    parameters=(_ID,),
    request=Content(
        schema=LinkRequest,
        examples={
            "To read": {"rights": "read", "expires_in": 3600},
            "To stop it too": {"rights": "read+stop", "expires_in": 60},
        },
    ),
    answers=(
        Answer(
            meaning="The link.",
            contents=(
                Content(
                    schema=RunLink,
                    examples={
                        "To stop it too": {
                            "object": "run.link",
                            "run": sample.RUN,
                            "rights": "read+stop",
                            "expires_at": sample.CREATED + 3600,
                            "token": _SIGNED,
                            "url": f"{_LINKED}?token={_SIGNED}",
                            "events_url": f"{_LINKED}/events?token={_SIGNED}",
                            "stream_url": f"https://gate.example/v1/stream/runs/{sample.RUN}?token={_SIGNED}",
                            "stop_url": f"{_LINKED}/stop?token={_SIGNED}",
                        }
                    },
                ),
            ),
            headers=sample.HEADERS,
        ),
    ),
    errors=(
        BadRequest(
            "Invalid value for 'expires_in': expected 'integer' <= 604800.", param="expires_in", code="invalid_value"
        ),
        errors.NO_KEY,
        errors.NO_RUN,
        errors.STORE_GONE,
    ),
    error=errors.ErrorAnswer,
)

SHOW = Doc(
    summary="Show a run",
    description="How the run stands and what it has said so far, also while it is at work.",
    tag=TAG,
    parameters=(_ID, _TOKEN),
    answers=(Answer(meaning="The run.", contents=_AS_IT_IS, headers=sample.HEADERS),),
    errors=(errors.NO_KEY, *_BAD_LINK, errors.NO_RUN, errors.STORE_GONE),
    error=errors.ErrorAnswer,
)

STOP = Doc(
    summary="Stop a run",
    description="The run ends at once and keeps what it has said. One that is over stays as it is.",
    tag=TAG,
    parameters=(_ID, _TOKEN),
    answers=(Answer(meaning="The run as it ended.", contents=_AS_IT_IS, headers=sample.HEADERS),),
    errors=(
        errors.NO_KEY,
        *_BAD_LINK,
        Forbidden("This link is for reading only.", code="link_forbids"),
        errors.NO_RUN,
        errors.STORE_GONE,
    ),
    error=errors.ErrorAnswer,
)

FOLLOW = Doc(
    summary="Follow a run",
    description=(
        "The run's log as server-sent events: what has happened at once, the rest as it happens. Events are numbered "
        "from 0; a reader that lost its connection goes on after the last number it has seen. A browser's "
        "`EventSource` does so by itself.\n\n"
        "With `as` the log comes as a stream of one of the other APIs: in the form the run was made in, byte for byte "
        "what its client got. Those events have no `id`; `after` counts them from 0."
    ),
    tag=TAG,
    parameters=(
        _ID,
        Parameter(
            name="after",
            place="query",
            description="The number of the last event seen; -1 is the start.",
            type=Annotated[int, msgspec.Meta(ge=-1, extra_json_schema={"default": -1})],
        ),
        Parameter(
            name="Last-Event-ID",
            place="header",
            description="The same, as an `EventSource` sends it; it goes before `after`.",
        ),
        Parameter(
            name="as",
            place="query",
            description=(
                "`openai.chat`, `openai.completions` (words only), `openai.responses`, `anthropic.messages`, "
                "`gemini.generate`, `ui` (the AI SDK's), `purai.chat`, `openai.speech`, `openai.transcription`, or "
                "`made` for the form that the run was made in."
            ),
        ),
        _TOKEN,
    ),
    answers=(
        Answer(
            meaning="The events; the stream ends after the run's last.",
            contents=(Content(kind=EVENT_STREAM, schema=RunEvent, examples={"After event 1": FOLLOWED}),),
            headers=sample.HEADERS,
        ),
        Answer(status=204, meaning="The run is over, and nothing comes after that event.", headers=sample.HEADERS),
    ),
    errors=(
        BadRequest(
            "'after' must be the number of an event, or -1 for the start.", param="after", code="invalid_cursor"
        ),
        BadRequest(
            "The run holds 2 answers, and 'ui' has a place for one. Leave out 'as' to get its events as they are.",
            param="as",
            code="form_unavailable",
        ),
        errors.NO_KEY,
        *_BAD_LINK,
        errors.NO_RUN,
        errors.STORE_GONE,
    ),
    error=errors.ErrorAnswer,
)

AUDIO = Doc(
    summary="Hear a run",
    description=(
        "The sound of a speech once more: of one that is over whole or in parts (`Range`), of one that is at work as "
        "it is made. A reader that lost its connection goes on after the bytes it has, with `offset`."
    ),
    tag=TAG,
    parameters=(
        _ID,
        Parameter(
            name="offset",
            place="query",
            description="How many bytes to leave out.",
            type=Annotated[int, msgspec.Meta(ge=0, extra_json_schema={"default": 0})],
        ),
        Parameter(name="Range", place="header", description="A part of a sound that is whole, as `bytes=1000-1999`."),
        _TOKEN,
    ),
    answers=(
        Answer(
            meaning="The sound, in the format that it was asked for.",
            contents=(Content(kind="audio/mpeg", examples={"The file": "(bytes)"}),),
            headers=sample.HEADERS,
        ),
        Answer(
            status=206,
            meaning="The part that was asked for.",
            contents=(Content(kind="audio/mpeg", examples={"A part": "(bytes)"}),),
            headers=sample.HEADERS,
        ),
    ),
    errors=(
        BadRequest("'offset' must be a number of bytes.", param="offset", code="invalid_value"),
        errors.NO_KEY,
        *_BAD_LINK,
        errors.NO_RUN,
        NotFound("This run is no speech, so it has no sound.", code="no_sound"),
        BadRequest("The sound has 51200 bytes.", code="range_not_satisfiable", status=416),
        errors.STORE_GONE,
    ),
    error=errors.ErrorAnswer,
)
