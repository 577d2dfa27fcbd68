"""What runs come to: one usage before the end of each, said or counted, with what it cost."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import pytest

from headgate.calls import Call
from headgate.errors import ProviderError, StoreError
from headgate.events import (
    LAST,
    AnyEvent,
    Continued,
    Failed,
    Finished,
    Reasoning,
    Started,
    Stopped,
    Text,
    ToolCall,
    ToolInput,
    Usage,
)
from headgate.providers.base import Ask, Emit
from headgate.runs import Engine, Settings, Wishes
from headgate.runs.bill import FEW_BYTES, FEW_EVENTS, Billing
from headgate.runs.price import Price
from headgate.runs.prices import Prices
from headgate.store.base import Record
from tests.runs.fakes import (
    STARTED,
    Fake,
    HeldStore,
    Play,
    Talk,
    begin,
    call,
    head,
    over,
    run,
    saying,
    texts,
    turns,
    working,
)
from tests.runs.fleet import Fleet, failing

PRICES = Prices({"fake/m": Price(input=10.0, output=20.0), "a/m": Price(input=1.0, output=1.0)})
PRICED = Settings(prices=PRICES)
LONG = "Hello there! " * 1000
MANY = [Text("Hello there! ")] * (FEW_EVENTS + 1)


def bill_of(events: Sequence[AnyEvent]) -> Usage:
    """The one usage of a log, which stands before its end."""
    assert isinstance(events[-1], LAST)
    (usage,) = (event for event in events if isinstance(event, Usage))
    assert events[-2] is usage
    return usage


def has_bill(events: Sequence[AnyEvent]) -> bool:
    """Whether there is one at all."""
    return any(isinstance(event, Usage) for event in events)


def emitting(*events: AnyEvent, seen: Usage | None = None, error: ProviderError | None = None) -> Play:
    """Say this, and be done, or break."""

    async def play(ask: Ask, emit: Emit) -> None:
        for event in events[:-1] if isinstance(events[-1], LAST) else events:
            emit([event])
        if isinstance(events[-1], LAST):
            emit([events[-1]])
        if seen is not None:
            ask.listener.on_usage(seen)
        if error is not None:
            raise error

    return play


async def made_of(play: Play, settings: Settings = PRICED) -> list[AnyEvent]:
    """The log of a run of that play."""
    async with working(Fake(play), settings=settings) as engine:
        return (await over(engine, await begin(engine))).events


SAID = Usage(1000, 50, 1050, cached=0, extra=b'{"prompt_tokens":1000,"completion_tokens":50,"total_tokens":1050}')


def test_what_the_provider_says_is_given_its_price() -> None:
    async def play() -> None:
        log = await made_of(emitting(STARTED, Text("Hello!"), SAID, Finished("stop")))
        assert bill_of(log) == msgspec.structs.replace(SAID, cost=0.011)

    run(play())


def test_without_a_price_there_is_no_cost() -> None:
    async def play() -> None:
        log = await made_of(emitting(STARTED, Text("Hello!"), SAID, Finished("stop")), Settings())
        assert bill_of(log) == SAID

    run(play())


WHOLE: dict[str, Sequence[AnyEvent]] = {
    "in one piece": [STARTED, Text("Hello there!"), Finished("stop")],
    "in many": [STARTED, *texts("Hello", " there", "!"), Finished("length")],
    "with a call": [STARTED, ToolCall(0, "call_1", "weather"), ToolInput(0, '{"city":"Brno"}'), Finished("tool_calls")],
    "thought": [STARTED, Reasoning("Let me think."), Text("Yes."), Finished("stop")],
    "several": [STARTED, Text("Yes."), Text("No.", choice=1), Finished("stop", ("stop",))],
    "long": [STARTED, Text(LONG), Finished("stop")],
    "long, of many events": [STARTED, *MANY, Finished("stop")],
}


@pytest.mark.parametrize("events", WHOLE.values(), ids=WHOLE.keys())
def test_what_the_provider_does_not_say_is_counted(events: list[AnyEvent]) -> None:
    """And marked, priced and kept like what is said; long or short, it comes once."""

    async def play() -> None:
        store = HeldStore()
        async with working(Fake(emitting(*events)), store, settings=PRICED) as engine:
            made = await over(engine, await begin(engine))
            assert [event for event in made.events if not isinstance(event, Usage)] == list(events)
            usage = bill_of(made.events)
            assert usage.estimated
            assert usage.input > 3
            assert usage.output > 1
            assert usage.total == usage.input + usage.output
            assert usage.cost == pytest.approx((usage.input * 10 + usage.output * 20) / 1e6)
            assert store.kept(made.id) == made.events
            (listed,) = await store.recent("anybody", limit=1)
            assert (listed.input_tokens, listed.output_tokens) == (usage.input, usage.output)
            assert (listed.cost, listed.estimated) == (usage.cost, True)

    run(play())


@pytest.mark.parametrize("count", range(FEW_EVENTS - 2, FEW_EVENTS + 3))
@pytest.mark.parametrize("end", [Finished("stop"), Failed("down", "It broke.")], ids=lambda end: type(end).__name__)
def test_answers_end_however_many_events_they_have(count: int, end: AnyEvent) -> None:
    """Also those that are neither short nor long."""

    async def play() -> None:
        said: list[AnyEvent] = [STARTED, *[Text("Hi")] * (count - 1)]
        error = ProviderError("It broke.", code="down")
        one = emitting(*said, end) if isinstance(end, Finished) else emitting(*said, error=error)
        log = await made_of(one)
        assert type(log[-1]) is type(end)
        assert bill_of(log).estimated

    run(play())


HALVES = {
    "nothing came out": (Usage(500, 0, 500, cached=100, extra=b'{"prompt_tokens":500}'), (500, 3, 100)),
    "nothing went in": (Usage(0, 40, 40), (5, 40, 0)),
    "nothing at all": (Usage(0, 0, 0), (5, 3, 0)),
}


@pytest.mark.parametrize(("said", "expected"), HALVES.values(), ids=HALVES.keys())
def test_half_a_usage_is_made_whole(said: Usage, expected: tuple[int, int, int]) -> None:
    """What was said is kept; its own object is not, because it is wrong."""

    async def play() -> None:
        usage = bill_of(await made_of(emitting(STARTED, Text("Hello there!"), said, Finished("stop"))))
        assert (usage.input, usage.output, usage.cached) == expected
        assert usage.total == usage.input + usage.output
        assert usage.estimated
        assert usage.extra is None
        assert usage.cost is not None

    run(play())


def test_an_answer_without_a_word_may_well_have_no_output() -> None:
    async def play() -> None:
        said = Usage(500, 0, 500)
        assert bill_of(await made_of(emitting(STARTED, said, Finished("length")), Settings())) == said

    run(play())


def test_an_answer_that_breaks_is_counted_as_far_as_it_came() -> None:
    async def play() -> None:
        broke = ProviderError("It broke.", code="cut")
        for words in (Text("Hello there!"), Text(LONG)):
            log = await made_of(emitting(STARTED, words, error=broke))
            assert isinstance(log[-1], Failed)
            usage = bill_of(log)
            assert usage.estimated
            assert usage.input == 5
            assert usage.output >= 3

    run(play())


SEEN = {
    "what went in": (Usage(500, 1, 501, cached=100), (500, 3, 100)),
    "as much as came": (Usage(500, 3, 503), (500, 3, 0)),
    "more than came": (Usage(500, 90, 590, reasoning=80), (500, 90, 0)),
}


@pytest.mark.parametrize(("seen", "expected"), SEEN.values(), ids=SEEN.keys())
def test_what_was_said_before_an_answer_broke_is_not_lost(seen: Usage, expected: tuple[int, int, int]) -> None:
    async def play() -> None:
        broke = ProviderError("It broke.", code="cut")
        log = await made_of(emitting(STARTED, Text("Hello there!"), seen=seen, error=broke))
        usage = bill_of(log)
        assert (usage.input, usage.output, usage.cached) == expected
        assert usage.reasoning == seen.reasoning
        assert usage.estimated == ((seen.input, seen.output) != (usage.input, usage.output))

    run(play())


def test_an_answer_that_is_stopped_is_counted_too() -> None:
    """Whoever stops it, and whatever it has said by then."""

    async def play() -> None:
        for words in ([], [Text("Hello there!")], [Text(LONG)]):
            talk = Talk()
            async with working(Fake(talk), settings=PRICED) as engine:
                made = await begin(engine)
                await talk.began.wait()
                talk.emit([STARTED, *words])
                await engine.stop(made)
                assert made.events[-1] == Stopped("user")
                assert bill_of(made.events).input == 5
                assert (bill_of(made.events).output > 0) == bool(words)

    run(play())


def test_what_a_shutdown_cuts_off_is_counted() -> None:
    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk), settings=PRICED) as engine:
            made = await begin(engine)
            await talk.began.wait()
            talk.emit([STARTED, Text(LONG)])
        assert isinstance(made.events[-1], Failed)
        assert bill_of(made.events).output > 1000

    run(play())


NOTHING: dict[str, Play] = {
    "an error": failing(429),
    "an error after a beginning": failing(502, after=[STARTED]),
}


@pytest.mark.parametrize("talk", NOTHING.values(), ids=NOTHING.keys())
def test_where_nothing_came_nothing_is_owed(talk: Play) -> None:
    async def play() -> None:
        assert not has_bill(await made_of(talk))

    run(play())


def test_a_run_that_is_stopped_before_it_began_has_no_bill() -> None:
    async def play() -> None:
        async with working(Fake(saying("a")), settings=PRICED) as engine:
            made = await begin(engine)
            await engine.stop(made)
            assert made.events == [Stopped("user")]
            (listed,) = await engine.store.recent("anybody", limit=1)
            assert (listed.input_tokens, listed.cost, listed.estimated) == (0, None, None)

    run(play())


def test_while_tokens_are_counted_nothing_else_comes() -> None:
    """The answer is whole, and its end is the next that anybody sees of it."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk), settings=PRICED) as engine:
            made = await begin(engine)
            await talk.began.wait()
            talk.emit([STARTED, Text(LONG), Finished("stop")])
            assert made.has_ended
            assert not made.is_over
            talk.emit([Text("More."), Finished("stop")])
            talk.end(ProviderError("It broke after all."))
            await engine.stop(made)
            assert [type(event) for event in made.events] == [Started, Text, Usage, Finished]
            assert made.is_over

    run(play())


