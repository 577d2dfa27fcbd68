"""A group commit at work, with a store that a test holds back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from headgate.events import AnyEvent
from headgate.runs.commit import GroupCommit
from headgate.runs.ids import new_run_id
from headgate.runs.run import Run, Urgency
from tests.runs.fakes import STARTED, HeldStore, head, texts, turns

NEVER = 3600.0
"""An interval that no test waits for."""


class Desk:
    """A group commit at work, and how runs come to it."""

    def __init__(self, store: HeldStore, interval: float) -> None:
        self.store, self.over = store, list[Run]()
        self.commit = GroupCommit(store, interval, self.over.append)
        self.others = 1

    def begin(self, *events: AnyEvent) -> Run:
        """A run with these first events."""
        made = Run(head(new_run_id()))
        if events:
            self.add(made, *events)
        else:
            self.commit.add_quietly(made)
        return made

    def add(self, run: Run, *events: AnyEvent) -> Urgency:
        """More of a run."""
        urgency = run.add(events)
        self.commit.add(run, urgency, self.others)
        return urgency

    async def quiet(self) -> None:
        """One commit is over, so that the interval counts from it."""
        self.begin(STARTED, *texts("before"))
        await turns()
        self.store.batches.clear()


@asynccontextmanager
async def desk(interval: float = NEVER, store: HeldStore | None = None) -> AsyncIterator[Desk]:
    """One at work."""
    made = Desk(store or HeldStore(), interval)
    work = asyncio.create_task(made.commit.work())
    try:
        yield made
    finally:
        made.store.gate.set()
        made.store.failures.clear()
        made.commit.finish()
        await work


def shown(run: Run) -> list[AnyEvent]:
    """What readers may see."""
    return run.events[: run.shown]
