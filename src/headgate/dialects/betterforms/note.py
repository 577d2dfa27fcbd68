"""What is remembered of an answer that was asked for here: where it is told, and how."""

from typing import Literal

import msgspec

from headgate.channels import ChannelId, Hub
from headgate.dialects.betterforms.projections import Rich, Simple
from headgate.runs import Run
from headgate.store.base import Head


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """All that a process needs that did not begin the run."""

    dialect: Literal["betterforms"]
    action: str
    channels: tuple[ChannelId, ...] = ()
    is_rich: bool = False
    """Whether it was asked for at /llm/query."""


_note = msgspec.json.Decoder(Note)


def encode(note: Note) -> bytes:
    """As a run's head has it."""
    return msgspec.json.encode(note)


def note_of(head: Head) -> Note | None:
    """Of a run that was asked for here; None for any other."""
    try:
        return _note.decode(head.note) if head.note else None
    except msgspec.ValidationError:
        return None


def attach(hub: Hub, run: Run, note: Note) -> None:
    """Have the run be told on its channels."""
    if note.channels:
        hub.attach(note.channels, run, Rich(note.action, run.id) if note.is_rich else Simple(note.action))
