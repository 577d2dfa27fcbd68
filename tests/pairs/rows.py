"""
The dialects of the table: one entry for every API in which a client may be answered.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from headgate.calls import Call
from headgate.dialects.anthropic import MESSAGES
from headgate.dialects.gemini import ARRAY, EVENTS
from headgate.dialects.offload.frames import NumberedFrames
from headgate.dialects.openai import CHAT, COMPLETIONS
from headgate.dialects.purai.asking import face
from headgate.dialects.purai.errors import error_body
from headgate.dialects.responses.face import RESPONSES
from headgate.errors import HeadgateError
from headgate.events import OUTPUT_KINDS, AnyEvent, Failed
from headgate.formats import anthropic, gemini, offload, openai, openai_chat, purai, ui_messages
from headgate.runs import Run
from headgate.web.answers import Face, WriterOf
from tests.offload.kept import kept
from tests.pairs.columns import CREATED, RUN


class Row(NamedTuple):
    """One of them."""

    title: str
    """Its name in the documentation."""
    face: Face
    read: Callable[[bytes, bool], Call]
    """A request, streamed or not, as a call."""
    error: Callable[[HeadgateError], bytes]
    asks: dict[str, Any]
    """The simplest request."""
    asks_two: dict[str, Any] | None = None
    """The same for two answers; None where one is all that can be asked for."""
    has_whole: bool = True
    """Whether there are answers that are no streams."""
    refuses: bool = True
    """Whether an answer that never begins is an HTTP error, and not a stream that says so."""

    def call(self, *, stream: bool, choices: int = 1) -> Call:
        """A call of this dialect."""
        asked = self.asks if choices == 1 else self.asks_two
        assert asked is not None
        return self.read(msgspec.json.encode(asked), stream)

    def streamed(self, call: Call, events: Sequence[AnyEvent]) -> bytes:
        """The stream that a client gets, or the error that it gets in place of one."""
        last = events[-1]
        if self.refuses and isinstance(last, Failed) and not any(type(event) in OUTPUT_KINDS for event in events):
            return self._error(last)
        writer = self.face.writer(call, RUN, CREATED)
        return b"".join([writer.write(event) for event in events])

    def answered(self, call: Call, events: Sequence[AnyEvent]) -> bytes:
        """The whole answer that a client gets, or the error in its place."""
        if isinstance(events[-1], Failed):
            return self._error(events[-1])
        return self.face.whole(call, RUN, CREATED, events)

    def _error(self, last: Failed) -> bytes:
        """As the gate answers it."""
        error = HeadgateError(
            last.message,
            code=last.code,
            status=last.status,
            kind=last.kind,
            param=last.param,
            retry_after=last.retry_after,
        )
        return b"HTTP %d\n" % error.status + self.error(error)


def _said(read: Callable[[bytes], Call], **more: Any) -> Callable[[bytes, bool], Call]:
    """The reader of a dialect whose requests say themselves whether they want a stream."""

    def reads(body: bytes, stream: bool) -> Call:
        asked = msgspec.json.decode(body)
        return read(msgspec.json.encode({**asked, "stream": stream, **(more if stream else {})}))

    return reads


def _gemini(body: bytes, stream: bool) -> Call:
    return gemini.asked(body, "up/m", stream=stream)


def _ui(body: bytes, stream: bool) -> Call:
    return ui_messages.read(body).call


def _offload(body: bytes, stream: bool) -> Call:
    asked = offload.read(body)
    return offload.call(asked, asked.model, asked.fields["messages"], stream=stream)


class _Numbered:
    """An offloaded answer's `.txt`: chat's chunks with the numbers of their events."""

    def __init__(self, call: Call, run: str, created: int) -> None:
        asked = kept([])
        # Not the record of the documentation's example, but of this run.
        self._run = Run(msgspec.structs.replace(asked.head, run=run, created=float(created)))
        self._frames = NumberedFrames(self._run)

    def write(self, event: AnyEvent) -> bytes:
        self._run.events.append(event)
        number = len(self._run.events)
        return self._frames(number - 1, number)


def _purai(body: bytes, stream: bool) -> Call:
    asked = msgspec.json.encode({**msgspec.json.decode(body), "stream": stream})
    return purai.call(purai.read(asked, {}), _PLAN.names, None)


def _stream(writer: WriterOf, *, cuts: bool) -> Face:
    return Face(openai_chat.read, writer, openai_chat.whole, cuts=cuts)


_PLAN = purai.Plan(names=("up/m",), wanted=frozenset(("up/m",)), is_for_sdk=True)
_HELLO = [{"role": "user", "content": "Hello"}]
_TURN = [{"role": "user", "parts": [{"text": "Hello"}]}]
_USAGE = {"include_usage": True}
_CHAT = {"model": "up/m", "messages": _HELLO}
_PROMPT = {"model": "up/m", "prompt": "Hello"}
_GENERATE = {"contents": _TURN}
_UI_HELLO = [{"role": "user", "parts": [{"type": "text", "text": "Hello"}]}]

ROWS: dict[str, Row] = {
    "chat": Row("Chat", CHAT, _said(CHAT.read, stream_options=_USAGE), openai.error_body, _CHAT, {**_CHAT, "n": 2}),
    "completions": Row(
        "Completions",
        COMPLETIONS,
        _said(COMPLETIONS.read, stream_options=_USAGE),
        openai.error_body,
        _PROMPT,
        {**_PROMPT, "n": 2},
    ),
    "responses": Row(
        "Responses", RESPONSES, _said(RESPONSES.read), openai.error_body, {"model": "up/m", "input": "Hello"}
    ),
    "anthropic": Row(
        "Anthropic",
        MESSAGES,
        _said(MESSAGES.read),
        anthropic.error_body,
        {"model": "up/m", "max_tokens": 1000, "messages": _HELLO},
    ),
    "gemini": Row(
        "Gemini",
        EVENTS,
        _gemini,
        gemini.error_body,
        _GENERATE,
        {**_GENERATE, "generationConfig": {"candidateCount": 2}},
    ),
    "gemini_array": Row(
        "Gemini (array)",
        ARRAY,
        _gemini,
        gemini.error_body,
        _GENERATE,
        {**_GENERATE, "generationConfig": {"candidateCount": 2}},
        has_whole=False,
    ),
    "ui": Row(
        "AI SDK",
        _stream(ui_messages.Writer, cuts=False),
        _ui,
        openai.error_body,
        {"model": "up/m", "messages": _UI_HELLO},
        has_whole=False,
    ),
    "purai": Row("PurAI", face(_PLAN), _purai, error_body, _CHAT, {**_CHAT, "n": 2}),
    "offload": Row(
        "Offloaded",
        _stream(_Numbered, cuts=False),
        _offload,
        openai.error_body,
        _CHAT,
        {**_CHAT, "n": 2},
        has_whole=False,
        refuses=False,
    ),
}
