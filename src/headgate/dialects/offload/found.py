"""Answers that were begun here, found by their addresses."""

from typing import NamedTuple

from headgate.dialects.offload import note as notes
from headgate.dialects.offload import urls
from headgate.dialects.offload.note import Note
from headgate.fold import Answer
from headgate.runs import Engine, Run
from headgate.web.folded import Folded


class Found(NamedTuple):
    """A run, live or kept, and what is remembered of it."""

    run: Run
    note: Note


class Answers:
    """All of them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._folded = Folded()

    async def at(self, stem: str) -> Found | None:
        """The answer of those addresses; None when there is none, or no longer."""
        run = await self._engine.named(urls.name(stem))
        return None if run is None else Found(run, notes.decode(run.head.note))

    def answer(self, run: Run) -> Answer:
        """What it has come to, as far as it is shown."""
        return self._folded.of(run)