def test_counting_does_not_hold_up_the_loop() -> None:
    """Everybody else has many turns while a long text is counted."""

    async def play() -> None:
        billing, others = Billing(PRICES), 0
        bill = billing.bill(call())
        bill.answers("fake", "m", 0)
        events: list[AnyEvent] = [STARTED, Text(LONG * 20), Finished("stop")]
        assert not bill.close(events, STARTED, 0)
        settling = asyncio.create_task(bill.settle(events, STARTED, Failed("never", "")))
        while not settling.done():
            await asyncio.sleep(0)
            others += 1
        assert others > 10
        usage, end = await settling
        assert isinstance(usage, Usage)
        assert end == Finished("stop")
        billing.close()

    run(play())


def test_whoever_wants_it_stopped_meanwhile_does_not_lose_its_end() -> None:
    async def play() -> None:
        billing = Billing(PRICES)
        bill = billing.bill(call())
        bill.answers("fake", "m", 0)
        events: list[AnyEvent] = [STARTED, Text(LONG * 20)]
        settling = asyncio.create_task(bill.settle(events, STARTED, Stopped("user")))
        for _ in range(3):
            await turns(2)
            settling.cancel()
        usage, end = await settling
        assert isinstance(usage, Usage)
        assert end == Stopped("user")
        billing.close()

    run(play())


