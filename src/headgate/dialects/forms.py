"""
The forms in which a run's log can be shown: those of all dialects, whichever it was made in.

In the form it was made in, a log is byte for byte the stream that its maker got.
"""

from collections.abc import Callable

import msgspec

from headgate.calls import Call
from headgate.dialects import openai as faces
from headgate.dialects.anthropic import MESSAGES
from headgate.dialects.gemini import EVENTS
from headgate.dialects.purai.notes import plan_of
from headgate.dialects.responses.face import RESPONSES
from headgate.dialects.voices import hearing, speaking
from headgate.errors import BadRequest
from headgate.formats import (
    anthropic,
    gemini,
    openai_chat,
    openai_completions,
    openai_responses,
    openai_speech,
    openai_transcription,
    purai,
    ui_messages,
)
from headgate.formats.base import Writer
from headgate.formats.purai import Plan
from headgate.runs import Run

MADE = "made"
"""Stands for the form that a run was made in."""

_FACES = {
    openai_chat.NAME: faces.CHAT,
    openai_completions.NAME: faces.COMPLETIONS,
    openai_responses.NAME: RESPONSES,
    openai_speech.NAME: speaking.EVENTS,
    openai_transcription.NAME: hearing.STREAMED,
    anthropic.NAME: MESSAGES,
    gemini.NAME: EVENTS,
}

UI = ui_messages.NAME
PURAI = purai.NAME
NAMES = (*_FACES, UI, PURAI)

_ONE_ANSWER = (openai_responses.NAME, anthropic.NAME, UI)
"""Forms without a place for a second answer."""

_SOUNDS = (openai_speech.NAME, openai_transcription.NAME)
"""Forms that have a place for nothing else, and nothing else a place for them."""


class UINote(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a run that was asked in UI messages; its call is chat's."""

    dialect: str
    message: str | None = None
    """The message that its answer goes on with."""


class Form(msgspec.Struct, frozen=True):
    """A way to write one run."""

    name: str
    writer: Callable[[], Writer]
    cuts: bool
    """Whether a failed stream is cut after its error."""


def form_of(run: Run, name: str) -> Form:
    """The form of that name; raises BadRequest when there is none, or this run cannot be shown in it."""
    note = ui_note(run)
    if name == MADE:
        name = _made_in(run) if note is None else UI
    if name not in NAMES:
        known = ", ".join((*NAMES, MADE))
        raise BadRequest(f"'as' must be one of {known}.", param="as", code="invalid_value")
    call = _asked(run)
    if name != call.format and (name in _SOUNDS or call.format in _SOUNDS):
        raise _unshowable(f"A run of '{call.format}' cannot be shown as '{name}'.")
    if call.choices > 1 and name in _ONE_ANSWER:
        raise _unshowable(f"The run holds {call.choices} answers, and '{name}' has a place for one.")
    id, created = run.id, int(run.head.created)
    if name == UI:
        message = None if note is None else note.message
        return Form(name, lambda: ui_messages.Writer(call, id, created, message), False)
    format = openai_chat.NAME if name == PURAI else name
    face = _FACES[format]
    if format != call.format:
        call = msgspec.structs.replace(call, format=format, fields={"model": call.fields["model"]}, stream=True)
    if name == PURAI:
        plan = plan_of(run) or Plan()
        return Form(name, lambda: purai.Writer(call, id, created, plan), True)
    return Form(name, lambda: face.writer(call, id, created), face.cuts)


def _made_in(run: Run) -> str:
    return run.head.format if plan_of(run) is None else PURAI


def ui_note(run: Run) -> UINote | None:
    """What is remembered of a run, if it was asked in UI messages."""
    try:
        note = msgspec.json.decode(run.head.note or b"null", type=UINote | None)
    except msgspec.ValidationError:
        return None
    return note if note is not None and note.dialect == UI else None


def _asked(run: Run) -> Call:
    face = _FACES.get(run.head.format)
    try:
        if face is not None:
            return face.read(run.head.request)
    except BadRequest:
        # It was found valid once, by an older version of ours.
        pass
    raise _unshowable("What this run was asked can no longer be read.")


def _unshowable(why: str) -> BadRequest:
    return BadRequest(f"{why} Leave out 'as' to get its events as they are.", param="as", code="form_unavailable")
