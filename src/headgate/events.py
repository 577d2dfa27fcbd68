"""
What happens in a run, in the order it happens.

Providers end in these events and dialects begin with them; nothing else crosses the
middle. A run is a sentence of this grammar:

    Attempt* Started (Said | Continued)* (Functions Attempt* (Said | Continued)*)* Usage? Last
    Attempt* Started Audio* Usage? Last         (of a speech)
    Attempt* Started (Transcript | Segment)* Usage? Last   (of a transcription)
    Attempt* Last                               (when no provider ever answered)
    Said = Text | Reasoning | Refusal | ToolCall ToolInput* | Vendor
    Functions = Calling* Called+                (what the server executed; another round follows)
    Last = Finished | Failed | Stopped

Rule 1: exactly one of Finished, Failed, Stopped ends a run, and nothing follows it.
Rule 2: an event is a fact. It is never edited after it is in the log.
Rule 3: a format's reader has already made it regular. Tool calls are numbered from 0 in
the order they appear, one is whole before the next begins, and `ToolInput` is a piece of
JSON text. A writer never has to repair anything.

An answer may hold several choices (`n` of OpenAI's chat); `choice` says which one an event
belongs to. Fields of a vendor that we do not know travel as `extra`: JSON text in the terms of
`Started.format`, which only a writer of that same format looks into.

Events are arrays on disk (`array_like`), told apart by their tag; add fields at the end only.
"""

from typing import Literal, TypeAlias, get_args

import msgspec

from headgate.errors import Tried

Json: TypeAlias = bytes
"""JSON text that we keep and hand on without looking into it."""


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of the events below; `gc=False` because none of them can be part of a cycle."""


class Started(Event, frozen=True, array_like=True, gc=False, tag="started"):
    """A provider began to answer. Not yet output: another provider may still take over."""

    provider: str
    model: str
    """The model as the provider names it."""
    id: str
    """The provider's own id of this answer, or "" where it has none."""
    created: int
    """Unix seconds."""
    format: str = ""
    """The wire format the provider spoke: `extra` fields are in its terms."""
    extra: Json | None = None
    """Fields of the whole answer: system_fingerprint, service_tier, a vendor's own."""


class Text(Event, frozen=True, array_like=True, gc=False, tag="text"):
    """A piece of the answer."""

    delta: str
    choice: int = 0
    logprobs: Json | None = None
    """OpenAI's list of token log probabilities for this piece."""
    extra: Json | None = None


class Reasoning(Event, frozen=True, array_like=True, gc=False, tag="reasoning"):
    """A piece of what the model thought before it answered."""

    delta: str
    choice: int = 0
    kind: Literal["text", "summary"] = "text"
    extra: Json | None = None


class Refusal(Event, frozen=True, array_like=True, gc=False, tag="refusal"):
    """A piece of why the model will not answer."""

    delta: str
    choice: int = 0
    logprobs: Json | None = None
    extra: Json | None = None


class ToolCall(Event, frozen=True, array_like=True, gc=False, tag="tool_call"):
    """The model calls a tool; its input follows in pieces."""

    index: int
    id: str
    name: str
    choice: int = 0
    kind: Literal["function", "custom"] = "function"
    """A `function` takes JSON, a `custom` tool (Responses) takes any text."""
    extra: Json | None = None


class ToolInput(Event, frozen=True, array_like=True, gc=False, tag="tool_input"):
    """A piece of the input of the tool call with that index."""

    index: int
    delta: str
    choice: int = 0


class Vendor(Event, frozen=True, array_like=True, gc=False, tag="vendor"):
    """Something in `Started.format`'s terms that has no word of ours."""

    extra: Json
    choice: int = 0


class Sound(Event, frozen=True, array_like=True, gc=False):
    """Base of what speeches and transcriptions are made of; the formats of other answers have no place for it."""


class Audio(Sound, frozen=True, array_like=True, gc=False, tag="audio"):
    """A piece of a sound, as bytes of the file that was asked for: all of them together are the file."""

    data: bytes


