"""What becomes of runs with functions that a crash left without an end."""

import asyncio
from collections.abc import Collection, Sequence

import msgspec
import pytest

from headgate.calls import Call
from headgate.events import AnyEvent, Attempt, Called, Calling, Failed, Started, Stopped, Text, ToolCall, Usage
from headgate.formats import openai_responses
from headgate.runs.rounds.past import Past
from headgate.store.base import Record
from headgate.tools import PlainFunction, Toolbox
from tests.runs.fakes import STARTED, HeldStore, head, over, run, told, turns
from tests.runs.lathe import CALLS, STOP, Lathe, Weather, asking, function, rounds, timeless, use

ID = head().run
GIVEN = '{"city":"Oslo"}'


def calling(id: str = "c0") -> Calling:
    """The server was about to execute it."""
    return Calling(id, "weather", GIVEN)


def called(id: str = "c0", result: str = "5 degrees") -> Called:
    """It was."""
    return Called(id, "weather", GIVEN, result)


def left(*events: AnyEvent, keep: bool = True, own_key: bool = False) -> HeldStore:
    """A store with one run that nobody has ended."""
    store = HeldStore()
    store.orphans = [Record(msgspec.structs.replace(head(keep=keep, model="a/m"), own_key=own_key), list(events))]
    return store


def replay(record: Record) -> Call | None:
    """Every request can be asked again."""
    return asking("weather")


def weather(*, is_repeatable: bool) -> Weather:
    """A function that may be executed twice, or may not."""
    made = Weather()
    made.tool = function("weather", made.tool.run, is_repeatable=is_repeatable)
    return made


INTERRUPTED: dict[str, Sequence[AnyEvent]] = {
    "at_once": [STARTED, calling()],
    "one_of_two": [STARTED, Text("a"), calling("c0"), calling("c1"), called("c1")],
    "in_a_later_round": [STARTED, calling("c0"), called("c0"), Text("b"), calling("c1")],
}


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("events", INTERRUPTED.values(), ids=INTERRUPTED.keys())
def test_a_function_that_was_interrupted_is_not_executed_again(events: Sequence[AnyEvent], keep: bool) -> None:
    """Its run ends, and says which function that was."""

    async def play() -> None:
        made = weather(is_repeatable=False)
        async with Lathe(
            rounds([Text("x")]), tools=[made.tool], store=left(*events, keep=keep), replay=replay
        ) as lathe:
            found = await over(lathe.engine, await lathe.engine.find(ID, "anybody"))
            assert told(found.events)[:-1] == list(events)
            assert isinstance(found.last, Failed)
            assert (found.last.code, found.last.status) == ("function_interrupted", 503)
            assert "'weather'" in found.last.message
            assert made.asked == []
            assert lathe.fakes[0].asked == []

    run(play())


@pytest.mark.parametrize("events", INTERRUPTED.values(), ids=INTERRUPTED.keys())
def test_a_function_that_may_be_repeated_is_and_the_log_says_so(events: Sequence[AnyEvent]) -> None:
    """With the id that it had; and what was known of its brothers stays."""

    async def play() -> None:
        made = weather(is_repeatable=True)
        again = next(event for event in reversed(events) if isinstance(event, Calling) and event.id != "c1")
        if isinstance(events[-1], Calling):
            again = events[-1]
        async with Lathe(rounds([Text("x")]), tools=[made.tool], store=left(*events), replay=replay) as lathe:
            found = await over(lathe.engine, await lathe.engine.find(ID, "anybody"))
            log = [timeless(event) for event in told(found.events)]
            assert log[: len(events)] == list(events)
            assert log[len(events) : len(events) + 2] == [again, called(again.id, "5 degrees in Oslo")]
            assert log[-2:] == [Text("x"), STOP]
            assert [context.call_id for _, context in made.asked] == [f"{ID}/{again.id}"]
            added = lathe.fakes[0].asked[0].call.added
            assert added is not None
            answered = [message.call_id for turn in added.turns for message in turn.results]
            assert sorted(str(id) for id in answered) == sorted({e.id for e in events if isinstance(e, Calling)})

    run(play())


def test_a_run_between_two_rounds_goes_on() -> None:
    """Nothing is executed again, and the provider is told what was said and done; its tokens are counted."""

    async def play() -> None:
        made = weather(is_repeatable=False)
        before: list[AnyEvent] = [STARTED, Text("Let me see."), calling(), called()]
        said: list[AnyEvent] = [Text("x"), Usage(10, 1, 11), STOP]
        async with Lathe(rounds(said), tools=[made.tool], store=left(*before), replay=replay) as lathe:
            found = await over(lathe.engine, await lathe.engine.find(ID, "anybody"))
            assert told(found.events) == [*before, Text("\n\n"), Text("x"), STOP]
            usage = found.events[-2]
            assert isinstance(usage, Usage)
            # What the round before the crash took is counted, for nobody has kept what its provider said of it.
            assert usage.estimated
            assert (usage.input > 10, usage.output > 1) == (True, True)
            added = lathe.fakes[0].asked[0].call.added
            assert added is not None
            (turn,) = added.turns
            assert [part.text for part in turn.said.parts if hasattr(part, "text")] == ["Let me see."]
            assert made.asked == []

    run(play())


