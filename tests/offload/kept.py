"""Runs as the store has them, for everything that is made of a record alone."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from headgate.dialects.docs import offload_answers, sample
from headgate.dialects.offload import note as notes
from headgate.dialects.offload import status, urls
from headgate.dialects.offload.note import Note
from headgate.events import LAST, AnyEvent
from headgate.fold import fold
from headgate.runs import Run
from headgate.store.base import Head, Hook

ENDED = sample.CREATED + 2.5

NOTE = Note(
    endpoint="/v1/stream-chatgpt",
    created=sample.CREATED,
    stem=offload_answers.PUBLIC,
    access="public",
    conversation=offload_answers.FILE,
    model="gpt-3.5-turbo",
    timeout=90.0,
    connect_timeout=5.0,
    streams=True,
    base=offload_answers.BASE,
)

ASKED: dict[str, Any] = {
    "model": "default",
    "messages": [{"role": "user", "content": "Say hello."}],
    "stream": True,
}


def kept(events: Sequence[AnyEvent], note: Note = NOTE, asked: dict[str, Any] = ASKED) -> Run:
    """One with these events, which is over when the last of them says so."""
    head = Head(
        run=sample.RUN,
        owner="anybody",
        created=float(note.created),
        format="openai.chat",
        model=asked["model"],
        request=json.dumps(asked).encode(),
        keep=True,
        names=(urls.name(note.stem),),
        note=notes.encode(note),
        hooks=(Hook("https://example.com/hook", "offload"),),
    )
    return Run.kept(head, list(events), ENDED if events and isinstance(events[-1], LAST) else None)


def document(of: Run, base: str = offload_answers.BASE) -> Any:
    """Its status document."""
    written = status.document(of.head, notes.decode(of.head.note), fold(of.events), of.ended, base)
    return json.loads(msgspec.json.encode(written))
