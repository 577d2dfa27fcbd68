"""The AI SDK's transports as judges of /v1/ui: answers come whole, also to those who left or were cut off."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.cutter import Cutter
from tests.e2e.watching import get, recent, wait_for_status
from tests.e2e.wire import Wire, counting, frames, script
from tests.node import node
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

TEXT = counting(500)


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


def asked(model: str = "simulator/demo", **said: Any) -> dict[str, Any]:
    """What the page adds to its messages."""
    return {"model": model, **script(**said)}


def text_of(read: Any) -> str:
    """The text of a message that the SDK put together."""
    return "".join(part["text"] for part in read["message"]["parts"] if part["type"] == "text")


def kept(server: Serving, run: str) -> list[Any]:
    """All chunks of a run."""
    with Wire(server) as wire:
        wire.get(f"/v1/ui/{run}/stream?startIndex=0")
        answer = wire.answer()
    *chunks, end = frames(answer.body)
    assert end.data == "[DONE]"
    return [json.loads(chunk.data) for chunk in chunks]


@pytest.mark.parametrize("kind", ["default", "workflow"])
def test_an_answer_is_read(server: Serving, kind: str) -> None:
    """Into a message that says what the run says."""
    (read,) = node("ai_sdk.mjs", url=server.url, chat=f"plain-{kind}", kind=kind, body=asked(text=TEXT))
    run = recent(server)[0]["id"]
    assert read["error"] is None
    record = get(server, f"/v1/runs/{run}")
    assert text_of(read) == TEXT == record["output"]["text"]
    assert read["chunks"] == kept(server, run)
    usage = read["message"]["metadata"]["usage"]
    assert (usage["totalTokens"], usage["cost"]) == (record["usage"]["total_tokens"], 0.0)


def test_thoughts_and_tools_are_parts_of_the_message(server: Serving) -> None:
    """With their names and inputs."""
    call = {"name": "get_weather", "arguments": {"city": "Brno"}}
    body = asked(text="Let me look.", reasoning=3, tool_calls=[call])
    (read,) = node("ai_sdk.mjs", url=server.url, chat="parts", kind="default", body=body)
    output = get(server, f"/v1/runs/{recent(server)[0]['id']}")["output"]
    parts = {part["type"]: part for part in read["message"]["parts"]}
    assert parts["reasoning"]["text"] == output["reasoning"] != ""
    assert parts["text"]["text"] == "Let me look."
    assert parts["tool-get_weather"]["input"] == {"city": "Brno"}


def test_what_the_server_executes_is_a_part_with_its_output(server: Serving) -> None:
    """Of a step of its own, after which the model goes on in the next."""
    call = {"name": "list_todos", "arguments": {"limit": 3}}
    body = {**asked(text="That is all.", tool_calls=[call]), "functions": ["list_todos"]}
    (read,) = node("ai_sdk.mjs", url=server.url, chat="executed", kind="default", body=body)
    run = get(server, f"/v1/runs/{recent(server)[0]['id']}")
    assert read["error"] is None
    parts = read["message"]["parts"]
    assert [part["type"] for part in parts].count("step-start") == 2
    (part,) = [part for part in parts if part["type"] == "dynamic-tool"]
    (called,) = run["output"]["called"]
    assert (part["toolName"], part["input"], part["state"]) == ("list_todos", {"limit": 3}, "output-available")
    assert (part["output"], part["toolCallId"], part["providerExecuted"]) == (called["result"], called["id"], True)
    assert parts[-1]["text"] == "That is all."
    assert read["chunks"] == kept(server, run["id"])


@pytest.mark.parametrize("kind", ["default", "workflow"])
def test_an_answer_that_breaks_is_an_error_of_the_page(server: Serving, kind: str) -> None:
    """It has what came before, and does not come back for more."""
    (read,) = node("ai_sdk.mjs", url=server.url, chat=f"broken-{kind}", kind=kind, body=asked("simulator/broken"))
    run = get(server, f"/v1/runs/{recent(server)[0]['id']}")
    assert read["error"] == run["error"]["message"]
    assert text_of(read) == run["output"]["text"] != ""
    assert read["chunks"] == kept(server, run["id"])


def test_a_page_that_was_loaded_again_gets_its_answer(server: Serving) -> None:
    """From the start, and with the same chunks; when it is over there is nothing to come back to."""
    body = asked(text=TEXT, gap_ms=2)
    first, second, third = node("ai_sdk.mjs", url=server.url, chat="left", kind="default", body=body, leaveAfter=20)
    run = wait_for_status(server, recent(server)[0]["id"], "finished")["id"]
    assert second["chunks"] == kept(server, run)
    assert first["chunks"][:20] == second["chunks"][:20]
    assert text_of(second) == TEXT
    assert third is None


@pytest.mark.parametrize("gap", [0, 3], ids=["at_once", "slowly"])
def test_a_connection_that_is_cut_goes_on_where_it_was(server: Serving, gap: int) -> None:
    """As often as the SDK bears it, without a chunk lost or doubled."""
    with Cutter(server.port, seed=11, cuts=3, clients=9) as cutter:
        (read,) = node(
            "ai_sdk.mjs", url=cutter.url, chat=f"cut-{gap}", kind="workflow", body=asked(text=TEXT, gap_ms=gap)
        )
    run = recent(server)[0]["id"]
    assert read["chunks"] == kept(server, run)
    assert text_of(read) == TEXT
    assert cutter.cuts == 3