class Transcript(Sound, frozen=True, array_like=True, gc=False, tag="transcript"):
    """A piece of what was heard; "" alone where it was nothing."""

    delta: str
    extra: Json | None = None


class Word(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """When a word was said, in seconds from the start of the recording."""

    word: str
    start: float
    end: float


class Segment(Sound, frozen=True, array_like=True, gc=False, tag="segment"):
    """
    When a part of what was heard was said, in seconds from the start of the recording.

    Its text is in the `Transcript` events too, which come before it: who only wants words need not look here.
    """

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    extra: Json | None = None


class Calling(Event, frozen=True, array_like=True, gc=False, tag="calling"):
    """
    The server is about to execute a function that the model called; kept before it is.

    Without a `Called` after it nobody knows what became of it. Twice with the same id: it was begun anew.
    """

    id: str
    """No other call of the run has it."""
    name: str
    arguments: str
    """As the model wrote them; they need not be JSON."""
    extra: Json | None = None


class Called(Event, frozen=True, array_like=True, gc=False, tag="called"):
    """What came of a call that the server was to execute, and what the model is told."""

    id: str
    name: str
    arguments: str
    result: str
    is_error: bool = False
    """It failed, or was not executed at all; then no `Calling` is before it."""
    took: float = 0.0
    """Seconds."""


class Attempt(Event, frozen=True, array_like=True, gc=False, tag="attempt"):
    """A provider that failed before the first output of this run, or of a round of it."""

    provider: str
    status: int
    code: str
    message: str
    key: str = ""
    """Which of the provider's keys it was, where it has several."""
    model: str = ""
    """The model as the provider names it."""


class Continued(Event, frozen=True, array_like=True, gc=False, tag="continued"):
    """The answer broke in the middle, or between two rounds, and another provider goes on from here."""

    provider: str
    model: str
    """As that provider names it."""
    broke: Tried
    """What became of the one before."""


class Usage(Event, frozen=True, array_like=True, gc=False, tag="usage"):
    """What the answer cost in tokens; at most once in a run."""

    input: int
    output: int
    total: int
    cached: int = 0
    reasoning: int = 0
    extra: Json | None = None
    """The provider's own usage object, in the terms of `Started.format`."""
    estimated: bool = False
    """Counted by us, at least in part: the provider did not say."""
    cost: float | None = None
    """US dollars; None where nobody told us the price."""


class Finished(Event, frozen=True, array_like=True, gc=False, tag="finished"):
    """The answer is whole."""

    reason: str
    """Why choice 0 ended: stop, length, tool_calls, content_filter, or a vendor's own word."""
    rest: tuple[str, ...] = ()
    """Why the choices 1, 2, ... ended."""
    extra: Json | None = None


class Failed(Event, frozen=True, array_like=True, gc=False, tag="failed"):
    """The answer broke, or never began; what came before stays true."""

    code: str
    message: str
    status: int = 502
    kind: str = "server_error"
    param: str | None = None
    retry_after: float | None = None
    attempts: tuple[Tried, ...] = ()
    """Everything that was tried, when nobody ever answered."""


class Stopped(Event, frozen=True, array_like=True, gc=False, tag="stopped"):
    """Somebody wanted no more of it: `user` (asked to stop), `disconnect`, or `shutdown`."""

    by: str


AnyEvent: TypeAlias = (
    Started
    | Text
    | Reasoning
    | Refusal
    | ToolCall
    | ToolInput
    | Vendor
    | Audio
    | Transcript
    | Segment
    | Calling
    | Called
    | Attempt
    | Continued
    | Usage
    | Finished
    | Failed
    | Stopped
)

Last: TypeAlias = Finished | Failed | Stopped
LAST = (Finished, Failed, Stopped)
LAST_KINDS = frozenset(LAST)
"""To look up an event's type here takes a fraction of what `isinstance` does: events' classes have one of their own."""

Output: TypeAlias = (
    Text | Reasoning | Refusal | ToolCall | ToolInput | Vendor | Audio | Transcript | Segment | Calling | Called
)
OUTPUT_KINDS = frozenset(get_args(Output))
"""What a reader of the answer gets to see: from the first of these on, a run belongs to its provider."""
