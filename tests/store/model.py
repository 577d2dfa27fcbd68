"""What a store should hold, in the plainest way there is."""

import copy
from typing import Any

from headgate.store.base import End, Filter, Record, Segment, Summary
from tests.store.servant import Sent


class Model:
    """Runs that are live, runs that are over, and what hangs on them."""

    def __init__(self) -> None:
        self.live: dict[str, Record] = {}
        self.over: dict[str, End] = {}
        self.names: dict[str, str] = {}
        self.sent: dict[str, list[Sent]] = {}

    def copy(self) -> "Model":
        """Another that goes its own way."""
        return copy.deepcopy(self)

    def append(self, batch: list[Segment]) -> None:
        """All segments."""
        for segment in batch:
            if segment.head is not None:
                self.live[segment.run] = Record(segment.head, [])
            self.live[segment.run].events[segment.first :] = segment.events
            if segment.end is not None:
                del self.live[segment.run]
                self._end(segment.end)

    def _end(self, end: End) -> None:
        run = end.head.run
        self.over[run] = end
        for name in end.head.names:
            self.names[name] = max(run, self.names.get(name, ""))
        if end.head.hooks:
            self.sent[run] = [Sent(hook.url, hook.kind, end.ended, 0, "waiting", "", []) for hook in end.head.hooks]

    def forget(self, run: str) -> None:
        """A run, and what hangs on it."""
        del self.over[run]
        self.names = {name: had for name, had in self.names.items() if had != run}
        self.sent.pop(run, None)

    def old(self, now: float, retention: float) -> list[str]:
        """The runs that were kept for long enough."""
        return [run for run, end in self.over.items() if self._is_old(end, now, retention)]

    def _is_old(self, end: End, now: float, retention: float) -> bool:
        kept = retention if end.head.retention is None else end.head.retention
        is_waiting = any(sent.due is not None for sent in self.sent.get(end.head.run, ()))
        return end.ended + kept < now and not is_waiting

    def page(self, owner: str, limit: int, before: str | None, wanted: Filter) -> list[Summary]:
        """A page of a list."""
        mine = [end for run, end in self.over.items() if end.head.owner == owner and (before is None or run < before)]
        fitting = [end for end in mine if _fits(end, wanted)]
        return [_summary(end) for end in sorted(fitting, key=lambda end: end.head.run, reverse=True)[:limit]]

    def look(self, owners: set[str]) -> dict[str, Any]:
        """Everything there is to see."""
        dues = sorted(sent.due for all in self.sent.values() for sent in all if sent.due is not None)
        return {
            "runs": {run: Record(end.head, list(end.events), end.ended) for run, end in self.over.items()},
            "names": self.names,
            "lists": {owner: self.page(owner, 1000, None, Filter()) for owner in owners},
            "sent": self.sent,
            "due": dues,
            "next": dues[0] if dues else None,
        }


def _fits(end: End, wanted: Filter) -> bool:
    return (
        wanted.status in (None, end.status)
        and wanted.model in (None, end.model, end.head.model)
        and (wanted.since is None or wanted.since <= end.head.created)
        and (wanted.until is None or end.head.created < wanted.until)
    )


def _summary(end: End) -> Summary:
    head = end.head
    asked = (head.run, head.created, end.ended, head.format, head.model)
    tokens = (end.input_tokens, end.output_tokens, end.cost, end.estimated)
    return Summary(*asked, end.status, end.provider, end.model, *tokens)