def test_a_count_that_fails_costs_the_count_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*said: object) -> int:
        raise RuntimeError("It cannot count.")

    monkeypatch.setattr("headgate.formats.tokens.count", broken)

    async def play() -> None:
        for words in (Text("Hello there!"), Text(LONG)):
            log = await made_of(emitting(STARTED, words, Finished("stop")))
            assert [type(event) for event in log] == [Started, Text, Finished]
            assert caplog.text.count("could not be counted") == 1
            caplog.clear()

    run(play())


def test_a_request_that_only_its_own_provider_understands_is_counted_as_text() -> None:
    async def play() -> None:
        strange = msgspec.Raw(b'[{"role":"user","content":[{"type":"hologram","words":"Hello there, how are you?"}]}]')
        asked = call()
        asked.fields["messages"] = strange
        async with working(Fake(saying("Well.")), settings=PRICED) as engine:
            route = await engine.catalogue.route(asked.model)
            made = await over(engine, engine.start(asked, route, owner="me"))
            assert 15 < bill_of(made.events).input < 60

    run(play())


BEGUN: list[AnyEvent] = [Started("a", "m", "", 0), Text("Once upon a time there was a")]


def going_on(*said: AnyEvent) -> Play:
    """Say the rest of it."""

    async def play(ask: Ask, emit: Emit) -> None:
        emit([Started("b", "n", "", 0), Text(" king."), *said, Finished("stop")])

    return play


