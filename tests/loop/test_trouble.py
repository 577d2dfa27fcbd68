"""Whatever a model calls and whatever a function does: the model is told, and the answer goes on."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.watching import get, recent
from tests.e2e.wire import Wire, ask, events_of
from tests.loop.faces import FACES
from tests.loop.house import House, house
from tests.loop.models import Call, Round
from tests.loop.models.base import Asked

pytestmark = pytest.mark.slow

ALL = ["add", "hang", "block", "fail", "flood", "odd"]
LIMITS = "[functions]\nrounds = 3\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house"), ["chat", "anthropic"], LIMITS) as home:
        yield home


TROUBLE: dict[str, tuple[Call, str, bool]] = {
    "no JSON": (Call("add", '{"a": 1'), "JSON", False),
    "no object": (Call("add", "[1, 2]"), "object", False),
    "a missing argument": (Call("add", '{"a": 1}'), "b", False),
    "an argument of another type": (Call("add", '{"a": 1, "b": "two"}'), "b", False),
    "an argument too many": (Call("add", '{"a": 1, "b": 2, "c": 3}'), "c", False),
    "nothing at all": (Call("add", ""), "a", False),
    "arguments without end": (Call("add", '{"a":' + "[" * 50_000), "", False),
    "very long arguments": (Call("add", json.dumps({"a": 1, "b": 1, "c": "x" * 2_000_000})), "", False),
    "one that hangs": (Call("hang"), "longer than 0.2 seconds", True),
    "one that blocks": (Call("block"), "longer than 0.2 seconds", True),
    "one that raises": (Call("fail"), "failed", True),
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("call", "told", "is_executed"), TROUBLE.values(), ids=TROUBLE.keys())
def test_what_goes_wrong_is_told_to_the_model(home: House, call: Call, told: str, is_executed: bool, face: str) -> None:
    before = len(home.deeds())
    home.scripts["chat"].will([Round("", (call,)), Round("I see.")])
    seen = FACES[face].ask(home.server.url, "chat/m", "Do!", ALL, streamed=True)
    assert (seen.text, seen.asked) == ("I see.", [])
    ((result,),) = home.scripts["chat"].all_heard()[-1].results
    assert told in result.text
    assert len(result.text) < 2_000, "a model that sees too much of its own mistake repeats it"
    assert len(home.deeds()) - before == is_executed
    (called,) = [event for event in log(home) if event["type"] == "called"]
    assert called["is_error"]
    if seen.calls is not None:
        assert told in seen.calls[0]


def log(home: House) -> list[dict[str, Any]]:
    """The events of the newest run."""
    return events_of(home.server, recent(home.server)[0]["id"])


@pytest.mark.parametrize("face", FACES)
def test_a_flood_is_cut(home: House, face: str) -> None:
    home.scripts["chat"].will([Round("", (Call("flood"),)), Round("So much!")])
    seen = FACES[face].ask(home.server.url, "chat/m", "Do!", ["flood"], streamed=True)
    assert seen.text == "So much!"
    ((result,),) = home.scripts["chat"].all_heard()[-1].results
    assert 60_000 < len(result.text.encode()) <= 64 * 1024
    assert "cut" in result.text[-200:]


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("face", FACES)
def test_results_may_hold_anything(home: House, face: str, streamed: bool) -> None:
    """They are data everywhere: no client takes them for the end of something."""
    home.scripts["chat"].will([Round("", (Call("odd"),)), Round("How odd.")])
    seen = FACES[face].ask(home.server.url, "chat/m", "Do!", ["odd"], streamed=streamed)
    assert seen.text == "How odd."
    ((result,),) = home.scripts["chat"].all_heard()[-1].results
    assert "data: [DONE]\n\nevent: x" in result.text
    if seen.calls is not None:
        assert "data: [DONE]\n\nevent: x" in seen.calls[0]


@pytest.mark.parametrize("vendor", ["chat", "anthropic"])
@pytest.mark.parametrize("face", FACES)
def test_a_function_that_is_not_there_is_the_clients_business(home: House, face: str, vendor: str) -> None:
    """A model may call what nobody offered; it is no function of the server's, so it is never executed here."""
    before = len(home.deeds())
    home.scripts[vendor].will([Round("", (Call("fail"),)), Round("Well.")])
    seen = FACES[face].ask(home.server.url, f"{vendor}/m", "Do!", ["add"], streamed=True)
    assert seen.asked == ["fail"]
    assert home.deeds()[before:] == []