def test_calls_before_the_crash_are_counted() -> None:
    """Where the client says how many there may be."""
    body = {"model": "a/m", "input": "Hi", "functions": ["weather"], "max_tool_calls": 1}

    async def play() -> None:
        made, store = weather(is_repeatable=True), left(STARTED, calling(), called())
        async with Lathe(
            rounds([Text("x")]), tools=[made.tool], store=store, replay=lambda record: responses(body)
        ) as lathe:
            await over(lathe.engine, await lathe.engine.find(ID, "anybody"))
            added = lathe.fakes[0].asked[0].call.added
            assert added is not None
            assert not added.may_call

    run(play())


def responses(body: object) -> Call:
    """A request in the API that has such a word."""
    return openai_responses.read(msgspec.json.encode(body))


class Late:
    """Where functions come from after a while."""

    name = "late"

    def __init__(self, tool: PlainFunction) -> None:
        self.tool, self.may_come = tool, asyncio.Event()
        self.toolbox: Toolbox | None = None

    def open(self, toolbox: Toolbox) -> None:
        self.toolbox = toolbox

    async def prepare(self, names: Collection[str] | None) -> None:
        await self.may_come.wait()
        assert self.toolbox is not None, "it was opened before"
        self.toolbox.put(self.name, [self.tool])

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("events", [[], [STARTED, calling()]], ids=["nothing", "in_a_call"])
def test_functions_that_are_on_their_way_are_waited_for_but_not_by_the_start(events: Sequence[AnyEvent]) -> None:
    async def play() -> None:
        made = weather(is_repeatable=True)
        late = Late(made.tool)
        async with Lathe(rounds(use(), [Text("x")]), sources=[late], store=left(*events), replay=replay) as lathe:
            found = await lathe.engine.find(ID, "anybody")
            await turns()
            assert not found.has_ended
            late.may_come.set()
            assert told((await over(lathe.engine, found)).events)[-2:] == [Text("x"), STOP]
            assert len(made.asked) >= 1

    run(play())


def test_a_run_that_waits_for_its_functions_can_be_stopped() -> None:
    async def play() -> None:
        late = Late(weather(is_repeatable=True).tool)
        async with Lathe(rounds([Text("x")]), sources=[late], store=left(), replay=replay) as lathe:
            found = await lathe.engine.find(ID, "anybody")
            await turns()
            await lathe.engine.stop(found)
            assert found.last == Stopped("user")

    run(play())


LOST: dict[str, tuple[Sequence[AnyEvent], dict[str, bool]]] = {
    "words_after_the_last_result": ([STARTED, calling(), called(), Text("It")], {}),
    "nobody_waits": ([STARTED, calling(), called()], {"keep": False}),
    "a_key_of_the_clients": ([STARTED, calling(), called()], {"own_key": True}),
}


@pytest.mark.parametrize(("events", "how"), LOST.values(), ids=LOST.keys())
def test_any_other_run_is_lost(events: Sequence[AnyEvent], how: dict[str, bool]) -> None:
    async def play() -> None:
        made = weather(is_repeatable=True)
        store = left(*events, **how)
        async with Lathe(rounds([Text("x")]), tools=[made.tool], store=store, replay=replay) as lathe:
            found = await over(lathe.engine, await lathe.engine.find(ID, "anybody"))
            assert isinstance(found.last, Failed)
            assert found.last.code == "producer_lost"
            assert (made.asked, lathe.fakes[0].asked) == ([], [])

    run(play())


def test_a_run_whose_functions_are_gone_is_not_asked_anew() -> None:
    """It would get a second answer in one log."""

    async def play() -> None:
        store = left(STARTED, calling(), called())
        async with Lathe(rounds([Text("x")]), store=store, replay=lambda record: asking()) as lathe:
            found = await over(lathe.engine, await lathe.engine.find(ID, "anybody"))
            assert isinstance(found.last, Failed)
            assert lathe.fakes[0].asked == []

    run(play())


def test_a_run_that_had_not_begun_is_asked_again_with_its_functions() -> None:
    async def play() -> None:
        made = weather(is_repeatable=False)
        store = left(Attempt("a", 500, "down", "m is down"))
        async with Lathe(rounds(use(), [Text("x")]), tools=[made.tool], store=store, replay=replay) as lathe:
            found = await over(lathe.engine, await lathe.engine.find(ID, "anybody"))
            assert told(found.events)[-2:] == [Text("x"), STOP]
            assert len(made.asked) == 1

    run(play())


def test_rounds_are_read_from_a_log_as_they_were() -> None:
    """Words between two rounds are no round's, and calls of one round are one turn."""
    first, second = Started("a", "m", "", 0), Text("b")
    past = Past(
        [
            first,
            Text("a"),
            calling("c0"),
            calling("c1"),
            called("c1"),
            called("c0"),
            Text("\n\n"),
            second,
            calling("c2"),
        ]
    )
    assert [[call.id for call in past.open], past.is_between] == [["c2"], True]
    one, two = past.rounds
    assert one.events()[:2] == [first, Text("a")]
    assert [event.id for event in one.events() if isinstance(event, ToolCall)] == ["c0", "c1"]
    assert two.events()[:2] == [first, second]
    assert two.events()[-1] == CALLS
