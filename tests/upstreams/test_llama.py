"""llama.cpp's own server as an upstream: through every dialect, by every way that we can ask it."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.e2e import judges
from tests.e2e.watching import run_of, wait_for_status, wait_until
from tests.e2e.wire import Wire, chat, events_of, pieces_of
from tests.serving import Serving, serving
from tests.upstreams import model
from tests.upstreams.asking import ASKS, SCHEMA, Question
from tests.upstreams.llama import FOR_EVER, Llama, at_work

pytestmark = pytest.mark.slow

TEXT, THOUGHT, AFTER_THOUGHT = "".join(model.SPEECH), "".join(model.THOUGHT), "".join(model.AFTER_THOUGHT)
WAYS = {
    "chat": 'kind = "openai"\nendpoints = ["chat"]',
    "responses": 'kind = "openai"\nendpoints = ["responses"]',
    "all": 'kind = "openai"\nendpoints = ["chat", "completions", "responses"]',
    "messages": 'kind = "anthropic"\napi_key = "none"',
}
"""Each a provider of ours that asks it in its own manner."""


@pytest.fixture(scope="module")
def server(upstream: Llama) -> Iterator[Serving]:
    sections = [
        f'[providers.{way}]\n{how}\nbase_url = "{upstream.talks}/v1"\nmodels = ["tiny"]\n' for way, how in WAYS.items()
    ]
    with serving("\n".join(sections)) as server:
        yield server


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_text(server: Serving, dialect: str, way: str, stream: bool) -> None:
    said = ASKS[dialect](server, Question(f"{way}/tiny"), stream)
    assert said[:4] == (TEXT, "", [], "stop")
    assert said.used[0] > 0
    assert said.used[1] == 22


def test_thoughts(server: Serving, dialect: str, way: str, stream: bool) -> None:
    said = ASKS[dialect](server, Question(f"{way}/tiny", "Now think"), stream)
    if dialect == "completions":
        # It has no place for thoughts, and its prompt is no message where it goes on as it came.
        assert said[:2] == (TEXT if way == "all" else AFTER_THOUGHT, "")
    else:
        assert said[:4] == (AFTER_THOUGHT, THOUGHT, [], "stop")


@pytest.mark.parametrize("dialect", sorted(ASKS.keys() - {"completions"}), indirect=True)
def test_a_call_of_a_tool(server: Serving, dialect: str, way: str, stream: bool) -> None:
    said = ASKS[dialect](server, Question(f"{way}/tiny", has_tool=True), stream)
    assert said[:4] == ("", "", [(model.TOOL, model.ARGUMENTS)], "tool_calls")


def test_a_limit(server: Serving, dialect: str, way: str, stream: bool) -> None:
    said = ASKS[dialect](server, Question(f"{way}/tiny", limit=3), stream)
    assert said.text == "".join(model.SPEECH[:3])
    assert said.used[1] == 3
    # In responses of its own it says that it is done, whatever ended it.
    assert said.reason == ("stop" if way == "responses" or (way, dialect) == ("all", "responses") else "length")


def test_the_answer_after_a_tool(server: Serving, way: str) -> None:
    """It gets the call that it made, and what came of it."""
    tool: Any = {"type": "function", "function": {"name": model.TOOL, "parameters": SCHEMA}}
    talk: list[Any] = [{"role": "user", "content": "How is the weather?"}]
    judge = judges.Sync(server.url)

    def ask() -> Any:
        answer = judge.whole(
            lambda client: client.chat.completions.create(model=f"{way}/tiny", messages=talk, tools=[tool])
        )
        return answer.choices[0].message

    called = ask()
    talk += [called, {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": "Rain."}]
    assert ask().content == TEXT


def test_a_client_that_leaves_stops_it(server: Serving, upstream: Llama, way: str) -> None:
    """Its slot is free at once, and the log holds what was said until then."""
    with Wire(server) as wire:
        wire.post(chat(model=f"{way}/tiny", stream=True, fields=FOR_EVER))
        run = run_of(wire.until(b"goes"))
    wait_for_status(server, run, "stopped")
    wait_until(lambda: not at_work(upstream), "the slot to be free")
    log = events_of(server, run)
    assert "".join(pieces_of(log)).startswith("round it goes")
    assert log[-1]["type"] == "stopped"


@pytest.mark.parametrize("stream", [True, False])
def test_a_question_that_is_too_long(server: Serving, way: str, stream: bool) -> None:
    """Its own words and its own status."""
    words = "long " * 3000
    with pytest.raises(openai.BadRequestError) as caught:
        judges.Sync(server.url).whole(
            lambda client: client.chat.completions.create(
                model=f"{way}/tiny", messages=[{"role": "user", "content": words}], stream=stream
            )
        )
    assert "context size" in caught.value.message


def test_it_lists_its_model(upstream: Llama) -> None:
    """Where the configuration names none."""
    with serving(f'[providers.llama]\nkind = "openai"\nbase_url = "{upstream.talks}/v1"\n') as server:
        listed = judges.Sync(server.url).whole(lambda client: client.models.list())
        (found,) = [entry.id for entry in listed.data if entry.id.startswith("llama/")]
        answer = ASKS["chat"](server, Question(found), True)
    assert answer.text == TEXT
