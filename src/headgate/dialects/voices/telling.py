"""Sounds and transcripts told on channels: every piece is the very object that a stream of events has of it."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from typing_extensions import override

from headgate.channels import ChannelId, Hub, Projection, channel_id
from headgate.dialects.messaging.asked import MAX_CHANNELS
from headgate.dialects.messaging.visitors import Authority
from headgate.errors import BadRequest, Unavailable
from headgate.events import LAST, AnyEvent, Audio
from headgate.formats import openai_speech, openai_transcription
from headgate.formats.voices import SPEECH
from headgate.runs import Engine, Run, Wishes
from headgate.store.base import Head

HEADER = "Headgate-Channels"

_BEGIN = b"data: "


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run is told: all that a process needs that did not begin it."""

    dialect: Literal["voices"]
    channels: tuple[ChannelId, ...]


_note = msgspec.json.Decoder(Note)


class Telling:
    """Has runs told where their requests wish."""

    def __init__(self, engine: Engine, hub: Hub, authority: Authority) -> None:
        self._engine, self._hub, self._authority = engine, hub, authority

    def wishes(self, owner: str, headers: Mapping[bytes, bytes]) -> Wishes:
        """What the request's header wishes; raises BadRequest, and Forbidden for channels that are not for its key."""
        said = headers.get(HEADER.lower().encode())
        if said is None:
            return Wishes()
        names = [name.strip() for name in said.decode("utf-8", "replace").split(",")]
        if len(names) > MAX_CHANNELS:
            raise BadRequest(f"'{HEADER}' names at most {MAX_CHANNELS} channels.", code="too_many_channels")
        found = self._authority.named(owner, [channel_id(name, param=HEADER) for name in names], None)
        return Wishes(keep=True, note=msgspec.json.encode(Note(dialect="voices", channels=tuple(found))))

    async def begin(self, run: Run) -> None:
        """Tell a run that has just begun; raises Unavailable where there is no room for its channels."""
        try:
            attach(self._hub, run)
        except Unavailable:
            await self._engine.stop(run)
            raise


def attach(hub: Hub, run: Run) -> None:
    """Have the run told, if that was wished."""
    if (note := _note_of(run.head)) is not None:
        hub.attach(note.channels, run, Pieces(run))


def _note_of(head: Head) -> Note | None:
    try:
        return _note.decode(head.note) if head.note else None
    except msgspec.ValidationError:
        return None


class Pieces(Projection):
    """The objects of a run's stream."""

    def __init__(self, run: Run) -> None:
        self._head = run.head

    @override
    def messages(self, events: Sequence[AnyEvent], number: int) -> Sequence[bytes]:
        event, writer = events[number], self._writer()
        if isinstance(event, LAST):
            for before in events[:number]:
                # Of a sound the end says nothing; to pack it once more would take a while.
                if not isinstance(before, Audio):
                    writer.write(before)
        written = writer.write(event).split(b"\n\n")
        return [frame.removeprefix(_BEGIN) for frame in written if frame.startswith(_BEGIN + b"{")]

    def _writer(self) -> openai_speech.EventWriter | openai_transcription.Writer:
        head, created = self._head, int(self._head.created)
        if head.format == SPEECH:
            return openai_speech.EventWriter(openai_speech.read(head.request), head.run, created)
        call = openai_transcription.again(head.request, lambda id: None)
        return openai_transcription.Writer(call, head.run, created)
