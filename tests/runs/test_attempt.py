"""One try at one provider: limits, and holding it back."""

from collections.abc import Sequence

import pytest
from typing_extensions import override

from headgate.events import AnyEvent, Started, Text
from headgate.providers.base import Ask, Emit, Flow, Limits, Provider
from headgate.runs.attempt import MAX_UNSHOWN, Attempt
from headgate.runs.pool import Member
from headgate.runs.run import Run
from headgate.store.base import Head


class Silent(Provider):
    """A provider that is only its name."""

    name = "acme"

    @property
    @override
    def limits(self) -> Limits:
        return Limits()

    @override
    async def run(self, ask: Ask, emit: Emit) -> None:
        raise AssertionError("nobody asks it")

    @override
    async def models(self) -> Sequence[str]:
        return ()

    @override
    async def close(self) -> None:
        pass


class Hand(Flow):
    """Notes what is done to it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    @override
    def pause(self) -> None:
        self.done.append("pause")

    @override
    def resume(self) -> None:
        self.done.append("resume")


class Play:
    """An attempt with a clock that the test turns."""

    def __init__(self, limits: Limits) -> None:
        self.now = 100.0
        self.run = Run(Head("run_1", "anybody", 0.0, "openai.chat", "m", b"{}"))
        self.attempt = Attempt(self.run, Member(Silent()), limits, self._append, lambda: self.now)

    def _append(self, run: Run, events: Sequence[AnyEvent]) -> None:
        run.add(events)

    def code_after(self, seconds: float) -> str | None:
        """The limit that has passed then."""
        self.now += seconds
        late = self.attempt.overdue(self.now)
        return None if late is None else late.code


def test_each_limit_has_its_own_code() -> None:
    """First event, idle, total."""
    play = Play(Limits(first_event=2, idle=3, total=10))
    assert play.code_after(1.9) is None
    assert play.code_after(0.2) == "first_event_timeout"
    play.attempt.emit([Started("acme", "m", "", 0)])
    assert play.code_after(2.9) is None
    assert play.code_after(0.2) == "idle_timeout"
    play.attempt.emit([Text("x")])
    assert play.code_after(2.9) is None
    play.attempt.emit([Text("y")])
    assert play.code_after(2.0) == "total_timeout"


def test_nothing_is_no_sign_of_life() -> None:
    """An upstream that only sends comments is idle."""
    play = Play(Limits(first_event=2, idle=3))
    play.attempt.emit([Text("x")])
    play.now += 2
    play.attempt.emit([])
    assert play.code_after(1.5) == "idle_timeout"


@pytest.mark.parametrize("pieces", [1, 100])
def test_a_provider_is_held_back_while_the_log_cannot_keep_up(pieces: int) -> None:
    """And let go again when it has caught up; the pause does not count against the provider."""
    play, hand = Play(Limits(idle=3)), Hand()
    play.attempt.on_flow(hand)
    for _ in range(pieces):
        play.attempt.emit([Text("x")] * (MAX_UNSHOWN // pieces))
    assert hand.done == []
    play.attempt.emit([Text("x")])
    assert hand.done == ["pause"]
    play.now += 60
    play.attempt.let_go(play.now)
    assert (hand.done, play.code_after(0)) == (["pause"], None)
    play.run.show(len(play.run.events))
    play.attempt.let_go(play.now)
    play.attempt.let_go(play.now)
    assert hand.done == ["pause", "resume"]
