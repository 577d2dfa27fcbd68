"""
The engine against a model, in whatever order chance tries, with crashes between any two statements.

Whatever a reader has seen stays the beginning of that run's log, each log ends once, and a run that
somebody waits for and nobody has seen anything of is asked again.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from typing_extensions import override

from headgate.events import LAST, AnyEvent, Audio, Failed, Finished, Stopped, Text, Usage
from headgate.store.base import Hook
from tests.crashing import NEVER, Child, Died
from tests.runs.fakes import STARTED
from tests.runs.fakes import told as without_counts
from tests.runs.servant import Look, engine

OWNERS = st.sampled_from(["alice", "bob"])
NAMES = st.lists(st.sampled_from(["red", "green"]), max_size=2, unique=True).map(tuple)
WHICH = st.integers(0, 63)
"""Which of what is there, all round; what is drawn must not depend on how the kills went."""

DEATH = st.one_of(*[st.just(NEVER)] * 5, st.integers(0, 15))
"""Before which statement of the database the process dies."""

ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), OWNERS, st.booleans(), st.booleans(), NAMES, st.integers(0, 2)),
        st.tuples(st.just("say"), WHICH, st.integers(1, 5), DEATH),
        st.tuples(st.just("end"), WHICH, st.sampled_from(["finish", "fail", "stop", "leave"]), DEATH),
        st.tuples(st.just("delete"), WHICH, DEATH),
        st.tuples(st.just("look"), st.booleans()),
    ),
    min_size=1,
    max_size=12,
)

ENDS: dict[str, AnyEvent] = {
    "finish": Finished("stop"),
    "fail": Failed("upstream_error", "It broke.", 502, "upstream_error"),
    "stop": Stopped("user"),
    "leave": Stopped("disconnect"),
}
LOST = "producer_lost"


def nth(runs: list[str], which: int) -> str:
    """One of them; empty when there is none."""
    return runs[which % len(runs)] if runs else ""


def plain(events: list[AnyEvent]) -> list[AnyEvent]:
    """Without the record of attempts and what was counted, which others look after."""
    counted = [number for number, event in enumerate(events) if isinstance(event, Usage)]
    assert counted in ([], [len(events) - 2]), "it comes once, and with the end"
    said = without_counts(events)
    return [msgspec.structs.replace(event, attempts=()) if isinstance(event, Failed) else event for event in said]


class Told:
    """What is known of a run."""

    def __init__(self, owner: str, is_speech: bool, keep: bool, names: tuple[str, ...], hooks: int) -> None:
        self.owner, self.is_speech, self.keep, self.names, self.hooks = owner, is_speech, keep, names, hooks
        self.said: list[AnyEvent] = []
        self.seen: list[AnyEvent] = []
        """What somebody has seen of it."""
        self.end: AnyEvent | None = None
        """How it should end, and perhaps did."""
        self.is_over = False
        """Somebody was told that it is over."""
        self.has_reader = True
        self.is_safe = False
        """Somebody was told something that would be a lie without it."""
        self.is_going = False
        """It may have been deleted."""

    def check(self, events: list[AnyEvent], is_over: bool, is_quiet: bool) -> None:
        """Whether this may be seen of it, in a process that was not killed meanwhile."""
        events = plain(events)
        assert events[: len(self.seen)] == self.seen
        whole = [*self.said, self.end] if self.end else self.said
        assert events == whole[: len(events)]
        assert is_over == bool(events and isinstance(events[-1], LAST))
        assert not (self.is_over or is_quiet) or events == whole
        # That it is there says nothing of its beginning being kept.
        self.seen, self.is_over, self.is_safe = events, is_over, self.is_safe or bool(events)

    def check_after_death(self, events: list[AnyEvent], is_over: bool) -> None:
        """Whether this may be what the next process makes of it."""
        events = plain(events)
        assert events[: len(self.seen)] == self.seen
        if not is_over:
            assert (self.keep, events) == (True, [])
        elif events[-1:] != [self.end]:
            assert not self.is_over
            assert isinstance(events[-1], Failed)
            assert events[-1].code == LOST
            assert not self.keep or len(events) > 1
        said = events[:-1] if is_over else events
        assert said == self.said[: len(said)]
        self.said, self.end, self.has_reader = said, events[-1] if is_over else None, False
        self.seen, self.is_over, self.is_safe = events, is_over, True


class Engines(RuleBasedStateMachine):
    """Any history of an engine."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp(prefix="headgate-"))
        self._runs: dict[str, Told] = {}
        self._gone_names: set[str] = set()
        self._wake()

    def _wake(self) -> None:
        self._child = Child(engine, self._folder / "runs.db")
        self._child.ask("open")

    # What happens.

    @rule(acts=ACTS)
    def live(self, acts: list[tuple[Any, ...]]) -> None:
        """For a while."""
        for act, *given in acts:
            getattr(self, act)(*given)

    def start(self, owner: str, is_speech: bool, keep: bool, names: tuple[str, ...], hooks: int) -> None:
        """A run."""
        told = Told(owner, is_speech, keep, names, hooks)
        run: str = self._child.ask("start", owner, is_speech, keep, names, (Hook("http://a/", "run"),) * hooks)
        self._runs[run] = told

    def at_work(self) -> list[str]:
        """Those without an end."""
        return [run for run, told in self._runs.items() if told.end is None]

    def say(self, which: int, count: int, dies: int) -> None:
        """Some more, without waiting for anything."""
        if not (run := nth(self.at_work(), which)):
            return
        told = self._runs[run]
        words = [f"w{len(told.said) + number}" for number in range(count)]
        numbered: list[AnyEvent] = [Audio(word.encode()) if told.is_speech else Text(word) for word in words]
        events = numbered if told.said else [STARTED, *numbered]
        told.said = [*told.said, *events]
        self.act("say", run, events, dies=dies)

    def end(self, which: int, how: str, dies: int) -> None:
        """In one of the ways there are."""
        if not (run := nth(self.at_work(), which)):
            return
        told = self._runs[run]
        if how == "leave":
            if not told.has_reader:
                return
            told.has_reader = False
        if how != "leave" or not told.keep:
            told.end = ENDS[how]
        if self.act(how, run, told.owner, dies=dies) and told.end is not None:
            told.is_over = told.is_safe = True

    def delete(self, which: int, dies: int) -> None:
        """One of the first, wherever it is; so that others live on."""
        if not (run := nth(list(self._runs)[:2], which)):
            return
        told = self._runs[run]
        self._gone_names |= set(told.names)
        told.is_going, told.end = True, told.end or ENDS["stop"]
        if self.act("delete", run, told.owner, dies=dies):
            del self._runs[run]
            assert run not in self.see().logs

    def act(self, verb: str, *given: Any, dies: int = NEVER) -> bool:
        """Whether it came back."""
        try:
            self._child.ask(verb, *given, dies=dies)
        except Died:
            self.recover()
            return False
        return True

    # What is seen.

    def look(self, is_quiet: bool) -> None:
        """At everything."""
        seen = self.see(is_quiet)
        assert set(seen.logs) == set(self._runs)
        for run, told in self._runs.items():
            told.check(*seen.logs[run], is_quiet)
        self.check_the_rest(seen)

    def see(self, is_quiet: bool = False) -> Look:
        """Everything there is to see."""
        runs = {run: told.owner for run, told in self._runs.items()}
        seen: Look = self._child.ask("look", runs, ["red", "green"], is_quiet)
        return seen

    def check_the_rest(self, seen: Look) -> None:
        """Names, lists and deliveries."""
        for owner, listed in seen.lists.items():
            assert listed == sorted((run for run, told in self._runs.items() if told.owner == owner), reverse=True)
        for name in {"red", "green"} - self._gone_names:
            newest = max((run for run, told in self._runs.items() if name in told.names), default=None)
            assert seen.names.get(name) == newest
        for run, told in self._runs.items():
            assert seen.sent[run] == (told.hooks if told.is_over else 0)

    # Death.

    @rule(is_orderly=st.booleans())
    def wake_up(self, is_orderly: bool) -> None:
        """After it was killed at any time, or closed, which ends what is at work."""
        if not is_orderly:
            self._child.kill()
            self.recover()
            return
        self.look(is_quiet=True)
        for told in self._runs.values():
            if told.end is None:
                told.end = Failed("shutting_down", "The gateway was shut down in the middle of this answer.", 503)
        self._child.ask("close")
        self._child.kill()
        self._wake()
        self.look(is_quiet=True)

    def recover(self) -> None:
        """The next process."""
        self._wake()
        seen = self.see(is_quiet=True)
        for run, told in list(self._runs.items()):
            if run in seen.logs:
                told.check_after_death(*seen.logs[run])
                told.is_going = False
            else:
                assert told.is_going or not told.is_safe
                del self._runs[run]
        self.check_the_rest(seen)

    @override
    def teardown(self) -> None:
        self._child.kill()
        shutil.rmtree(self._folder)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_engine() -> None:
    """Any history, with crashes; to make one that fails short takes minutes."""
    phases = [phase for phase in Phase if phase is not Phase.explain]
    histories = settings(
        max_examples=15,
        stateful_step_count=15,
        deadline=None,
        phases=phases,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Engines, settings=histories)
