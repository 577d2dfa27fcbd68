"""After a crash: what was promised to channels is told there, be it an answer that is asked again or that it broke."""

from headgate.channels import Hub
from headgate.dialects.betterforms.note import attach, note_of
from headgate.runs import Run


def recover(hub: Hub, run: Run) -> None:
    """For a run that a crash left behind; its listeners come back with a cursor, and are told of the gap."""
    if (note := note_of(run.head)) is not None:
        attach(hub, run, note)
