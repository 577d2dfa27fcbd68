"""How responses are read and written."""

import msgspec

from headgate.calls import Call, Fields
from headgate.formats import openai_responses, strict
from headgate.runs import Run
from headgate.web.answers import Face

RESPONSES = Face(openai_responses.read, openai_responses.Writer, openai_responses.whole, cuts=False)


_fields = msgspec.json.Decoder(Fields)


def call_of(run: Run) -> Call:
    """What a run was asked, with everything that it went on from; it was found valid once."""
    return Call(format=openai_responses.NAME, model=run.head.model, fields=_fields.decode(run.head.request))


def writer_of(run: Run) -> openai_responses.Writer:
    """A writer at the start of its log."""
    return openai_responses.Writer(call_of(run), run.id, int(run.head.created))


def is_background(call: Call) -> bool:
    """Whether the client does not wait for it."""
    return strict.value(call.fields, "background") is True


def is_mute(call: Call) -> bool:
    """Whether nothing is to be answered, only gone on from."""
    return strict.value(call.fields, "generate") is False
