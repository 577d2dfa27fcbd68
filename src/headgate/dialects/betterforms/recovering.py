"""After a crash: answers that are asked again are told on their channels again."""

from headgate.channels import Hub
from headgate.dialects.betterforms.note import attach, note_of
from headgate.runs import Engine


def recover(engine: Engine, hub: Hub) -> None:
    """For all runs that were left at work; their listeners come back with a cursor, and are told of the gap."""
    for run in engine.at_work:
        if (note := note_of(run.head)) is not None:
            attach(hub, run, note)