async def in_two_parts(*said: AnyEvent) -> Usage:
    """The bill of an answer that one began and another went on with, whose tokens out and in cost a dollar."""
    settings = Settings(prices=Prices({"a/m": Price(input=1e6, output=0.0), "b/n": Price(input=0.0, output=1e6)}))
    async with Fleet(failing(502, after=BEGUN), going_on(*said), settings=settings) as fleet:
        made = await over(fleet.engine, await fleet.begin("a/m", "b/n", wishes=Wishes(goes_on=True)))
        assert any(isinstance(event, Continued) for event in made.events)
        return bill_of(made.events)


def test_both_parts_of_an_answer_that_was_gone_on_with_are_paid() -> None:
    """Each at its own price; who goes on is also given what was said so far."""

    async def play() -> None:
        usage = await in_two_parts()
        assert usage.estimated
        assert (usage.input, usage.output) == (5 + (5 + 7), 7 + 3)
        assert usage.cost == 5 + 3
        usage = await in_two_parts(Usage(100, 10, 110))
        assert usage.estimated
        assert (usage.input, usage.output) == (5 + 100, 7 + 10)
        assert usage.cost == 5 + 10

    run(play())


def recovered(events: list[AnyEvent], *, keep: bool = False) -> HeldStore:
    """A store with one run that a crash left behind."""
    store = HeldStore()
    store.orphans = [Record(head(keep=keep), events)]
    return store


LEFT: Mapping[str, tuple[list[AnyEvent], bool]] = {
    "a little": ([STARTED, Text("Hello there!")], True),
    "much": ([STARTED, Text(LONG)], True),
    "a beginning": ([STARTED], False),
    "nothing": ([], False),
}


@pytest.mark.parametrize(("events", "expected"), LEFT.values(), ids=LEFT.keys())
@pytest.mark.parametrize("readable", [True, False])
def test_what_a_crash_left_behind_is_counted(events: list[AnyEvent], expected: bool, readable: bool) -> None:
    def replay(record: Record) -> Call | None:
        return call(record.head.model) if readable else None

    async def play() -> None:
        async with working(Fake(None), recovered(events), settings=PRICED, replay=replay) as engine:
            made = await over(engine, await engine.find(head().run, "anybody"))
            assert isinstance(made.events[-1], Failed)
            assert has_bill(made.events) == expected
            if expected:
                usage = bill_of(made.events)
                assert usage.estimated
                assert (usage.input > 0) == readable
                assert usage.cost is not None

    run(play())


