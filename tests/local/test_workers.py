"""Processes that do the work: what they may not do, how they end, and who hears of it."""

import asyncio
import gc
import os
import signal
import weakref
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from headgate.errors import ProviderError
from headgate.providers.local import workers
from headgate.providers.local.wire import Done, Hear, Heard, Speak, Word
from headgate.providers.local.worker import Worker
from headgate.providers.local.workers import Workers
from tests.local import troubled
from tests.local.sounds import PHRASES, spoken
from tests.runs.fakes import run
from tests.waiting import a_while, until

pytestmark = pytest.mark.slow

LONG = "The quick brown fox jumps over the lazy dog. " * 60


@asynccontextmanager
async def at_work(kind: str = "speech", program: str | None = None) -> AsyncIterator[Workers]:
    made = Workers(kind) if program is None else Workers(kind, program=program)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
def _tests_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    source = workers._ENVIRONMENT["PYTHONPATH"]
    monkeypatch.setitem(workers._ENVIRONMENT, "PYTHONPATH", f"{source}{os.pathsep}{Path(__file__).parents[2]}")


async def said(made: Workers, text: str, voice: str = "alloy", format: str = "mp3") -> list[bytes | Word]:
    """Everything that a new worker says."""
    heard: list[bytes | Word] = []
    worker = await made.employ(Speak(text, voice, format, 1.0), heard.append)
    await worker.over()
    return heard


