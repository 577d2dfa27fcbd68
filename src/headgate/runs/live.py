"""The runs that are at work, by their ids and their other names."""

from collections.abc import Iterator, Sequence

from headgate.events import Started
from headgate.runs.run import Run
from headgate.store.base import Filter


class Live:
    """Holds them until they are over."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        """By their ids."""
        self._names: dict[str, Run] = {}

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs.values())

    def add(self, run: Run, names: Sequence[str]) -> None:
        """One more; it takes over these of its names from others."""
        self.runs[run.id] = run
        for name in names:
            self._names[name] = run

    def drop(self, run: Run) -> None:
        """One is over."""
        self.runs.pop(run.id, None)
        for name in run.head.names:
            if self._names.get(name) is run:
                del self._names[name]

    def get(self, id: str) -> Run | None:
        """The one with that id."""
        return self.runs.get(id)

    def named(self, name: str) -> Run | None:
        """The one with that name."""
        return self._names.get(name)

    def of(self, owner: str, before: str | None, filter: Filter | None) -> list[Run]:
        """An owner's, newest first."""
        found = [
            run
            for run in self.runs.values()
            if run.head.owner == owner
            and (before is None or run.id < before)
            and (filter is None or _fits(run, filter))
        ]
        found.sort(key=lambda run: run.id, reverse=True)
        return found


def _fits(run: Run, filter: Filter) -> bool:
    head, started = run.head, run.started or Started("", "", "", 0)
    return (
        filter.status in (None, "running")
        and filter.provider in (None, started.provider)
        and filter.model in (None, started.model, head.model)
        and filter.format in (None, head.format)
        and (filter.since is None or head.created >= filter.since)
        and (filter.until is None or head.created < filter.until)
    )
