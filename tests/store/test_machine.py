"""
Stores against a model, in whatever order chance tries: with crashes between any two statements.

What was acknowledged is there after a crash, and nothing else; of what was not, all or nothing.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from typing_extensions import override

from headgate.events import AnyEvent, Audio, Failed, Finished, Started, Stopped, Text
from headgate.formats.voices import SPEECH
from headgate.store.base import End, Filter, Head, Hook, Record, Segment, Try
from headgate.store.memory import MemoryStore
from tests.crashing import NEVER, Child, Died
from tests.store.model import Model
from tests.store.servant import LONG, Sent, Servant, durable

OWNERS = st.sampled_from(["alice", "bob"])
FORMATS = st.sampled_from(["openai.chat", SPEECH])
NAMES = st.lists(st.sampled_from(["red", "green", "blue"]), max_size=2, unique=True).map(tuple)
HOOKS = st.lists(st.builds(Hook, st.sampled_from(["http://a/", "http://b/"]), st.just("run")), max_size=2).map(tuple)
RETENTION = st.sampled_from([None, 0.0, 10.0])
ENDS: dict[str, AnyEvent] = {
    "finished": Finished("stop"),
    "failed": Failed("upstream", "gone"),
    "stopped": Stopped("user"),
}
WHICH = st.integers(0, 63)
"""Which of what is there, all round; what is drawn must not depend on how the kills went."""

SIZES = st.lists(st.sampled_from([1, 20, LONG]), max_size=3)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), FORMATS, OWNERS, NAMES, HOOKS, RETENTION),
        st.tuples(st.just("say"), WHICH, SIZES),
        st.tuples(st.just("end"), WHICH, st.sampled_from(list(ENDS))),
    ),
    min_size=1,
    max_size=6,
)

DEATH = st.one_of(st.just(NEVER), st.just(NEVER), st.integers(0, 12))
"""Before which statement of an act the process dies."""

HISTORIES = settings(
    deadline=None,
    stateful_step_count=30,
    # Explaining takes minutes, because every step is real.
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=[HealthCheck.too_slow],
)


def nth(runs: list[str], which: int) -> str:
    """One of them; empty when there is none."""
    return runs[which % len(runs)] if runs else ""


class StoreMachine(RuleBasedStateMachine):
    """Any history of a store."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.batch: dict[str, Segment] = {}
        """What the next commit will have; nobody has promised to keep it."""
        self.heads: dict[str, Head] = {}
        """Of all runs there ever were."""
        self.clock = 1000.0

    def ask(self, verb: str, *given: Any, dies: int = NEVER) -> Any:
        """The store, to do something; raises Died."""
        raise AssertionError("a subclass has a store")

    # What runs do before a commit.

    def begin(
        self, format: str, owner: str, names: tuple[str, ...], hooks: tuple[Hook, ...], retention: float | None
    ) -> None:
        """A run, which nobody has heard anything of yet."""
        id = f"run_{len(self.heads):040x}"
        head = Head(id, owner, self.tick(), format, "m", b"{}", names=names, hooks=hooks, retention=retention)
        self.heads[id] = head
        self.batch[id] = Segment(id, 0, [], head)

    def say(self, which: int, sizes: list[int]) -> None:
        """Some more of an answer."""
        if run := nth(self.working(), which):
            is_speech = self.heads[run].format == SPEECH
            self.add(run, [self.sound(size) if is_speech else Text(f"{size}" * size) for size in sizes])

    def sound(self, size: int) -> Audio:
        """Like no other."""
        return Audio((b"%d " % self.tick() * size)[:size])

    def end(self, which: int, status: str) -> None:
        """One is over."""
        if run := nth(self.working(), which):
            self.add(run, [Started("p", "m", "", 0), ENDS[status]], status)

    def working(self) -> list[str]:
        """The runs that have not ended, kept or not."""
        known = [*self.model.live, *(run for run in self.batch if run not in self.model.live)]
        return [run for run in known if run not in self.batch or self.batch[run].end is None]

    def add(self, run: str, events: list[AnyEvent], status: str = "") -> None:
        """Something for the next commit."""
        kept = self.model.live[run].events if run in self.model.live else []
        before = self.batch.get(run) or Segment(run, len(kept), [])
        said = [*before.events, *events]
        end = End(self.heads[run], self.tick(), status, "p", "m", 1, 2, [*kept, *said]) if status else None
        self.batch[run] = Segment(run, before.first, said, before.head, end)

    def tick(self) -> float:
        """A second later."""
        self.clock += 1
        return self.clock

    # What the store does.

    @rule(acts=ACTS, dies=DEATH)
    def commit(self, acts: list[tuple[Any, ...]], dies: int) -> None:
        """What several runs did."""
        for act, *given in acts:
            getattr(self, act)(*given)
        batch, self.batch = list(self.batch.values()), {}
        self.change(lambda model: model.append(batch), "append", batch, dies=dies)

    @rule(which=WHICH, is_owner=st.booleans(), dies=DEATH)
    def delete(self, which: int, is_owner: bool, dies: int) -> None:
        """A run that is over, by its owner; nothing comes of anything else."""
        if not (run := nth([*sorted(self.model.over), *self.working()], which)):
            return
        owner = self.heads[run].owner if is_owner else "mallory"
        if is_owner and run in self.model.over:
            self.change(lambda model: model.forget(run), "delete", run, owner, dies=dies, says=True)
        else:
            assert self.ask("delete", run, owner) is False

    @rule(ago=st.integers(0, 20), dies=DEATH)
    def expire(self, ago: int, dies: int) -> None:
        """What ended so long ago; seeing the lists has everything written that is owed."""
        self.see()
        old = self.model.old(self.clock, ago)

        def forget(model: Model) -> None:
            for run in old:
                model.forget(run)

        self.change(forget, "expire", self.clock, float(ago), dies=dies, says=len(old))

    @rule(which=WHICH, due=st.sampled_from([None, 5.0, 7.0]), dies=DEATH)
    def deliver(self, which: int, due: float | None, dies: int) -> None:
        """A try, after which it is delivered, or to be tried again."""
        if not (run := nth(sorted(self.model.sent), which)):
            return
        deliveries = self.ask("deliveries", run, self.heads[run].owner)
        number = which % len(deliveries)
        delivery, tried = deliveries[number], Try(self.tick(), 200, "", 0.5)
        delivery.due, delivery.tries = due, delivery.tries + 1
        delivery.status, delivery.note = ("delivered", "200") if due is None else ("waiting", "500")

        def update(model: Model) -> None:
            before = model.sent[run][number]
            stands = (delivery.due, delivery.tries, delivery.status, delivery.note)
            model.sent[run][number] = Sent(before.url, before.kind, *stands, [*before.tried, tried])

        self.change(update, "deliver", delivery, tried, dies=dies)

    def change(
        self, apply: Callable[[Model], None], verb: str, *given: Any, dies: int = NEVER, says: Any = None
    ) -> None:
        """Do it to both; after a death, take whichever of the two worlds the store woke up in."""
        after = self.model.copy()
        apply(after)
        try:
            assert self.ask(verb, *given, dies=dies) == says
        except Died:
            self.wake(self.model, after)
        else:
            self.model = after

    def wake(self, *worlds: Model) -> None:
        """Open the store again: it is one of these worlds."""
        raise AssertionError("only what lasts can be woken")

    # What can be seen.

    def look(self) -> None:
        """At everything."""
        assert self.see() == self.model.look(self.owners())

    @rule(
        owner=OWNERS,
        limit=st.integers(1, 3),
        before=st.one_of(st.none(), st.integers(0, 20)),
        status=st.sampled_from([None, *ENDS]),
        since=st.one_of(st.none(), st.integers(0, 40)),
    )
    def list(self, owner: str, limit: int, before: int | None, status: str | None, since: int | None) -> None:
        """A page, in order; and everything."""
        self.look()
        wanted = Filter(status=status, since=None if since is None else 1000.0 + since)
        place = None if before is None else f"run_{before:040x}"
        assert self.ask("page", owner, limit, place, wanted) == self.model.page(owner, limit, place, wanted)

    def see(self) -> dict[str, Any]:
        """Everything there is to see."""
        runs = {run: head.owner for run, head in self.heads.items()}
        seen: dict[str, Any] = self.ask("look", runs, ["red", "green", "blue"])
        return seen

    def owners(self) -> set[str]:
        """Whoever made a run."""
        return {head.owner for head in self.heads.values()}

    @override
    def teardown(self) -> None:
        """The end of a history."""
        self.look()