def children(process: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


async def speaking(made: Workers) -> tuple[Worker, list[bytes | Word]]:
    """A worker in the middle of a long speech, whose next pieces nobody takes."""
    heard: list[bytes | Word] = []
    worker = await made.employ(Speak(LONG, "alloy", "wav", 1.0), heard.append)
    await until(lambda: any(isinstance(each, bytes) for each in heard))
    worker.pause()
    return worker, heard


async def over(worker: Worker) -> ProviderError:
    """How it failed."""
    with pytest.raises(ProviderError) as failed:
        await worker.over()
    return failed.value


def test_one_that_is_ended_is_gone_and_the_next_works() -> None:
    """In the middle of its work, and while it waits for whoever does not take it."""

    async def play() -> None:
        async with at_work() as made:
            worker, _ = await speaking(made)
            assert made.nursery is not None
            (process,) = children(made.nursery)
            worker.end()
            await until(lambda: not made.processes)
            assert not Path(f"/proc/{process}").exists()
            assert isinstance((await said(made, "Hello"))[-1], Done)

    run(play())


def test_who_is_over_holds_nobody() -> None:
    """Whoever takes what it says holds the sound, and has it in hand as well; they must not wait for each other."""

    class Taker:
        worker: Worker | None = None

        def take(self, said: bytes | Word) -> None:
            pass

    async def play() -> None:
        async with at_work() as made:
            taker = Taker()
            taker.worker = await made.employ(Speak("Hello", "alloy", "mp3", 1.0), taker.take)
            await taker.worker.over()
            gone = weakref.ref(taker)
            del taker
            assert gone() is None

    gc.disable()
    try:
        run(play())
    finally:
        gc.enable()


def test_who_is_cancelled_while_waiting_ends_it() -> None:
    async def play() -> None:
        async with at_work() as made:
            worker, _ = await speaking(made)
            waiting = asyncio.create_task(worker.over())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await until(lambda: not made.processes)

    run(play())


def test_one_that_is_killed_is_told_of_and_the_next_works() -> None:
    async def play() -> None:
        async with at_work() as made:
            worker, _ = await speaking(made)
            assert made.nursery is not None
            os.kill(children(made.nursery)[0], signal.SIGKILL)
            worker.resume()
            error = await over(worker)
            assert (error.status, error.code) == (500, "worker_died")
            assert error.message == "The local speech worker ended by SIGKILL before it was done."
            assert isinstance((await said(made, "Hello"))[-1], Done)

    run(play())


def test_a_nursery_that_is_killed_takes_its_workers_along_and_another_is_started() -> None:
    async def play() -> None:
        async with at_work() as made:
            worker, _ = await speaking(made)
            nursery = made.nursery
            assert nursery is not None
            (process,) = children(nursery)
            os.kill(nursery, signal.SIGKILL)
            await until(lambda: not Path(f"/proc/{process}").exists())
            worker.resume()
            assert (await over(worker)).code == "worker_died"
            assert isinstance((await said(made, "Hello"))[-1], Done)
            assert made.nursery not in (None, nursery)

    run(play())


def test_a_pause_holds_it_back_and_nothing_is_lost() -> None:
    async def play() -> None:
        async with at_work() as made:
            whole = b"".join(each for each in await said(made, LONG, format="wav") if isinstance(each, bytes))
            worker, heard = await speaking(made)
            before = len(heard)
            await a_while()
            assert len(heard) == before
            worker.resume()
            await worker.over()
            assert abs(sum(len(each) for each in heard if isinstance(each, bytes)) - len(whole)) < 10_000

    run(play())


def test_a_nursery_without_work_ends_and_comes_again() -> None:
    async def play() -> None:
        made = Workers("speech", idle=0.0)
        assert isinstance((await said(made, "Hello"))[-1], Done)
        await until(lambda: made.nursery is None)
        assert isinstance((await said(made, "Hello"))[-1], Done)
        await made.close()

    run(play())


def test_one_that_is_warm_has_nobody_wait_and_stays() -> None:
    async def play() -> None:
        made = Workers("speech", idle=None)
        await made.warm()
        nursery = made.nursery
        assert nursery is not None
        assert isinstance((await said(made, "Hello"))[-1], Done)
        await until(lambda: not made.processes)
        await a_while()
        assert made.nursery == nursery
        await made.close()

    run(play())


def test_all_end_with_whoever_started_them() -> None:
    async def play() -> None:
        async with at_work() as made:
            await speaking(made)
            assert made.nursery is not None
            processes = [made.nursery, *children(made.nursery)]
        await until(lambda: not any(Path(f"/proc/{process}").exists() for process in processes))

    run(play())


@pytest.mark.usefixtures("_tests_can_be_imported")
@pytest.mark.parametrize(
    ("trouble", "code", "message"),
    [
        ("crash", "worker_died", "The local troubled worker ended by SIGABRT before it was done."),
        ("leave", "worker_died", "The local troubled worker ended with status 0 before it was done."),
        ("fail", "worker_failed", "It failed here: RuntimeError: on purpose"),
        ("babble", "worker_died", "A local worker said what cannot be understood."),
        ("spin", "worker_limit", "The local troubled worker took too much of the processor's time."),
        ("grow", "worker_limit", "The local troubled worker took too much memory."),
    ],
)
def test_trouble_ends_one_worker_and_is_told(trouble: str, code: str, message: str) -> None:
    async def play() -> None:
        async with at_work("troubled", troubled.__name__) as made:
            with pytest.raises(ProviderError) as failed:
                await said(made, trouble)
            assert (failed.value.code, failed.value.message, failed.value.status) == (code, message, 500)
            await until(lambda: not made.processes)

    run(play())


@pytest.mark.usefixtures("_tests_can_be_imported")
def test_where_there_is_no_room_for_one_more_the_others_go_on() -> None:
    async def play() -> None:
        async with at_work("crowded", troubled.__name__) as made:
            with pytest.raises(ProviderError) as failed:
                await said(made, "fail")
            assert (failed.value.code, failed.value.status) == ("local_unavailable", 503)
            assert made.nursery is not None, "it is still there"

    run(play())


@pytest.mark.usefixtures("_tests_can_be_imported")
@pytest.mark.parametrize(("act", "error"), [("write", "27"), ("open", "24"), ("connect", "24")])
def test_a_worker_gets_at_nothing(act: str, error: str, tmp_path: Path) -> None:
    """EFBIG for what it writes; EMFILE for what it opens, where it reads what strangers send."""

    async def play() -> None:
        async with at_work("troubled", troubled.__name__) as made:
            heard = await said(made, act, voice=str(tmp_path / "file"))
            assert heard == [Heard("here"), Heard(f"OSError{error}"), Done()]

    run(play())


@pytest.mark.usefixtures("_tests_can_be_imported")
def test_a_worker_knows_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")

    async def play() -> None:
        async with at_work("troubled", troubled.__name__) as made:
            assert Heard("LC_ALL PYTHONPATH") in await said(made, "environment")

    run(play())


def test_what_cannot_be_started_is_told() -> None:
    async def play() -> None:
        async with at_work("nonsense") as made:
            with pytest.raises(ProviderError, match="There is no local nonsense now") as failed:
                await said(made, "Hello")
            assert failed.value.status == 503

    run(play())


def test_ears_hear_what_lies_in_a_file(tmp_path: Path) -> None:
    """In a process that can open no other."""
    path = tmp_path / "a"
    path.write_bytes(spoken(PHRASES[0], "mp3"))

    async def heard(made: Workers, known: Sequence[str]) -> list[bytes | Word]:
        got: list[bytes | Word] = []
        with path.open("rb") as file:
            job = Hear("a.mp3", tuple(known))
            worker = await made.employ(job, got.append, [file.fileno()], prepared=not known)
            await worker.over()
        return got

    async def play() -> None:
        async with at_work("hearing") as made:
            assert Heard(PHRASES[0]) in await heard(made, (*PHRASES, "Grafana"))
            assert isinstance((await heard(made, ()))[-1], Done)

    run(play())
