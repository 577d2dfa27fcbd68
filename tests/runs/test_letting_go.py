"""What is over is let go of at once, and not when the garbage collector comes: requests may be megabytes."""

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias

import pytest

from headgate.errors import ProviderError
from headgate.events import Text
from headgate.providers.base import Limits, Provider
from headgate.runs import Catalogue, Errands, Hedge, Member, Pool, Run, Slots, Wishes
from headgate.runs.errands import Errand
from tests.runs.fakes import STARTED, Fake, Play, over, run, saying, turns
from tests.runs.fleet import Fleet, failing, silence

Going: TypeAlias = Callable[[Fleet], Awaitable[Run]]


@pytest.fixture(autouse=True)
def _nobody_collects() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def ending(*models: str, wishes: Wishes | None = None) -> Going:
    """It goes along these models until it ends."""

    async def go(fleet: Fleet) -> Run:
        return await over(fleet.engine, await fleet.begin(*models, wishes=wishes))

    return go


async def stopped(fleet: Fleet) -> Run:
    """It is stopped while two are asked."""
    begun = await fleet.begin("a/m", "b/m", wishes=Wishes(hedge=Hedge(0.0)))
    while fleet.asked != [1, 1]:
        await turns()
    await fleet.engine.stop(begun)
    return begun


async def full(fleet: Fleet) -> Run:
    """There is no room for it."""
    slots = Slots("a", 1, 0)
    fleet.use({"a": Pool("a", [Member(fleet.fakes[0])], slots=slots)})
    await slots.take(1.0)
    return await ending("a/m", "b/m")(fleet)


BREAKING = failing(503, after=[STARTED, Text("Well")])

GOINGS: dict[str, tuple[Going, tuple[Play, ...]]] = {
    "answered": (ending("a/m"), (saying("hello"),)),
    "failed": (ending("a/m"), (failing(503),)),
    "all failed": (ending("a/m", "b/m"), (failing(503), failing(503))),
    "answered by another": (ending("a/m", "b/m"), (failing(503), saying("hello"))),
    "refused": (ending("a/m"), (failing(400),)),
    "broken": (ending("a/m"), (BREAKING,)),
    "gone on with": (ending("a/m", "b/m", wishes=Wishes(goes_on=True)), (BREAKING, saying("hello"))),
    "gone on with in vain": (ending("a/m", "b/m", wishes=Wishes(goes_on=True)), (BREAKING, failing(503))),
    "late": (ending("a/m", wishes=Wishes(limits={"total": 0.01})), (silence,)),
    "hedged": (ending("a/m", "b/m", wishes=Wishes(hedge=Hedge(0.0))), (silence, saying("hello"))),
    "hedged in vain": (ending("a/m", "b/m", wishes=Wishes(hedge=Hedge(0.0))), (failing(503), BREAKING)),
    "stopped while hedged": (stopped, (silence, silence)),
    "full": (full, (silence, saying("hello"))),
}


@pytest.mark.parametrize(("going", "plays"), GOINGS.values(), ids=GOINGS.keys())
def test_a_run_that_is_over_is_gone(going: Going, plays: tuple[Play, ...]) -> None:
    async def play() -> None:
        async with Fleet(*plays) as fleet:
            gone = weakref.ref(await going(fleet))
            for fake in fleet.fakes:
                fake.asked.clear()
            # The engine's clock has looked at it, perhaps, and the last task has its last turn.
            while gone() is not None:
                await asyncio.sleep(0.01)

    run(play())


class Question:
    """Something that an errand holds."""


@pytest.mark.parametrize("models", [("a/m",), ("a/m", "b/m"), ("a/m", "b/m", "c/m")], ids=len)
def test_an_errand_that_is_over_is_gone(models: tuple[str, ...]) -> None:
    async def send(errands: Errands, question: Question) -> None:
        async def ask(provider: Provider, model: str, limits: Limits) -> Question:
            if provider.name == "c":
                return question
            raise ProviderError("down", status=503)

        try:
            await errands.send(await errands.catalogue.route(models[0], models[1:]), Errand(ask=ask))
        except ProviderError as error:
            # As the gate does.
            error.bare()

    async def play() -> None:
        fakes = {name: Fake(name=name) for name in "abc"}
        question = Question()
        gone = weakref.ref(question)
        await send(Errands(Catalogue(fakes, {}, ()), {}), question)
        del question
        assert gone() is None

    run(play())