REFUSED: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "chat": ("/v1/chat/completions", lambda more: {"messages": [{"role": "user", "content": "x"}], **more}),
    "responses": ("/v1/responses", lambda more: {"input": "x", **more}),
    "anthropic": (
        "/anthropic/v1/messages",
        lambda more: {"max_tokens": 9, "messages": [{"role": "user", "content": "x"}], **more},
    ),
    "gemini": (
        "/genai/v1beta/models/chat/m:generateContent",
        lambda more: {"contents": [{"parts": [{"text": "x"}]}], **more},
    ),
}


@pytest.mark.parametrize("face", REFUSED)
def test_functions_that_are_not_here_cannot_be_asked_for(home: House, face: str) -> None:
    home.scripts["chat"].will([Round("Never.")])
    path, body = REFUSED[face]
    asked = {"model": "chat/m", **body({"functions": ["add", "subtract"]})}
    refused = ask(home.server, path, method="POST", body=json.dumps(asked).encode())
    assert refused.status == 400
    assert "There is no function 'subtract' here" in refused.json()["error"]["message"]
    assert home.scripts["chat"].all_heard() == []


def test_a_model_that_calls_for_ever_is_stopped(home: House) -> None:
    before = len(home.deeds())

    def again(asked: Asked) -> Round:
        return Round("Again.", (Call("add", json.dumps({"a": len(asked.rounds), "b": 0})),))

    home.scripts["chat"].will(again)
    body = {"model": "chat/m", "messages": [{"role": "user", "content": "x"}], "functions": ["add"], "stream": True}
    with Wire(home.server) as wire:
        wire.post(json.dumps(body).encode())
        said = wire.rest()
    assert b"too_many_rounds" in said
    assert b"[DONE]" not in said
    assert home.deeds()[before:] == ["add 0 0", "add 1 0", "add 2 0"]
    events = log(home)
    assert [event["type"] for event in events if event["type"] in ("calling", "called", "failed")] == (
        ["calling", "called"] * 3 + ["called", "failed"]
    )
    usage = [event for event in events if event["type"] == "usage"]
    assert [event["total"] for event in usage] == [60], "what was spent is spent"
    run = recent(home.server)[0]
    assert get(home.server, f"/v1/runs/{run['id']}")["status"] == "failed"


def test_many_calls_at_once_are_all_executed(home: House) -> None:
    before = len(home.deeds())
    calls = tuple(Call("add", json.dumps({"a": number, "b": 1}), f"id{number}") for number in range(40))
    home.scripts["chat"].will([Round("", calls), Round("Done.")])
    seen = FACES["responses"].ask(home.server.url, "chat/m", "?", ["add"], streamed=True)
    assert seen.text == "Done."
    assert len(home.deeds()) - before == 40
    (results,) = home.scripts["chat"].all_heard()[-1].results
    assert [(result.id, result.text) for result in results] == [(f"id{n}", str(n + 1)) for n in range(40)]


def test_calls_may_all_have_the_same_id(home: House) -> None:
    """Some count from the beginning in every round, and some do not count at all."""
    twice = (Call("add", '{"a": 1, "b": 1}', "same"), Call("add", '{"a": 2, "b": 2}', "same"))
    home.scripts["chat"].will([Round("", twice), Round("", twice[:1]), Round("Done.")])
    seen = FACES["responses"].ask(home.server.url, "chat/m", "?", ["add"], streamed=True)
    assert seen.text == "Done."
    assert [call.partition(" = ")[2] for call in seen.calls or ()] == ["2", "4", "2"]
    ids = [event["id"] for event in log(home) if event["type"] == "calling"]
    assert len(set(ids)) == 3
