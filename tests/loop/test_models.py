"""The scripted models speak as their vendors do: asked through the gateway for a tool of the client's own."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.judges import Sync
from tests.loop.models import MODELS, Call, Round
from tests.loop.models.base import Script
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "tide", "parameters": {"type": "object", "properties": {"harbour": {"type": "string"}}}},
}
ROUNDS = [
    Round("Let me look.", (Call("tide", '{"harbour": "Faro"}', "a"), Call("tide", '{"harbour": "Brest"}', "b"))),
    Round("High at nine."),
]
ASK: list[Any] = [{"role": "user", "content": "When is high tide?"}]


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, Script]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(Script(model, ROUNDS, name)) for name, model in MODELS.items()}


@pytest.fixture(scope="module")
def server(scripts: dict[str, Script]) -> Iterator[Serving]:
    with serving("".join(script.section() for script in scripts.values())) as server:
        yield server


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", MODELS)
def test_a_client_can_go_through_the_rounds_itself(
    server: Serving, scripts: dict[str, Script], name: str, streamed: bool
) -> None:
    def ask(messages: list[Any]) -> Any:
        asked = {"model": f"{name}/m", "messages": messages, "tools": [TOOL]}
        if not streamed:
            return Sync(server.url).whole(lambda client: client.chat.completions.create(**asked))
        _, final = Sync(server.url).helper(
            lambda client: client.chat.completions.stream(**asked), "get_final_completion"
        )
        return final

    scripts[name].will(ROUNDS)
    message = ask(ASK).choices[0].message
    assert message.content == "Let me look."
    calls = message.tool_calls
    assert [call.function.name for call in calls] == ["tide", "tide"]
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": f"at {number}"} for number, call in enumerate(calls)
    ]
    said = {"role": "assistant", "content": message.content, "tool_calls": [call.model_dump() for call in calls]}
    assert ask([*ASK, said, *results]).choices[0].message.content == "High at nine."
    first, second = scripts[name].all_heard()
    assert (first.tools, first.rounds) == (("tide",), ())
    assert [call.name for call in second.rounds[0]] == ["tide", "tide"]
    assert ["at 0" in second.results[0][0].text, "at 1" in second.results[0][1].text] == [True, True]
