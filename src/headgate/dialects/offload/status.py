"""
The status document: everything that is known of an offloaded answer.

It is made of the run's record alone, so it says the same to whoever asks, in the message to a
webhook, and after a restart.
"""

from typing import Any

import msgspec

from headgate.calls import Call, Fields
from headgate.dialects.offload.note import Note
from headgate.dialects.offload.urls import EVENTS, RAW, STATUS, STOP
from headgate.events import Failed, Stopped
from headgate.fold import Answer
from headgate.formats import openai, openai_chat
from headgate.store.base import Head

RUNNING = "This answer is still being made. Load this address again to see what has come since."
DONE = "This answer is over. Nothing more will come here."
STOPPED = "This answer was stopped. What had come until then is kept here, and no more will follow."
FAILED = "This answer has ended with an error. What had come before it is kept here, and no more will follow."

OUR_OWN = frozenset(
    {
        "producer_lost",
        "shutting_down",
        "internal_error",
        "store_unavailable",
        "store_fenced",
        "first_event_timeout",
        "idle_timeout",
        "total_timeout",
        "upstream_unreachable",
        "upstream_connect_timeout",
    }
)
"""How an answer fails without its provider having said anything."""

UNCACHED = b"cache-control: no-store\r\n"
"""What is said of an answer changes, may be private, and names this server as the one who asked knows it."""

_fields = msgspec.json.Decoder(Fields)


def call_of(head: Head) -> Call:
    """The call of a kept request, as far as writers need it."""
    fields = _fields.decode(head.request)
    options = fields.get("stream_options")
    said = None if options is None else msgspec.json.decode(options)
    return Call(
        format=head.format,
        model=head.model,
        fields=fields,
        stream=fields.get("stream") == msgspec.Raw(b"true"),
        include_usage=isinstance(said, dict) and said.get("include_usage") is True,
    )


def document(head: Head, note: Note, answer: Answer, ended: float | None, base: str) -> dict[str, Any]:
    """The document as it is now; `ended` is None while the answer is being made."""
    response = _response(head, note, answer)
    last = answer.last
    written: dict[str, Any] = {"status": _word(answer)}
    if isinstance(last, Stopped):
        written["stopped"] = True
    written |= {
        "created_at": note.created,
        "conversation_id": note.conversation,
        "README": _readme(answer),
    }
    if isinstance(last, Failed):
        written["error"] = {"code": last.code, "message": last.message, "status": last.status}
    return written | {
        "endpoints": endpoints(note, base, is_over=last is not None),
        "request": _request(head, note, ended if last is not None else None),
        "options": {"timeout": _number(note.timeout), "connect_timeout": _number(note.connect_timeout)},
        "parameters": _parameters(head, note),
        "response": response,
    }


def endpoints(note: Note, base: str, *, is_over: bool) -> dict[str, str]:
    """The addresses that mean something now."""
    here = base + note.stem
    found = {"status_url": here + STATUS}
    if note.streams:
        found["stream_events_url"] = here + EVENTS
    if is_over:
        found["response_raw_url"] = here + RAW
    else:
        found["stop_url"] = here + STOP
    if note.parent:
        found["from_status_url"] = base + note.parent + STATUS
    return found


def body(head: Head, answer: Answer) -> dict[str, Any]:
    """The answer so far as one chat completion; a choice that has not ended has no finish reason."""
    return openai_chat.whole_object(call_of(head), head.run, int(head.created), answer, unfinished=None)


def raw(head: Head, answer: Answer) -> bytes:
    """The answer as one JSON object: a completion, or the error it ended with."""
    if isinstance(answer.last, Failed) and not answer.choices:
        return openai.error_body(answer.last)
    return msgspec.json.encode(body(head, answer))


def _word(answer: Answer) -> str:
    match answer.status:
        case "running":
            return "processing"
        case "failed":
            return "error"
        case "finished" | "stopped":
            # Known clients ask on until they read one of these two.
            return "done"


def _readme(answer: Answer) -> str:
    return {"running": RUNNING, "finished": DONE, "stopped": STOPPED, "failed": FAILED}[answer.status]


def _request(head: Head, note: Note, ended: float | None) -> dict[str, Any]:
    seconds = None if ended is None else round(max(0.0, ended - head.created), 3)
    over = None if ended is None else max(note.created, int(ended))
    return {
        "endpoint": note.endpoint,
        "request_at": note.created,
        "finished_at": over,
        "processed_at": over,
        "request_time": seconds,
        "total_time": seconds,
    }


def _parameters(head: Head, note: Note) -> dict[str, Any]:
    said = {name: value for name, value in _fields.decode(head.request).items() if name not in ("model", "stream")}
    return {"model": note.model, **said}


def _response(head: Head, note: Note, answer: Answer) -> dict[str, Any] | None:
    """What the provider said; None as long as it has said nothing, and where it never did."""
    last, status = answer.last, 200
    if isinstance(last, Failed) and not answer.choices:
        if last.code in OUR_OWN:
            return None
        content: dict[str, Any] = {"error": openai.error_object(last)}
        status = last.status
    elif last is None and answer.started is None:
        return None
    else:
        content = body(head, answer)
    kind = "text/event-stream" if note.streams else "application/json"
    return {"status_code": status, "protocol": "HTTP/1.1", "headers": {"content-type": kind}, "body": content}


def _number(seconds: float) -> float:
    """90, not 90.0."""
    return int(seconds) if seconds == int(seconds) else seconds
