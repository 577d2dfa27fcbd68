"""What is remembered of a run that was asked for here, so that its log can be shown again as its maker got it."""

import msgspec

from headgate.formats import purai
from headgate.formats.purai import Plan
from headgate.runs import Run


class Note(msgspec.Struct, frozen=True):
    """A plan, and whose."""

    dialect: str
    plan: Plan = Plan()


def encode(plan: Plan) -> bytes:
    """The note of a plan."""
    return msgspec.json.encode(Note(purai.NAME, plan))


def plan_of(run: Run) -> Plan | None:
    """The plan of a run; None when it was asked for elsewhere."""
    try:
        note = msgspec.json.decode(run.head.note or b"null", type=Note | None)
    except msgspec.ValidationError:
        return None
    return note.plan if note is not None and note.dialect == purai.NAME else None
