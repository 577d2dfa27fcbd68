"""What runs come to in which the server executes functions."""

import msgspec
import pytest

from headgate.calls import Added, Message, TextPart, ToolUse, Turn
from headgate.events import (
    Started,
    Text,
    Usage,
)
from headgate.runs import Run
from headgate.runs.bill import Billing
from headgate.runs.rounds.round import Round
from headgate.runs.rounds.tab import Tab
from tests.runs.fakes import STARTED, head, run
from tests.runs.fleet import failing, first
from tests.runs.lathe import CALLS, STOP, Lathe, Weather, asking, rounds, use

GIVEN = '{"city":"Oslo"}'


def test_usage_is_that_of_all_rounds_once() -> None:
    async def play() -> None:
        one, two = Usage(10, 2, 12, 3, 1), Usage(30, 4, 34)
        async with Lathe(rounds([*use(), one, CALLS], [Text("x"), two, STOP]), tools=[Weather().tool]) as lathe:
            made = (await lathe.run(asking("weather"))).events
            assert [event for event in made if isinstance(event, Usage)] == [Usage(40, 6, 46, 3, 1)]
            assert isinstance(made[-2], Usage)

    run(play())


def test_usage_in_its_providers_own_words_is_added_up_too() -> None:
    async def play() -> None:
        one = Usage(10, 2, 12, extra=b'{"prompt_tokens":10,"details":{"a":1},"tier":"a"}')
        two = Usage(30, 4, 34, extra=b'{"prompt_tokens":30,"details":{"a":2},"tier":"b"}')
        async with Lathe(rounds([*use(), one, CALLS], [Text("x"), two, STOP]), tools=[Weather().tool]) as lathe:
            made = (await lathe.run(asking("weather"))).events
            assert made[-2] == Usage(40, 6, 46, extra=b'{"prompt_tokens":40,"details":{"a":3},"tier":"b"}')

    run(play())


@pytest.mark.parametrize(("letters", "is_short"), [(100, True), (100_000, False)])
def test_long_results_are_not_counted_on_the_spot(letters: int, is_short: bool) -> None:
    """Where a provider does not say what a round took: whoever counts keeps everybody else waiting."""

    async def play() -> None:
        said = Message("assistant", (), calls=(ToolUse("c0", "weather", GIVEN),))
        result = Message("tool", (TextPart("x" * letters),), call_id="c0")
        call = msgspec.structs.replace(asking(), added=Added(turns=(Turn(said, (result,)),)))
        tab, round = Tab(Billing(), call), Round(Run(head()), 1)
        tab.begin(round, call)
        assert round.bill is not None
        assert round.bill.is_short([STARTED, Text("x")]) is is_short

    run(play())


def test_usage_in_anothers_words_is_counted_and_not_repeated() -> None:
    """In the log only the terms of whoever began are understood."""

    async def play() -> None:
        one = first(
            rounds([*use(), Usage(1, 1, 2, extra=b'{"a":1}'), CALLS], started=Started("a", "m", "", 0, "x")),
            failing(500),
        )
        two = rounds([Text("x"), Usage(2, 2, 4, extra=b'{"b":1}'), STOP], started=Started("b", "m", "", 0, "y"))
        async with Lathe(one, two, tools=[Weather().tool]) as lathe:
            made = (await lathe.run(asking("weather", fallbacks=["b/m"]))).events
            assert made[-2] == Usage(3, 3, 6)

    run(play())
