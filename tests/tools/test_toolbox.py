"""Whatever a function does, whoever called it gets an Outcome that a model can read."""

import asyncio
import logging
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from typing_extensions import override

from headgate.metrics import Meters
from headgate.tools import Context, Limits, Toolbox, ToolError, executing
from tests.tools.making import ULM, echo, function, outcome
from tests.waiting import turns, until

ANYBODY = Context("run_1", "anybody", "call_1")


def test_a_function_is_called_with_what_it_is_for() -> None:
    result = asyncio.run(outcome(echo, '{"city": "Ulm", "days": 2}'))
    assert (result.result, result.is_error) == ("{'city': 'Ulm', 'days': 2} call_1", False)


def test_an_unknown_one_is_told() -> None:
    async def play() -> None:
        result = await Toolbox().call("w" * 1000, "{}", ANYBODY)
        assert result.is_error
        assert result.result == f"There is no function '{'w' * 100}'."

    asyncio.run(play())


async def _wrong(arguments: Mapping[str, Any], context: Context) -> str:
    raise ToolError("There is no such city. Ask for another.")


async def _broken(arguments: Mapping[str, Any], context: Context) -> str:
    raise RuntimeError("cannot reach postgres://joe:hunter2@db/x with sk-very-secret\nsecond line")


async def _leaving(arguments: Mapping[str, Any], context: Context) -> str:
    sys.exit(3)


async def _cancelling(arguments: Mapping[str, Any], context: Context) -> str:
    raise asyncio.CancelledError


async def _speechless(arguments: Mapping[str, Any], context: Context) -> str:
    class Odd(Exception):
        @override
        def __str__(self) -> str:
            raise ValueError

    raise Odd


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (_wrong, "There is no such city. Ask for another."),
        (_broken, "The function failed: RuntimeError: cannot reach postgres://***@db/x with ***"),
        (_leaving, "The function failed: SystemExit: 3"),
        (_cancelling, "The function failed: it was cancelled."),
        (_speechless, "The function failed: Odd"),
    ],
)
def test_what_it_raises_is_told_in_a_line(run: Any, words: str) -> None:
    """Without a traceback, and without secrets."""
    result = asyncio.run(outcome(run, secrets=("sk-very-secret",)))
    assert (result.result, result.is_error) == (words, True)