class InMemory(StoreMachine):
    """The store that lasts as long as its process."""

    def __init__(self) -> None:
        super().__init__()
        self._servant = Servant(MemoryStore())

    @override
    def ask(self, verb: str, *given: Any, dies: int = NEVER) -> Any:
        return asyncio.run(self._servant(verb, *given))


class OnDisk(StoreMachine):
    """The store that outlives its process."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp(prefix="headgate-"))
        self._child = Child(durable, self._folder / "runs.db")
        assert self._child.ask("open") == []
        self._secret = self._child.ask("secret")

    @override
    def ask(self, verb: str, *given: Any, dies: int = NEVER) -> Any:
        return self._child.ask(verb, *given, dies=dies)

    @rule(is_orderly=st.booleans(), deaths=st.lists(st.integers(0, 30), max_size=1))
    def wake_up(self, is_orderly: bool, deaths: list[int]) -> None:
        """After it was closed or killed while nothing was asked of it; and perhaps killed again while it wakes up."""
        if is_orderly:
            self._child.ask("close")
        self._child.kill()
        self.wake(self.model, deaths=deaths)

    @override
    def wake(self, *worlds: Model, deaths: list[int] | None = None) -> None:
        self.batch = {}
        for death in [*(deaths or []), NEVER]:
            self._child = Child(durable, self._folder / "runs.db")
            try:
                orphans: list[Record] = self._child.ask("open", dies=death)
            except Died:
                continue
            if death != NEVER:
                self._child.kill()
        woke = ({orphan.head.run: orphan for orphan in orphans}, self.see())
        fitting = [world for world in worlds if (world.live, world.look(self.owners())) == woke]
        if not fitting:
            assert woke == (worlds[0].live, worlds[0].look(self.owners()))
        self.model = fitting[0]
        assert self.ask("secret") == self._secret

    @override
    def teardown(self) -> None:
        super().teardown()
        self._child.kill()
        shutil.rmtree(self._folder)


def test_the_store_in_memory() -> None:
    """Any history without a crash."""
    run_state_machine_as_test(InMemory, settings=settings(HISTORIES, max_examples=15))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_store_on_disk() -> None:
    """Any history, with crashes; to make one that fails short takes minutes."""
    run_state_machine_as_test(OnDisk, settings=settings(HISTORIES, max_examples=25))
