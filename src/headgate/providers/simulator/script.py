"""
How the simulator behaves: what a request asks of it, over what its model does, over what it does by default.

A script leaves most things unsaid (None). Layers are laid over each other matter by matter: the first
that says anything about a matter decides it alone.
"""

import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from headgate.calls import Call
from headgate.errors import BadRequest
from headgate.formats import strict
from headgate.formats.embedding import EmbedCall

FIELD = "simulator"
"""The field of a request that holds its script."""

# Every bound below caps what one request can make us hold or wait for; the errors name them.
Words: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Pieces: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
Spoken: TypeAlias = Annotated[str, msgspec.Meta(max_length=1_000_000)]
Sentence: TypeAlias = Annotated[str, msgspec.Meta(max_length=2_000)]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Status: TypeAlias = Annotated[int, msgspec.Meta(ge=400, le=599)]


class Fail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An error such as a provider sends."""

    at: Literal["start"] | Pieces = "start"
    """Before the first event, or after so many pieces."""
    status: Status = 503
    code: Name = "simulated_failure"
    message: Sentence = "The simulator fails, as it was told to."
    retry_after: Annotated[float, msgspec.Meta(ge=0, le=86_400)] | None = None
    """Seconds."""
    every: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1
    """Only every so many requests for the same model, beginning with the first."""


class ScriptedCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool to call."""

    name: Name
    arguments: dict[str, Any] | Spoken = {}
    """An object, or the very text to send, which need not be JSON."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers of tokens to report; those left out are counted."""

    input: Count | None = None
    output: Count | None = None
    total: Count | None = None
    cached: Count = 0
    reasoning: Count | None = None


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to answer; None leaves a matter to the layer below."""

    seed: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    """Chooses the words; by default made from the conversation, so that the same question gets the same answer."""
    text: Spoken | None = None
    """The very words to say."""
    words: Words | None = None
    """How many words to make up."""
    echo: bool | None = None
    """Say the last message of the user back."""
    chunk_words: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    """Words in a piece."""
    chunk_chars: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    """Characters in a piece."""
    first_ms: Annotated[float, msgspec.Meta(ge=0, le=600_000)] | None = None
    """Milliseconds before the first event."""
    gap_ms: Annotated[float, msgspec.Meta(ge=0, le=60_000)] | None = None
    """Milliseconds between two pieces."""
    reasoning: Words | None = None
    """How many words to think before the answer."""
    tool_calls: bool | Annotated[list[ScriptedCall], msgspec.Meta(max_length=128)] | None = None
    """Tools to call; true for the request's first one with arguments that fit its schema, false for none at all."""
    refusal: bool | Sentence | None = None
    """The words of a refusal; true for some of our own."""
    finish_reason: Name | None = None
    """The reason to give instead of the true one."""
    usage: bool | Tokens | None = None
    """False leaves it out."""
    fail: Fail | None = None
    """Break with an error."""
    cut_after: Pieces | None = None
    """Break after so many pieces, the way an upstream does whose connection is lost."""
    stall_after: Pieces | None = None
    """Fall silent for ever after so many pieces."""
    silent_start: bool | None = None
    """Never begin to answer."""

    @property
    def breaks_after(self) -> int | None:
        """After how many pieces the answer goes no further, if it ever does."""
        if self.fail is not None:
            return self.fail.at if isinstance(self.fail.at, int) else 0
        return self.cut_after if self.cut_after is not None else self.stall_after


BASE = Script(chunk_words=1, first_ms=0, gap_ms=20, reasoning=0, usage=True)
"""What holds when nobody says anything."""

MODELS: Mapping[str, Script] = {
    "demo": Script(),
    "echo": Script(echo=True),
    "slow": Script(first_ms=2_000, gap_ms=250),
    "fast": Script(gap_ms=0),
    "thinker": Script(reasoning=30),
    "tools": Script(tool_calls=True),
    "flaky": Script(fail=Fail(every=2, message="The simulated provider is overloaded.", code="overloaded")),
    "broken": Script(cut_after=12),
    "stall": Script(stall_after=6),
}

_ALTERNATIVES = (
    ("text", "words", "echo"),
    ("chunk_words", "chunk_chars"),
    ("fail", "cut_after", "stall_after", "silent_start"),
)
"""Fields that speak of one matter: a script may say one of each."""

_MATTERS = (
    *_ALTERNATIVES,
    *((name,) for name in Script.__struct_fields__ if not any(name in names for names in _ALTERNATIVES)),
)


def layered(*scripts: Script) -> Script:
    """One script of several, the uppermost first."""
    said: dict[str, Any] = {}
    for script in scripts:
        for matter in _MATTERS:
            if not any(name in said for name in matter):
                said |= {name: value for name in matter if (value := getattr(script, name)) is not None}
    return Script(**said)


class _Asked(msgspec.Struct):
    """A request, as far as this module cares; gives errors their whole path."""

    simulator: Script | None = None


_asked = msgspec.json.Decoder(_Asked)
_UNKNOWN = re.compile(r"unknown field '(.*)'\.$", re.DOTALL)
_NESTED: Mapping[str | None, type[msgspec.Struct]] = {
    FIELD: Script,
    f"{FIELD}.fail": Fail,
    f"{FIELD}.usage": Tokens,
}


def read(call: Call | EmbedCall) -> Script:
    """The script that a request brings; raises BadRequest naming the first field of it that is wrong."""
    raw = call.fields.get(FIELD)
    if raw is None:
        return Script()
    try:
        script = strict.decode(_asked, b'{"%b":%b}' % (FIELD.encode(), raw)).simulator or Script()
    except BadRequest as error:
        raise _named(error) from None
    for matter in _ALTERNATIVES:
        said = [name for name in matter if _is_wanted(getattr(script, name))]
        if len(said) > 1:
            raise BadRequest(
                f"'{FIELD}.{said[1]}' cannot be combined with '{FIELD}.{said[0]}'.",
                param=f"{FIELD}.{said[1]}",
                code="invalid_value",
            )
    return script


def _is_wanted(value: object) -> bool:
    # A zero is a wish like any other; only a switch that is off wants nothing.
    return value is not None and value is not False


def _named(error: BadRequest) -> BadRequest:
    """A field that does not exist is named itself, and so is the one that was probably meant."""
    unknown = _UNKNOWN.search(error.message)
    if unknown is None:
        return error
    name = unknown.group(1)[:100]
    known = _NESTED.get(error.param, ScriptedCall).__struct_fields__
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}."
    param = f"{error.param}.{name}"
    return BadRequest(f"Unknown parameter: '{param}'; {hint}", param=param, code="unknown_parameter")