def test_the_log_has_where_it_broke_and_no_secrets(caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(outcome(_broken, secrets=("sk-very-secret",)))
    assert "in _broken" in caplog.text
    assert "hunter2" not in caplog.text.partition("RuntimeError: ")[2]
    assert "with ***" in caplog.text


def test_one_that_hangs_is_stopped_in_time() -> None:
    stopped = []

    async def hang(arguments: Mapping[str, Any], context: Context) -> str:
        try:
            await asyncio.sleep(3600)
        finally:
            stopped.append(True)
        return ""

    result = asyncio.run(outcome(hang, timeout=0.01))
    assert result.is_error
    assert result.result == "The function was stopped: it took longer than 0.01 seconds."
    assert stopped == [True]


def test_one_that_does_not_let_itself_be_stopped_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """And keeps its turn for as long as it goes on, so that there are never more of them than may be."""
    monkeypatch.setattr(executing, "GRACE", 0.01)

    async def play() -> None:
        end = asyncio.Event()

        async def cling(arguments: Mapping[str, Any], context: Context) -> str:
            while not end.is_set():
                try:
                    await end.wait()
                except asyncio.CancelledError:
                    continue
            return "at last"

        toolbox = Toolbox([function(cling, timeout=0.01, max_parallel=1)])
        first = await toolbox.call("weather", ULM, ANYBODY)
        assert "took longer than 0.01 seconds" in first.result
        second = await toolbox.call("weather", ULM, ANYBODY)
        assert "its turn did not come within 0.01 seconds" in second.result
        assert second.took == 0
        end.set()
        await until(lambda: not executing._left_behind)
        assert (await toolbox.call("weather", ULM, ANYBODY)).result == "at last"

    asyncio.run(play())


def test_a_cancelled_run_cancels_its_call() -> None:
    async def play() -> None:
        began, stopped = asyncio.Event(), asyncio.Event()

        async def hang(arguments: Mapping[str, Any], context: Context) -> str:
            began.set()
            try:
                await asyncio.sleep(3600)
            finally:
                stopped.set()
            return ""

        task = asyncio.create_task(outcome(hang))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await stopped.wait()

    asyncio.run(play())


@pytest.mark.parametrize("bounds", [{"limits": Limits(max_parallel=2)}, {"max_parallel": 2}])
def test_so_many_at_a_time_and_no_more(bounds: dict[str, Any]) -> None:
    """Of all functions together, and of each."""

    async def play() -> None:
        at_work, most, go = 0, 0, asyncio.Event()

        async def work(arguments: Mapping[str, Any], context: Context) -> str:
            nonlocal at_work, most
            at_work += 1
            most = max(most, at_work)
            await go.wait()
            at_work -= 1
            return "done"

        toolbox = Toolbox([function(work, max_parallel=bounds.get("max_parallel"))], bounds.get("limits"))
        calls = [asyncio.create_task(toolbox.call("weather", ULM, ANYBODY)) for _ in range(5)]
        await turns()
        assert at_work == 2
        go.set()
        assert [call.result for call in await asyncio.gather(*calls)] == ["done"] * 5
        assert most == 2

    asyncio.run(play())


@pytest.mark.parametrize("text", ["x" * 10_000_000, "é" * 60_000, "日本" * 40_000, "\ud800" * 100_000])
def test_long_results_are_cut_and_that_is_told(text: str) -> None:
    async def talk(arguments: Mapping[str, Any], context: Context) -> str:
        return text

    result = asyncio.run(outcome(talk))
    encoded = result.result.encode()
    assert 65_000 < len(encoded) <= 65_536
    assert result.result.endswith(f"\n[cut: this is the beginning of {len(text):,} characters]")
    assert not result.is_error


def test_a_secret_is_not_told_even_where_it_is_cut() -> None:
    secret = "sk-0123456789"

    async def tell(arguments: Mapping[str, Any], context: Context) -> str:
        return "x" * (100 - 5) + secret + "y" * 100

    result = asyncio.run(outcome(tell, secrets=(secret,), max_result=100)).result
    assert "sk-01" not in result
    assert len(result) <= 100


def test_a_result_of_just_that_size_is_whole() -> None:
    async def talk(arguments: Mapping[str, Any], context: Context) -> str:
        return "x" * 100

    assert asyncio.run(outcome(talk, max_result=100)).result == "x" * 100


def test_a_key_may_be_kept_to_some_of_them() -> None:
    async def play() -> None:
        toolbox = Toolbox(
            [function(name="get_time"), function(name="send_mail")], allowed={"guest": ["get_*"], "nobody": []}
        )
        assert toolbox.names("guest") == ["get_time"]
        assert toolbox.names("admin") == ["get_time", "send_mail"]
        assert toolbox.names("nobody") == []
        assert toolbox.find("send_mail", "guest") is None
        refused = await toolbox.call("send_mail", ULM, Context(owner="guest"))
        assert refused.result == "There is no function 'send_mail'."

    asyncio.run(play())


def test_patterns_mean_what_there_is() -> None:
    async def play() -> None:
        named = [function(name=name) for name in ("files_read", "files_write", "time")]
        toolbox = Toolbox(named, allowed={"guest": ["*_read", "time"]})
        assert toolbox.matching(["time", "files_*", "none", "none_*"], "") == ["time", "files_read", "files_write"]
        assert toolbox.matching(["files_?rite", "files_*"], "guest") == ["files_read"]

    asyncio.run(play())


def test_a_name_stays_with_who_has_it(caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        mine = function(source="mine")
        toolbox = Toolbox([mine])
        toolbox.put("theirs", [function(source="theirs"), function(name="other")])
        assert toolbox.find("weather", "") is mine
        assert toolbox.names("") == ["weather", "other"]
        toolbox.put("theirs", [])
        assert toolbox.names("") == ["weather"]

    asyncio.run(play())
    assert "The function weather of theirs is left out: mine has one." in caplog.text


def test_calls_are_counted() -> None:
    async def play() -> None:
        meters = Meters()
        toolbox = Toolbox([function()], meters=meters)
        await toolbox.call("weather", ULM, ANYBODY)
        await toolbox.call("weather", "{}", ANYBODY)
        counted = {labels: sum(counts) for labels, counts, _ in meters.functions.snapshot().histograms}
        assert counted == {("weather", "ok"): 1, ("weather", "error"): 1}

    asyncio.run(play())


def test_a_schema_that_is_none_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        toolbox = Toolbox([function(schema={"type": "object", "properties": []})])
        result = await toolbox.call("weather", ULM, ANYBODY)
        assert result.result == "The function cannot be called: its parameters are described wrongly."

    with caplog.at_level(logging.ERROR):
        asyncio.run(play())
    assert "The schema of the function weather is none: [] is not of type" in caplog.text