def readable(record: Record) -> Call | None:
    """A request that can be read again."""
    return call(record.head.model)


@pytest.mark.parametrize("how", ["stop", "leave", "close"])
def test_nobody_ends_in_another_way_what_a_crash_left_behind(how: str) -> None:
    """Not even while it is being counted."""

    async def play() -> None:
        async with working(Fake(None), recovered([STARTED, Text(LONG)]), settings=PRICED, replay=readable) as engine:
            made = await engine.find(head().run, "anybody")
            if how == "stop":
                await engine.stop(made)
            elif how == "leave":
                engine.leave(engine.follow(made))
                await over(engine, made)
        assert isinstance(made.last, Failed)
        assert made.last.code == "producer_lost"
        assert bill_of(made.events).estimated

    run(play())


@pytest.mark.parametrize("count", [1, 20])
def test_a_shutdown_does_not_wait_for_long_counts(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be thousands of them; each run ends as it should all the same, with a rough bill."""
    monkeypatch.setattr("headgate.runs.bill.REST", 0.2)
    monkeypatch.setattr("headgate.runs.engine.LAST_WORDS", 0.5)

    async def play() -> None:
        store = HeldStore()
        play = emitting(STARTED, Reasoning(LONG), Text(LONG), Finished("stop"))
        async with working(Fake(play), store, settings=PRICED) as engine:
            runs = [await begin(engine) for _ in range(count)]
            while not all(made.is_ending for made in runs):
                await asyncio.sleep(0)
        for made in runs:
            assert store.kept(made.id) == made.events
            assert made.events[-1] == Finished("stop")
            usage = bill_of(made.events)
            assert usage.input > 0
            assert usage.estimated
            assert usage.reasoning == pytest.approx(len(LONG) / 4, rel=0.5)
            assert usage.output == pytest.approx(2 * usage.reasoning)

    run(play())


def test_nobody_waits_for_very_many_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would come after all of them is counted at a glance."""
    monkeypatch.setattr("headgate.runs.bill.REST", 0.2)
    monkeypatch.setattr("headgate.runs.bill.MOST_WAITING", 1)

    async def play() -> None:
        async with working(Fake(emitting(STARTED, Text(LONG), Finished("stop"))), settings=PRICED) as engine:
            first = await begin(engine)
            while not first.is_ending:
                await asyncio.sleep(0)
            await turns()
            second = await over(engine, await begin(engine))
            assert first.is_ending
            assert bill_of(second.events).output == pytest.approx(len(LONG) / 4, rel=0.1)

    run(play())


def test_a_run_that_the_store_refuses_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.runs.commit.RETRIES", ())

    async def play() -> None:
        store = HeldStore()
        talk = Talk()
        async with working(Fake(talk), store, settings=PRICED) as engine:
            made = await begin(engine)
            await talk.began.wait()
            talk.emit([STARTED, Text(LONG)])
            follower = engine.follow(made)
            await follower.news(1)
            store.failures = [StoreError("Full.", code="store_full")]
            talk.emit([Text("More."), Finished("stop")])
            while not made.is_over:
                await follower.news(made.shown)
            assert isinstance(made.last, Failed)
            engine.leave(follower)

    run(play())


def test_a_new_engine_has_no_thread_until_there_is_something_to_count() -> None:
    assert len(Billing()._counter._threads) == 0
    assert len(LONG) > FEW_BYTES


def test_engines_close_what_they_count_with() -> None:
    async def play() -> Engine:
        async with working(Fake(emitting(STARTED, Text(LONG), Finished("stop"))), settings=PRICED) as engine:
            await over(engine, await begin(engine))
            return engine

    engine = asyncio.run(play())
    assert engine._billing._counter._shutdown
