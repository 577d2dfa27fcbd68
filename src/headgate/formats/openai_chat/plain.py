"""
What plain chunks and answers look like: strict shapes that refuse all they do not know.

Whatever fits one of them needs no second look, so that nearly everything that nearly every vendor
sends costs one decoding and a few instructions.
"""

import msgspec

NO_USAGE = msgspec.Raw(b"null")


class _Delta(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: str | None = None
    content: str | None = None
    reasoning_content: str | None = None
    refusal: None = None


class _Choice(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    delta: _Delta
    index: int = 0
    finish_reason: None = None
    logprobs: None = None


class Chunk(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A piece of text."""

    choices: tuple[_Choice]
    id: str = ""
    object: str = ""
    created: int = 0
    model: str = ""
    service_tier: str | None = None
    system_fingerprint: str | None = None
    obfuscation: str | None = None
    usage: None = None


class _NoDelta(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    content: None = None


class _EndingChoice(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    delta: _NoDelta
    finish_reason: str
    index: int = 0
    logprobs: None = None


class Ending(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The ends of choices, the usage, or both."""

    choices: list[_EndingChoice]
    usage: msgspec.Raw = NO_USAGE
    id: str = ""
    object: str = ""
    created: int = 0
    model: str = ""
    service_tier: str | None = None
    system_fingerprint: str | None = None
    obfuscation: str | None = None


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    content: str
    role: str = ""
    refusal: None = None
    annotations: tuple[()] | None = None


class _WholeChoice(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    message: _Message
    finish_reason: str
    index: int = 0
    logprobs: None = None


class Answer(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A whole answer of words."""

    choices: tuple[_WholeChoice]
    usage: msgspec.Raw
    id: str = ""
    object: str = ""
    created: int = 0
    model: str = ""
    service_tier: str | None = None
    system_fingerprint: str | None = None


chunk = msgspec.json.Decoder(Chunk)
ending = msgspec.json.Decoder(Ending)
answer = msgspec.json.Decoder(Answer)

REASONS = frozenset({"stop", "length", "content_filter"})
"""Reasons that are what they say, whatever came before."""

ERRORS = (msgspec.DecodeError, UnicodeDecodeError)
"""What a decoder raises for anything that is not plain."""
