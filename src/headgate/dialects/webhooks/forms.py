"""The forms of messages. The same run makes the same bytes, at every try."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from headgate.dialects.runs import run_object
from headgate.events import Failed, Finished
from headgate.formats import openai_responses
from headgate.runs import Run
from headgate.webhooks import Message, Renderer

JSON = "application/json"

_CUT_SHORT = ("length", "content_filter")
"""Reasons with which a response is incomplete."""


def run_message(run: Run) -> Message:
    """Ours, as Standard Webhooks has it: what happened, when, and the run."""
    data = run_object(run)
    event = f"run.{data['status']}"
    moment = datetime.fromtimestamp(int(run.ended or 0), UTC).isoformat().replace("+00:00", "Z")
    return Message(event, JSON, msgspec.json.encode({"type": event, "timestamp": moment, "data": data}))


def response_message(run: Run) -> Message | None:
    """OpenAI's: that a response is over, and its id; None for a run that is no response."""
    if run.head.format != openai_responses.NAME:
        return None
    event = f"response.{_status(run)}"
    id = run.id.removeprefix("run_")
    body = {
        "id": f"evt_{id}",
        "object": "event",
        "created_at": int(run.ended or 0),
        "type": event,
        "data": {"id": f"resp_{id}"},
    }
    return Message(event, JSON, msgspec.json.encode(body))


def _status(run: Run) -> str:
    match run.last:
        case Finished(reason=reason):
            return "incomplete" if reason in _CUT_SHORT else "completed"
        case Failed():
            return "failed"
        case _:
            return "cancelled"


FORMS: Mapping[str, Renderer] = {"response": response_message, "run": run_message}
"""By the kind of a hook; of what a configured endpoint wants, the first that fits is sent."""
