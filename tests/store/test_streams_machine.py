"""
Streams in the SQLite store against its twin, in whatever order chance tries: with crashes between any two statements.

What was acknowledged is there after a crash, and nothing else; of what was not, all or nothing.
"""

import asyncio
import copy
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from typing_extensions import override

from headgate.store.memory_streams import MemoryStreams
from headgate.store.streams import Appended, Change, Created, Extended, Fork, Mark, Removed, StreamHead
from tests.crashing import Child, Died
from tests.store.streams_servant import NAMES, OWNERS, Servant
from tests.store.test_machine import DEATH, HISTORIES, WHICH

SIZES = st.sampled_from([0, 1, 20, 50, 200])
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("make"), WHICH, st.booleans()),
        st.tuples(st.just("say"), WHICH, SIZES, st.booleans()),
        st.tuples(st.just("extend"), WHICH, st.integers(0, 50)),
        st.tuples(st.just("remove"), WHICH),
    ),
    min_size=1,
    max_size=6,
)


def seen(twin: MemoryStreams) -> Any:
    """The same of the twin."""
    found = {}
    for owner in OWNERS:
        for name in NAMES:
            kept = twin.find(owner, name)
            if kept is not None:
                found[owner, name] = kept, twin.read(kept.id, kept.head.first, kept.end, 1 << 20)
    return found, {owner: twin.count(owner) for owner in OWNERS}, sorted(twin.due(25.0, 100))


class StreamsMachine(RuleBasedStateMachine):
    """Any history of streams."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.twin = MemoryStreams()
        self.next = 1
        self.child = Child(Servant, self.folder / "streams.db")
        self.child.ask("open")

    @override
    def teardown(self) -> None:
        self.child.kill()
        shutil.rmtree(self.folder)

    @rule(acts=ACTS, dies=DEATH)
    def commit(self, acts: list[tuple[Any, ...]], dies: int) -> None:
        """What happened to several streams."""
        after, changes = copy.deepcopy(self.twin), list[Change]()
        for act, *given in acts:
            change = getattr(self, act)(after, *given)
            if change is not None:
                after.apply([change])
                changes.append(change)
        if not changes:
            return
        try:
            self.child.ask("append", changes, dies=dies)
        except Died:
            self.wake(self.twin, after)
        else:
            self.twin = after

    @rule(dies=DEATH)
    def look(self, dies: int) -> None:
        """At everything, which has everything settled that is owed."""
        try:
            assert self.child.ask("look", dies=dies) == seen(self.twin)
        except Died:
            self.wake(self.twin)

    def wake(self, *worlds: MemoryStreams) -> None:
        """Open the store again: it is one of these worlds."""
        self.child = Child(Servant, self.folder / "streams.db")
        assert self.child.ask("open") <= self.next + 1
        found = self.child.ask("look")
        alike = [world for world in worlds if seen(world) == found]
        assert alike, (found, [seen(world) for world in worlds])
        self.twin = alike[0]

    # What may happen.

    def make(self, twin: MemoryStreams, which: int, is_fork: bool) -> Change | None:
        """A stream, where there is none."""
        owner = OWNERS[which % 2]
        free = [name for name in NAMES if twin.find(owner, name) is None]
        if not free:
            return None
        self.next += 1
        live = [kept for name in NAMES if (kept := twin.find(owner, name)) is not None and not kept.is_gone]
        if not is_fork or not live:
            return Created(self.next, StreamHead(owner, free[0], "text/plain", float(self.next)), None)
        source = live[which % len(live)]
        place = which % (source.end + 1)
        fork = Fork(source.id, source.head.name, None, 0)
        head = StreamHead(owner, free[0], "text/plain", float(self.next), 5, None, place, ((source.id, place),), fork)
        return Created(self.next, head, 30.0)

    def say(self, twin: MemoryStreams, which: int, size: int, is_produced: bool) -> Change | None:
        """Something, or nothing and that this is the end."""
        stream = self.one(twin, which)
        if stream is None or stream.is_closed:
            return None
        mark = Mark("ab"[which % 2], which, size) if is_produced else None
        data = bytes([which + 33]) * size
        return Appended(stream.id, stream.end, data, None if is_produced else b"%d" % which, mark, not size)

    def extend(self, twin: MemoryStreams, which: int, due: int) -> Change | None:
        """It is kept for another time."""
        stream = self.one(twin, which)
        return None if stream is None else Extended(stream.id, float(due))

    def remove(self, twin: MemoryStreams, which: int) -> Change | None:
        """It is deleted."""
        stream = self.one(twin, which)
        return None if stream is None else Removed(stream.id)

    def one(self, twin: MemoryStreams, which: int) -> Any:
        """A stream that is there."""
        names = [(owner, name) for owner in OWNERS for name in NAMES]
        live = [kept for each in names if (kept := twin.find(*each)) is not None and not kept.is_gone]
        return live[which % len(live)] if live else None


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_any_history_with_crashes() -> None:
    """Nothing that was acknowledged is lost, and nothing is there that was not said."""
    run_state_machine_as_test(StreamsMachine, settings=settings(HISTORIES, max_examples=30, stateful_step_count=20))


def test_the_machine_itself() -> None:
    """What it does can be done without a crash, in one process."""

    async def main() -> None:
        folder = Path(tempfile.mkdtemp())
        servant = Servant(folder / "streams.db")
        await servant.open()
        twin = MemoryStreams()
        changes: list[Change] = [Created(1, StreamHead("alice", "red", "text/plain", 1.0)), Appended(1, 0, b"x" * 500)]
        twin.apply(changes)
        await servant.append(changes)
        assert await servant.look() == seen(twin)
        shutil.rmtree(folder)

    asyncio.run(main())
