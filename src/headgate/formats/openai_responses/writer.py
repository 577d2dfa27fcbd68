"""
Writes Responses answers in OpenAI's exact shape, streamed or whole.

A stream is a lifecycle: the response appears, each item appears, grows and is done, the response
ends. Our events only say what is new, so the items are opened and closed here, by what comes next:

    words of another kind than the open item's end it and open another;
    a tool call ends the item before it, and lasts until the next call or until its input is whole,
    because words may come between the pieces of its input;
    a hosted tool begins and ends where the provider said so.

Ids are made from the run's id, so that the same log gives the same bytes at every replay; what a
provider of the same format called its items is kept, because clients send those ids back to it.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from headgate.calls import Call
from headgate.events import (
    AnyEvent,
    Attempt,
    Called,
    Calling,
    Continued,
    Failed,
    Finished,
    Last,
    Reasoning,
    Refusal,
    Sound,
    Started,
    Stopped,
    Text,
    ToolCall,
    ToolInput,
    Usage,
    Vendor,
)
from headgate.formats.openai_responses import extra, failures, ids
from headgate.formats.openai_responses.extra import NO_MARK, Mark
from headgate.formats.openai_responses.frames import Frames
from headgate.formats.openai_responses.items import Executed, Hosted, Item, Spoken, Use
from headgate.formats.openai_responses.parts import TEXT, Form, Part, form_of
from headgate.formats.openai_responses.response import NO_USAGE, Response

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class Writer:
    """One Responses answer."""

    def __init__(self, call: Call, run: str, created: int) -> None:
        self._response = Response(call, run, created)
        self._run = run
        self._frames = Frames()
        self._items: list[Item] = []
        self._ids: set[str] = set()
        self._spoken: Spoken | None = None
        self._call: Use | None = None
        self._executed: dict[str, Executed] = {}
        """By the ids of their calls."""
        self._hosted: dict[int, Hosted] = {}
        self._text: Part | None = None
        """The text that is being written, while nothing else happens."""

    @property
    def sequence_number(self) -> int:
        """The number that the next event will have."""
        return self._frames.number

    def response(self) -> dict[str, Any]:
        """The response object as it stands."""
        return self._response.object([item.object() for item in self._items])

    def opening(self) -> bytes:
        """
        What a response in the background says before anything has happened, once; b"" for any other.

        Whoever does not ask for it gets it with the first event that makes frames.
        """
        if self._frames.number or not self._response.is_background:
            return b""
        response = {"response": msgspec.Raw(msgspec.json.encode(self.response()))}
        return self._frames.event("response.created", response) + self._frames.event("response.queued", response)

    def write(self, event: AnyEvent) -> bytes:
        """Return the frames this event makes."""
        # The common case, kept in a few instructions: more words of the same text.
        if type(event) is Text:
            text = self._text
            if text is not None and event.extra is None and event.logprobs is None and event.choice == 0:
                text.pieces.append(event.delta)
                return self._frames.piece(text.head, event.delta)
        return self._other(event)

    def _other(self, event: AnyEvent) -> bytes:
        match event:
            case Started():
                opened = self.opening()
                self._response.start(event)
                return opened + self._begin()
            case Usage():
                self._response.usage = event
                return b""
            case Calling():
                return self._execute(event)
            case Called():
                return self._execute(event) + self._executed[event.id].end(self._frames, event)
            case Attempt() | Continued() | Sound():
                return b""
            case Finished() | Failed() | Stopped():
                return self._end(event)
            case _:
                # A client of this format asked for one answer and gets the first.
                return self._output(event) if event.choice == 0 else b""

    def _output(self, event: Text | Reasoning | Refusal | ToolCall | ToolInput | Vendor) -> bytes:
        match event:
            case Text() | Reasoning() | Refusal():
                return self._say(event)
            case ToolCall():
                return self._begin_call(event)
            case ToolInput():
                call = self._call
                return call.add(self._frames, event.delta) if call and call.number == event.index else b""
            case Vendor():
                return self._replay(event.extra) if self._response.is_kindred else b""

    def _begin(self) -> bytes:
        response = {"response": msgspec.Raw(msgspec.json.encode(self.response()))}
        created = b"" if self._frames.number else self._frames.event("response.created", response)
        return created + self._frames.event("response.in_progress", response)

    def _say(self, event: Text | Reasoning | Refusal) -> bytes:
        logprobs = None if isinstance(event, Reasoning) else event.logprobs
        mark = self._mark(event.extra)
        if not event.delta and logprobs is None and mark is NO_MARK:
            return b""
        if mark is NO_MARK and self._is_seam(event):
            return b""
        part, opened = self._open_part(form_of(event), mark)
        return opened if mark.gap else opened + part.say(self._frames, event.delta, logprobs)

    def _is_seam(self, event: Text | Reasoning | Refusal) -> bool:
        """The blank line between two rounds, for those who see no items."""
        after_call = bool(self._items) and isinstance(self._items[-1], Executed)
        return after_call and isinstance(event, Text) and event.delta.isspace()

    def _open_part(self, form: Form, mark: Mark) -> tuple[Part, bytes]:
        """The part in which words of this form go on, and the frames that open it where it is new."""
        spoken, opened = self._spoken, b""
        if spoken is None or spoken.type != form.item or mark.item is not None:
            spoken, opened = self._open_spoken(form.item, mark.item or {})
        part = spoken.part
        if part is None or part.form is not form or mark.part:
            part, turned = spoken.turn_to(self._frames, form)
            opened += turned
        self._text = part if form is TEXT else None
        return part, opened

    def _open_spoken(self, type: str, fields: dict[str, Any]) -> tuple[Spoken, bytes]:
        ended = self._close_before()
        spoken = self._spoken = Spoken(type, len(self._items), self._name, fields)
        self._items.append(spoken)
        return spoken, ended + spoken.open(self._frames)

    def _begin_call(self, event: ToolCall) -> bytes:
        ended = self._close_spoken("completed") + self._close_call("completed")
        call = self._call = Use(event, len(self._items), self._name, self._mark(event.extra).item or {})
        self._items.append(call)
        return ended + call.open(self._frames)

    def _execute(self, event: Calling | Called) -> bytes:
        """A function that the server executes; what the provider numbered before it is of an earlier round."""
        if event.id in self._executed:
            return b""
        ended = self._close_spoken("completed") + self._close_call("completed") + self._close_hosted()
        made = self._executed[event.id] = Executed(event, len(self._items), self._name)
        self._items.append(made)
        return ended + made.open(self._frames)

    def _close_hosted(self) -> bytes:
        hosted, self._hosted = self._hosted, {}
        return b"".join(each.close_unsaid(self._frames) for each in hosted.values())

    def _close_before(self) -> bytes:
        """End what cannot go on when something else begins."""
        ended = self._close_spoken("completed")
        if self._call is not None and self._call.is_whole:
            ended += self._close_call("completed")
        return ended

    def _close_spoken(self, status: str) -> bytes:
        spoken, self._spoken, self._text = self._spoken, None, None
        return b"" if spoken is None else spoken.close(self._frames, status)

    def _close_call(self, status: str) -> bytes:
        call, self._call = self._call, None
        return b"" if call is None else call.close(self._frames, status)

    def _replay(self, said: bytes) -> bytes:
        """Something that only clients of this format get to see."""
        replay = extra.replay(said)
        match replay.event:
            case {"type": "response.output_text.annotation.added", "annotation": annotation}:
                return b"" if self._text is None else self._text.annotate(self._frames, annotation)
            case {"type": "response.output_item.done", "item": {"type": "reasoning"} as item}:
                return self._close_thought(item)
            case {"type": "response.output_item.added", "item": item}:
                return self._open_hosted(replay.item, item)
            case {"type": "response.output_item.done", "item": item}:
                opened = b"" if replay.item in self._hosted else self._open_hosted(replay.item, item)
                return opened + self._hosted[replay.item].close(self._frames, item)
            case event:
                hosted = self._hosted.get(replay.item)
                return hosted.progress(self._frames, event) if hosted else self._frames.event(event.pop("type"), event)

    def _close_thought(self, item: dict[str, Any]) -> bytes:
        """A thought's last fields; often it comes without a word, as nothing but these."""
        fields = {key: value for key, value in item.items() if key != "type"}
        spoken, opened = self._spoken, b""
        if spoken is None or spoken.type != "reasoning" or spoken.id != fields.get("id", spoken.id):
            spoken, opened = self._open_spoken("reasoning", fields)
        spoken.fields = {**spoken.fields, **fields}
        return opened + self._close_spoken("completed")

    def _open_hosted(self, number: int, item: dict[str, Any]) -> bytes:
        ended = self._close_before()
        hosted = self._hosted[number] = Hosted(len(self._items), self._name, item)
        self._items.append(hosted)
        return ended + hosted.open(self._frames)

    def _end(self, event: Last) -> bytes:
        frames = self.opening()
        if not self._frames.number:
            response = self.response()
            frames = self._frames.event("response.created", {"response": response})
        match event:
            case Finished():
                return frames + self._finish(event)
            case Stopped():
                return frames + self._finish_as("cancelled", None)
            case Failed():
                return frames + self._fail(event)

    def _finish(self, event: Finished) -> bytes:
        kept = self._response.keep(event.extra)
        reason = _INCOMPLETE.get(event.reason)
        details = kept.get("incomplete_details") or ({"reason": reason} if reason else None)
        # Clients index output[0]: an answer without a word is an empty message.
        opened = b"" if self._items or self._response.is_mute else self._open_part(TEXT, NO_MARK)[1]
        return opened + self._finish_as("incomplete" if details else "completed", details)

    def _finish_as(self, status: str, details: dict[str, Any] | None) -> bytes:
        last = "completed" if status == "completed" else "incomplete"
        frames = self._close_spoken(last) + self._close_call(last)
        frames += self._close_hosted()
        frames += b"".join(each.end(self._frames, None) for each in self._executed.values() if each.is_open)
        self._response.status, self._response.incomplete_details = status, details
        self._response.usage = self._response.usage or NO_USAGE
        # There is no event for a cancelled response; this one ends every client.
        name = "response.completed" if status == "completed" else "response.incomplete"
        return frames + self._frames.event(name, {"response": self.response()})

    def _fail(self, event: Failed) -> bytes:
        """
        Nothing is closed politely: what was begun stays incomplete.

        Some clients see only the failed response, some only the error, and each takes both.
        """
        for item in self._items:
            if item.status == "in_progress" and not isinstance(item, Hosted):
                item.status = "incomplete"
        self._response.status = "failed"
        self._response.error = failures.response_error(event)
        failed = self._frames.event("response.failed", {"response": self.response()})
        return failed + self._frames.event("error", {"error": failures.nested_error(event)})

    def _mark(self, said: bytes | None) -> Mark:
        return extra.mark(said) if self._response.is_kindred else NO_MARK

    def _name(self, prefix: str, wanted: object) -> str:
        """The provider's own id, or one made from the run's where there is none or it was used before."""
        id = wanted if isinstance(wanted, str) and wanted and wanted not in self._ids else None
        id = id or ids.item_id(prefix, self._run, len(self._items))
        self._ids.add(id)
        return id


def whole(call: Call, run: str, created: int, events: Iterable[AnyEvent]) -> bytes:
    """The response object of a run, after these events of it."""
    writer = Writer(call, run, created)
    for event in events:
        writer.write(event)
    return msgspec.json.encode(writer.response())
