"""Group commit with a companion: what becomes of its changes is no run's affair."""

from collections.abc import Sequence

import pytest
from typing_extensions import override

from headgate.errors import Fenced, StoreError
from headgate.events import Text
from headgate.runs import commit as module
from headgate.runs.commit import Companion
from headgate.store.base import Segment
from headgate.store.streams import Change, Removed
from tests.runs.desk import desk, shown
from tests.runs.fakes import STARTED, HeldStore, code_of, run, texts, turns
from tests.waiting import until

TOO_LARGE = StoreError("The store cannot be written: database or disk is full.")


class Choosy(HeldStore):
    """Refuses changes, and nothing else."""

    error: StoreError = TOO_LARGE

    def __init__(self) -> None:
        super().__init__()
        self.attempts = 0

    @override
    async def append(self, batch: Sequence[Segment], changes: Sequence[Change] = ()) -> None:
        if changes:
            self.attempts += 1
            raise self.error
        await super().append(batch, changes)


class Other(Companion):
    """Has one change at a time."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @override
    def take(self) -> Sequence[Change]:
        return [Removed(1)]

    @override
    def kept(self) -> None:
        self.said.append("kept")

    @override
    def refused(self, error: StoreError) -> None:
        self.said.append(error.message)


@pytest.mark.parametrize("pauses", [(), (0.0, 0.0)])
def test_runs_are_kept_whatever_becomes_of_the_changes_beside_them(
    pauses: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store may have room for a few words, and none for sixteen megabytes."""
    monkeypatch.setattr(module, "RETRIES", pauses)

    async def play() -> None:
        async with desk(store=Choosy()) as at:
            other = Other()
            at.commit.take_along(other)
            one = at.begin(STARTED, *texts("a"))
            at.commit.add_companion(1)
            await turns(50)
            assert shown(one) == [STARTED, Text("a")]
            assert other.said == [TOO_LARGE.message]
            assert at.commit.trouble is None

    run(play())


def test_a_run_waits_for_no_change_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody was beside is not tried for seconds once somebody is."""
    monkeypatch.setattr(module, "RETRIES", (0.0,) * 3000)

    async def play() -> None:
        store = Choosy()
        async with desk(store=store) as at:
            other = Other()
            at.commit.take_along(other)
            at.commit.add_companion(1)
            await until(lambda: store.attempts)
            one = at.begin(STARTED, *texts("a"))
            before = store.attempts
            await until(lambda: one.shown)
            assert store.attempts - before < 10
            assert other.said == [TOO_LARGE.message]

    run(play())


def test_a_store_that_has_another_owner_keeps_nothing_of_either() -> None:
    """Both are told."""

    async def play() -> None:
        store = Choosy()
        store.error = Fenced("Another process has taken over the store.")
        async with desk(store=store) as at:
            other = Other()
            at.commit.take_along(other)
            one = at.begin(STARTED, *texts("a"))
            at.commit.add_companion(1)
            await turns(50)
            assert (other.said, code_of(one)) == ([store.error.message], store.error.code)

    run(play())
