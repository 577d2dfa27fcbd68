"""What is counted of a run at its end."""

from itertools import pairwise

import msgspec

from headgate.events import AnyEvent, Failed, Finished, Started, Stopped, Text, Usage
from headgate.metrics import Meters
from headgate.metrics.families import OTHER
from headgate.observe.bills import Bills
from headgate.observe.ends import Ends
from headgate.observe.facts import facts_of
from headgate.runs import Run
from headgate.runs.tries import Try, reason
from tests.runs.fakes import head

STARTED = Started("acme", "m-1", "id", 0)
WHO = ("chat", "acme", "m-1")


def over(*events: AnyEvent, tries: tuple[Try, ...] = (), created: float = 100.0) -> Run:
    """A run that took ten seconds, two of them to its first words."""
    run = Run(msgspec.structs.replace(head("run_1"), created=created, format="openai.chat", model="default"))
    run.add(events)
    run.show(len(run.events))
    run.is_driven = True
    run.ended, run.tries = 110.0, list(tries)
    run.first_at = 102.0 if run.first_output is not None else None
    return run


def tried(provider: str, began: float, ended: float | None, *, key: str = "", spoke: bool = False) -> Try:
    return Try(provider, "m", key, "openai.chat", began, ended, has_spoken=spoke)


def counted(*runs: Run) -> Meters:
    meters = Meters()
    ends = Ends(meters, Bills(meters))
    for run in runs:
        ends.on_over(run)
    return meters


def test_a_whole_answer() -> None:
    usage = Usage(10, 5, 15, cached=4, reasoning=2, cost=0.25)
    meters = counted(over(STARTED, Text("One"), usage, Finished("stop")))
    assert meters.ended.of(*WHO, "finished", "").value == 1
    assert meters.whole.of(*WHO, "").total == 10.0
    assert meters.first.of(*WHO).total == 2.0
    assert meters.per_token.of(*WHO).total == 2.0
    tokens = {kind: meters.tokens.of("acme", "m-1", kind, "false").value for kind in KINDS}
    assert tokens == {"input": 10, "output": 5, "cached": 4, "reasoning": 2}
    assert meters.cost.of("acme", "m-1", "false").value == 0.25


KINDS = ("input", "output", "cached", "reasoning")


def test_an_estimate_is_told_from_what_was_said() -> None:
    meters = counted(over(STARTED, Text("One"), Usage(10, 5, 15, estimated=True), Finished("stop")))
    assert meters.tokens.of("acme", "m-1", "output", "true").value == 5
    assert meters.tokens.of("acme", "m-1", "output", "false").value == 0


def test_a_failure_and_a_stop_have_their_reasons() -> None:
    known = over(STARTED, Text("One"), Finished("stop"))
    meters = counted(known, over(STARTED, Failed("idle_timeout", "")), over(STARTED, Text("One"), Stopped("user")))
    assert meters.ended.of(*WHO, "failed", "idle_timeout").value == 1
    assert meters.ended.of(*WHO, "stopped", "user").value == 1
    assert meters.whole.of(*WHO, "idle_timeout").total == 10.0


def test_a_model_that_never_answered_is_not_told_apart() -> None:
    meters = counted(over(STARTED, Failed("upstream_error", "")))
    assert meters.ended.of("chat", "acme", OTHER, "failed", "upstream_error").value == 1


def test_a_clock_that_was_set_back_spoils_no_time() -> None:
    meters = counted(over(STARTED, Text("One"), Finished("stop"), created=200.0))
    assert meters.ended.of(*WHO, "finished", "").value == 1
    assert meters.whole.of(*WHO, "").total == 0.0


def test_why_others_were_asked() -> None:
    tries = (
        tried("a", 0, 1),
        tried("a", 1, 2),
        tried("a", 2, 3, key="key 2"),
        tried("b", 3, 6),
        tried("c", 4, 5, spoke=True),
        tried("d", 7, 8, spoke=True),
    )
    reasons = [reason(before, this) for before, this in pairwise(tries)]
    assert reasons == ["retry", "key", "failover", "hedge", "continuation"]
    run = over(STARTED, Text("One"), Finished("stop"), tries=tries)
    meters = counted(run)
    assert meters.retries.of("a").value == 2
    assert meters.failovers.of("a", "b").value == 1
    assert meters.hedges.of("c", "won").value == 1
    assert meters.continuations.of("c", "d").value == 1
    assert (facts_of(run).provider, facts_of(run).model) == ("d", "m")


def test_one_that_is_still_at_work_when_another_is_asked_is_hedged() -> None:
    assert reason(tried("a", 0, None), tried("b", 1, 2)) == "hedge"
