"""A server that is killed while it executes functions: nothing is executed twice without the log saying so."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.judges import Sync
from tests.e2e.watching import get, run_of, wait_for_status, wait_until
from tests.e2e.wire import Wire, events_of
from tests.loop.house import House, house
from tests.loop.models import Call, Round
from tests.loop.models.base import Asked

pytestmark = pytest.mark.slow

KEEP = {"headgate-disconnect": "keep"}
TOOLS = Path(__file__).parent.parent / "tools"
FUNCTIONS = ["add", "wait", "wait_again"]


def body(**more: Any) -> bytes:
    """A request that may use the functions."""
    talk = [{"role": "user", "content": "Wait, please."}]
    return json.dumps({"model": "chat/m", "stream": True, "messages": talk, "functions": FUNCTIONS, **more}).encode()


def waiting(name: str) -> list[Round]:
    """A call that is over at once and one that waits, and what the model says then."""
    calls = (Call("add", '{"a": 1, "b": 2}', "first"), Call(name, '{"gate": "gate"}', "second"))
    return [Round("One moment.", calls), Round("Here we are.")]


def start(home: House, until: str) -> str:
    """Ask, and wait until that is written down and shown; returns the run."""
    with Wire(home.server) as wire:
        wire.post(body(), headers=KEEP)
        run = run_of(wire.until(b"\r\n\r\n"))
        wait_until(lambda: any(deed.startswith(until) for deed in home.deeds()), until)
    return run


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """What happened, without the words."""
    told = [(event["type"], event.get("name")) for event in events if event["type"] != "text"]
    return [kind if name is None else f"{kind} {name}" for kind, name in told]


def test_a_call_that_was_cut_short_is_not_executed_again(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        home.scripts["chat"].will(waiting("wait"))
        run = start(home, "wait")
        is_kept(home, run, '"called"')
        home = home.again()
        home.open("gate")
        ended = wait_for_status(home.server, run, "failed")
        events = events_of(home.server, run)
        assert sorted(deed.split()[0] for deed in home.deeds()) == ["add", "wait"]
        assert kinds(events) == ["started", "calling add", "calling wait", "called add", "usage", "failed"]
        assert (events[-1]["code"], "wait" in events[-1]["message"]) == ("function_interrupted", True)
        assert ended["output"]["text"] == "One moment."


def is_kept(home: House, run: str, mark: str) -> None:
    """Until readers can see it, so that a kill cannot take it back."""
    with Wire(home.server) as reader:
        reader.get(f"/v1/runs/{run}/events")
        reader.until(mark.encode())


def test_a_call_that_may_be_repeated_is(tmp_path: Path) -> None:
    """The log has two notes of it, and the function can tell by the call's id."""
    with house(tmp_path) as home:
        home.scripts["chat"].will(waiting("wait_again"))
        run = start(home, "wait")
        is_kept(home, run, '"called"')
        home = home.again()
        wait_until(lambda: len(home.deeds()) >= 3, "the second call")
        home.open("gate")
        wait_for_status(home.server, run, "finished")
        events = events_of(home.server, run)
        first, again = [deed for deed in home.deeds() if deed.startswith("wait")]
        assert first == again
        assert [deed for deed in home.deeds() if deed.startswith("add")] == ["add 1 2"], "what is done is done"
        assert kinds(events) == [
            *("started", "calling add", "calling wait_again", "called add"),
            *("calling wait_again", "called wait_again", "usage", "finished"),
        ]
        assert get(home.server, f"/v1/runs/{run}")["output"]["text"] == "One moment.\n\nHere we are."
        asked = home.scripts["chat"].all_heard()
        assert [result.text for result in asked[-1].results[0]] == ["3", "gate is open"]


@pytest.mark.parametrize("said", ["", "Words of the"], ids=["before its words", "in its words"])
def test_what_came_of_a_call_is_not_lost(tmp_path: Path, said: str) -> None:
    """Killed in the round after it: the round is asked again where nothing of it was said, and the call is not."""
    with house(tmp_path) as home:
        # Between the rounds the model is silent until the server is gone.
        home.scripts["chat"].pause_in(1, said)
        home.scripts["chat"].will([Round("", (Call("add", '{"a": 1, "b": 2}'),)), Round("It is three.")])
        run = start(home, "add")
        is_kept(home, run, '"called"')
        if said:
            is_kept(home, run, "Words")
        home.scripts["chat"].wait_paused()
        home.server.kill()
        home.scripts["chat"].go_on()
        home = home.again()
        wait_for_status(home.server, run, "failed" if said else "finished")
        events = events_of(home.server, run)
        assert home.deeds() == ["add 1 2"]
        end = ["usage", "failed" if said else "finished"]
        assert kinds(events) == ["started", "calling add", "called add", *end]
        if not said:
            assert get(home.server, f"/v1/runs/{run}")["output"]["text"] == "It is three."


def test_tools_of_an_mcp_server_are_there_again_after_a_crash(tmp_path: Path) -> None:
    """Also for a run that needs one of them before the server has said that it has it."""
    more = f'[mcp.it]\ncommand = "{sys.executable}"\nargs = ["{TOOLS / "handmade.py"}"]\nrepeatable = ["say"]\n'
    with house(tmp_path, more=more) as home:
        home.scripts["chat"].pause_in(0, "")
        home.scripts["chat"].will([Round("", (Call("it_say", '{"word": "hello"}'),)), Round("Said.")])
        with Wire(home.server) as wire:
            wire.post(body(functions=["it_say"]), headers=KEEP)
            run = run_of(wire.until(b"\r\n\r\n"))
            home.scripts["chat"].wait_paused()
        home.server.kill()
        home.scripts["chat"].go_on()
        home = home.again()
        wait_for_status(home.server, run, "finished")
        called = next(event for event in events_of(home.server, run) if event["type"] == "called")
        assert called["result"] == "say says hello"
        assert "it_say" in [function["name"] for function in get(home.server, "/v1/functions")["data"]]


def test_a_response_in_the_background_goes_on_after_a_crash(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        home.scripts["chat"].will(waiting("wait_again"))
        extra = {"functions": FUNCTIONS}
        asked = {"model": "chat/m", "input": "Wait, please.", "background": True, "extra_body": extra}
        made = Sync(home.server.url).whole(lambda client: client.responses.create(**asked))
        wait_until(lambda: len(home.deeds()) == 2, "both calls")
        is_kept(home, get(home.server, "/v1/runs")["data"][0]["id"], '"called"')
        home = home.again()
        home.open("gate")

        def look() -> Any:
            answer = Sync(home.server.url).whole(lambda client: client.responses.retrieve(made.id))
            return answer if answer.status == "completed" else None

        answer = wait_until(look, "the response")
        calls = [item for item in answer.output if item.type == "mcp_call"]
        assert [(call.name, call.output) for call in calls] == [("add", "3"), ("wait_again", "gate is open")]
        assert answer.output_text.endswith("Here we are.")


def test_a_model_is_not_asked_for_what_nobody_waits_for(tmp_path: Path) -> None:
    """Without the wish to be kept, a killed run is over."""
    with house(tmp_path) as home:
        home.scripts["chat"].will(waiting("wait_again"))
        with Wire(home.server) as wire:
            wire.post(body())
            run = run_of(wire.until(b"\r\n\r\n"))
            is_kept(home, run, '"calling"')
            wait_until(lambda: len(home.deeds()) == 2, "both calls")
            home.server.kill()
        home = home.again()
        wait_for_status(home.server, run, "failed")
        assert len(home.deeds()) == 2
        asked: list[Asked] = home.scripts["chat"].all_heard()
        assert len(asked) == 1
