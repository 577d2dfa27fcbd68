"""An errand's way along its route: whom it asks, how often, how long, and what is told in the end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import pytest

from headgate.errors import BadRequest, HeadgateError, ProviderError
from headgate.net import ConnectTimeout
from headgate.providers.base import Limits, Provider
from headgate.runs import Catalogue, Errands, Member, Pool, Slots, rules
from headgate.runs.errands import Done, Errand
from headgate.runs.pool import FAILURES
from tests.runs.fakes import Fake, run, turns

Ask: TypeAlias = Callable[[Provider, str, Limits], Awaitable[str]]


class Trip:
    """Errands among the providers a, b, c and what each of them answers: a text, or an error for each time."""

    def __init__(self, *answers: object, pools: Mapping[str, Pool] | None = None) -> None:
        self.fakes = [Fake(name="abc"[place]) for place in range(len(answers))]
        self._answers = {fake.name: answer for fake, answer in zip(self.fakes, answers, strict=True)}
        self.asked: list[tuple[str, str]] = []
        catalogue = Catalogue({fake.name: fake for fake in self.fakes}, {}, ())
        self.errands = Errands(catalogue, pools or {})

    async def ask(self, provider: Provider, model: str, limits: Limits) -> str:
        self.asked.append((provider.name, model))
        answer = self._answers[provider.name]
        said = (answer.pop(0) if len(answer) > 1 else answer[0]) if isinstance(answer, list) else answer
        if isinstance(said, Exception):
            raise said
        return str(said)

    async def send(self, *models: str, ask: Ask | None = None, limits: Mapping[str, float] | None = None) -> Done[str]:
        route = await self.errands.catalogue.route(models[0], models[1:])
        return await self.errands.send(route, Errand(ask=ask or self.ask), limits or {})


def failed(status: int, code: str = "down", retry_after: float | None = None) -> ProviderError:
    return ProviderError(f"It is {code}.", status=status, code=code, retry_after=retry_after)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "BACKOFF", 0.001)


def test_the_first_one_answers() -> None:
    async def play() -> None:
        trip = Trip("one", "two")
        done = await trip.send("a/m", "b/n")
        assert (done.value, done.target.provider.name, done.target.model, done.failures) == ("one", "a", "m", ())
        assert trip.asked == [("a", "m")]

    run(play())


@pytest.mark.parametrize("status", [401, 402, 403, 404, 408, 429, 500, 502, 503, 504])
def test_the_next_is_asked_when_the_first_fails(status: int) -> None:
    async def play() -> None:
        trip = Trip(failed(status), "two")
        done = await trip.send("a/m", "b/n")
        assert (done.value, trip.asked) == ("two", [("a", "m"), ("b", "n")])
        (failure,) = done.failures
        assert (failure.provider, failure.model, failure.status, failure.code) == ("a", "m", status, "down")

    run(play())


@pytest.mark.parametrize("error", [failed(400), failed(422), BadRequest("No.")])
def test_a_wrong_request_is_asked_of_nobody_else(error: HeadgateError) -> None:
    async def play() -> None:
        trip = Trip(error, "two")
        with pytest.raises(type(error)) as caught:
            await trip.send("a/m", "b/m")
        assert caught.value is error
        assert trip.asked == [("a", "m")]

    run(play())


def test_who_has_no_words_for_it_is_passed_over() -> None:
    async def play() -> None:
        trip = Trip(BadRequest("No tokens.", code=rules.UNSAYABLE), "two")
        done = await trip.send("a/m", "b/m")
        assert (done.value, [tried.status for tried in done.failures]) == ("two", [400])
        assert trip.asked == [("a", "m"), ("b", "m")]

    run(play())


def test_when_all_fail_the_first_ones_error_is_told_with_everything_that_was_tried() -> None:
    async def play() -> None:
        trip = Trip(failed(429, "full", 3.0), failed(500), failed(503, "away"))
        with pytest.raises(ProviderError) as caught:
            await trip.send("a/m", "b/n", "c/o")
        error = caught.value
        assert (error.code, error.retry_after) == ("full", 3.0)
        told = [(each.provider, each.model, each.status, each.code, each.message) for each in error.attempts]
        assert told == [
            ("a", "m", 429, "full", "It is full."),
            ("b", "n", 500, "down", "It is down."),
            ("c", "o", 503, "away", "It is away."),
        ]

    run(play())


def test_the_first_of_the_route_is_whom_the_client_means_also_when_it_is_asked_last() -> None:
    async def play() -> None:
        trip = Trip(
            [failed(500, "one"), failed(500, "one"), failed(500, "one"), failed(500, "meant")], failed(500, "two")
        )
        trip.errands = Errands(trip.errands.catalogue, {"a": Pool("a", [Member(trip.fakes[0])])})
        for _ in range(3):
            with pytest.raises(ProviderError, match="one"):
                await trip.send("a/m", "b/m")
        trip.asked.clear()
        with pytest.raises(ProviderError, match="meant"):
            await trip.send("a/m", "b/m")
        assert trip.asked == [("b", "m"), ("a", "m")]

    run(play())


class Keys(Fake):
    """One provider of a pool: it answers with its label, or with an error."""

    def __init__(self, label: str, error: ProviderError | None = None) -> None:
        super().__init__(name="a")
        self.label, self.error = label, error


def keyed(*keys: Keys, retries: int = 0, slots: Slots | None = None) -> Pool:
    members = [Member(key, key.label) for key in keys]
    return Pool("a", members, slots=slots, retries=retries, chance=lambda: 0.0)


async def by_key(provider: Provider, model: str, limits: Limits) -> str:
    assert isinstance(provider, Keys)
    if provider.error is not None:
        raise provider.error
    return provider.label


@pytest.mark.parametrize("status", [401, 402, 403, 429])
def test_another_key_is_asked_and_the_refused_one_left_alone(status: int) -> None:
    async def play() -> None:
        pool = keyed(Keys("key 1", failed(status)), Keys("key 2"))
        trip = Trip("unused", pools={"a": pool})
        done = await trip.send("a/m", ask=by_key)
        assert (done.value, [each.key for each in done.failures]) == ("key 2", ["key 1"])
        assert (await trip.send("a/m", ask=by_key)).failures == (), "it rests"

    run(play())


def test_every_key_is_tried_once() -> None:
    async def play() -> None:
        pool = keyed(*(Keys(f"key {number}", failed(401)) for number in (1, 2, 3)))
        trip = Trip("unused", "two", pools={"a": pool})
        done = await trip.send("a/m", "b/m", ask=_either(trip))
        assert [each.key for each in done.failures] == ["key 1", "key 2", "key 3"]
        assert done.value == "two"

    run(play())


def _either(trip: Trip) -> Ask:
    """Keys where there are any, else what the trip says."""

    async def ask(provider: Provider, model: str, limits: Limits) -> str:
        return await (by_key if isinstance(provider, Keys) else trip.ask)(provider, model, limits)

    return ask


def test_it_is_sent_again_as_often_as_the_configuration_says() -> None:
    async def play() -> None:
        answers: list[object] = [failed(503), failed(503), "at last"]
        trip = Trip(answers, pools={})
        pool = Pool("a", [Member(trip.fakes[0])], retries=2)
        trip.errands = Errands(trip.errands.catalogue, {"a": pool})
        assert (await trip.send("a/m")).value == "at last"
        assert len(trip.asked) == 3

    run(play())


def test_a_provider_that_wants_a_long_pause_is_not_waited_for() -> None:
    async def play() -> None:
        trip = Trip(failed(429, "full", rules.LONGEST_WAIT + 1), "two")
        trip.errands = Errands(trip.errands.catalogue, {"a": Pool("a", [Member(trip.fakes[0])], retries=5)})
        assert (await trip.send("a/m", "b/m")).value == "two"
        assert len(trip.asked) == 2

    run(play())


def test_a_provider_in_trouble_comes_last() -> None:
    async def play() -> None:
        trip = Trip(failed(500), "two")
        trip.errands = Errands(trip.errands.catalogue, {"a": Pool("a", [Member(trip.fakes[0])])})
        for _ in range(3):
            await trip.send("a/m", "b/m")
        trip.asked.clear()
        assert (await trip.send("a/m", "b/m")).failures == ()
        assert trip.asked == [("b", "m")]

    run(play())


def test_who_cannot_do_it_is_not_asked_and_takes_no_turn() -> None:
    async def play() -> None:
        trip = Trip("one", "two")
        full = Slots("a", 1, 0)
        await full.take(1)
        trip.errands = Errands(trip.errands.catalogue, {"a": Pool("a", [Member(trip.fakes[0])], slots=full)})

        def refuse(provider: Provider) -> ProviderError | None:
            return failed(404, "method_not_supported") if provider.name == "a" else None

        route = await trip.errands.catalogue.route("a/m", ["b/m"])
        done = await trip.errands.send(route, Errand(ask=trip.ask, refuse=refuse))
        assert (done.value, trip.asked, done.failures[0].code) == ("two", [("b", "m")], "method_not_supported")
        with pytest.raises(ProviderError, match="method_not_supported"):
            await trip.errands.send(route[:1], Errand(ask=trip.ask, refuse=refuse))

    run(play())


async def never(provider: Provider, model: str, limits: Limits) -> str:
    """Wait for ever."""
    await asyncio.Event().wait()
    return ""


def test_turns_are_waited_for_and_given_back() -> None:
    async def play() -> None:
        slots = Slots("a", 1, 0)
        trip = Trip("one")
        trip.errands = Errands(trip.errands.catalogue, {"a": Pool("a", [Member(trip.fakes[0])], slots=slots)})
        first = asyncio.create_task(trip.send("a/m", ask=never))
        await turns()
        with pytest.raises(ProviderError) as caught:
            await trip.send("a/m")
        assert (caught.value.status, caught.value.code) == (429, "queue_full")
        first.cancel()
        await asyncio.wait([first])
        assert (await trip.send("a/m")).value == "one"

    run(play())


def test_whoever_is_cancelled_leaves_no_trace_on_the_provider() -> None:
    """Not even while it is found out whether that is well again."""

    async def play() -> None:
        trip = Trip([failed(401), "well again"])
        member = Member(trip.fakes[0])
        trip.errands = Errands(trip.errands.catalogue, {"a": Pool("a", [member])})
        with pytest.raises(ProviderError):
            await trip.send("a/m")
        member.rested = asyncio.get_running_loop().time()
        asking = asyncio.create_task(trip.send("a/m", ask=never))
        await turns()
        assert not member.is_ready(member.rested + 1)
        asking.cancel()
        await asyncio.wait([asking])
        assert member.is_ready(member.rested + 1)
        assert (await trip.send("a/m")).value == "well again"

    run(play())


@pytest.mark.parametrize(
    ("limits", "code"), [({"first_event": 0.01}, "first_event_timeout"), ({"total": 0.01}, "total_timeout")]
)
def test_limits_that_pass(limits: dict[str, float], code: str) -> None:
    async def play() -> None:
        trip = Trip("one")
        with pytest.raises(ProviderError) as caught:
            await trip.send("a/m", ask=never, limits=limits)
        assert (caught.value.status, caught.value.code) == (504, code)

    run(play())


def test_the_total_counts_from_the_first_try() -> None:
    """Nothing is left of it for the second, which is not asked in vain."""

    async def play() -> None:
        trip = Trip("one", "two")
        with pytest.raises(ProviderError) as caught:
            await trip.send("a/m", "b/m", ask=never, limits={"total": 0.02})
        assert [(each.provider, each.code) for each in caught.value.attempts] == [("a", "total_timeout")]

    run(play())


@pytest.mark.parametrize(("own", "is_well"), [(60.0, True), (0.01, False)])
@pytest.mark.parametrize("limit", ["first_event", "total"])
def test_a_client_in_a_hurry_makes_no_trouble_for_others(limit: str, own: float, is_well: bool) -> None:
    """Whoever is not fast enough for it may be fast enough for everybody else; by its own limits it is not."""

    async def play() -> None:
        trip = Trip("one")
        trip.fakes[0].given = Limits(**{limit: own})
        pool = Pool.of(trip.fakes[0])
        trip.errands = Errands(trip.errands.catalogue, {"a": pool})
        for _ in range(FAILURES):
            with pytest.raises(ProviderError):
                await trip.send("a/m", ask=never, limits={limit: 0.01})
        assert pool.is_ready(asyncio.get_running_loop().time()) is is_well

    run(play())


def test_a_connection_in_a_hurry_makes_no_trouble_for_others() -> None:
    async def play() -> None:
        trip = Trip([ConnectTimeout("late")] * 2 * FAILURES)
        pool = Pool.of(trip.fakes[0])
        trip.errands = Errands(trip.errands.catalogue, {"a": pool})
        for limits, is_well in (({"connect": 0.001}, True), ({"connect": 60.0}, False)):
            for _ in range(FAILURES):
                with pytest.raises(ConnectTimeout):
                    await trip.send("a/m", limits=limits)
            assert pool.is_ready(asyncio.get_running_loop().time()) is is_well

    run(play())


def test_an_answer_makes_up_for_failures() -> None:
    """Only several in a row make trouble."""

    async def play() -> None:
        away = failed(500)
        trip = Trip([away, away, "well", away, away, "well"], "two")
        trip.errands = Errands(trip.errands.catalogue, {"a": Pool("a", [Member(trip.fakes[0])])})
        for _ in range(6):
            await trip.send("a/m", "b/m")
        assert [name for name, _ in trip.asked] == ["a", "b", "a", "b", "a", "a", "b", "a", "b", "a"]

    run(play())
