"""The loop in all four dialects, over every vendor's models, streamed and whole, judged by the vendors' clients."""

import json
from collections.abc import Iterator

import pytest

from tests.loop.faces import FACES
from tests.loop.house import House, house
from tests.loop.models import MODELS, Call, Round

pytestmark = pytest.mark.slow

ROUNDS = [
    Round("Let me see.", (Call("add", '{"a": 1, "b": 2}'), Call("add", '{"a": 3, "b": 4}'))),
    Round("", (Call("add", '{"a": 3, "b": 7}'),)),
    Round("It is ten."),
]
SAID, SAID_IN_ITEMS = "Let me see.\n\nIt is ten.", "Let me see.It is ten."
"""A blank line stands between two rounds, where clients see no calls between them."""
REASONS = {"chat": "stop", "responses": "completed", "anthropic": "end_turn", "gemini": "STOP"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house"), list(MODELS)) as home:
        yield home


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("vendor", MODELS)
@pytest.mark.parametrize("face", FACES)
def test_the_model_goes_on_with_what_came_of_its_calls(home: House, face: str, vendor: str, streamed: bool) -> None:
    script, before = home.scripts[vendor], len(home.deeds())
    script.will(ROUNDS)
    seen = FACES[face].ask(home.server.url, f"{vendor}/m", "1 + 2 + 3 + 4?", ["add"], streamed=streamed)
    text = SAID if seen.calls is None else SAID_IN_ITEMS
    assert (seen.text, seen.asked, seen.reason) == (text, [], REASONS[face])
    assert sorted(home.deeds()[before:]) == ["add 1 2", "add 3 4", "add 3 7"]
    if seen.calls is not None:
        assert [call.replace(" ", "") for call in seen.calls] == [
            'add({"a":1,"b":2})=3',
            'add({"a":3,"b":4})=7',
            'add({"a":3,"b":7})=10',
        ]
    asked = script.all_heard()
    assert [each.tools for each in asked] == [("add",)] * 3
    assert [[len(calls) for calls in each.rounds] for each in asked] == [[], [2], [2, 1]]
    last = asked[-1]
    given = [[json.loads(call.arguments) for call in calls] for calls in last.rounds]
    assert given == [[{"a": 1, "b": 2}, {"a": 3, "b": 4}], [{"a": 3, "b": 7}]]
    told = [[result.text for result in results] for results in last.results]
    assert ["3" in told[0][0], "7" in told[0][1], "10" in told[1][0]] == [True] * 3
    assert all("functions" not in each.body for each in asked), "the field is ours"


def test_usage_is_that_of_all_rounds(home: House) -> None:
    home.scripts["chat"].will(ROUNDS)
    for streamed in (True, False):
        for face in FACES.values():
            assert face.ask(home.server.url, "chat/m", "?", ["add"], streamed=streamed).total == 45


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("face", FACES)
def test_nobody_has_functions_who_did_not_ask_for_them(home: House, face: str, streamed: bool) -> None:
    home.scripts["chat"].will([Round("Nothing to use.")])
    assert FACES[face].ask(home.server.url, "chat/m", "?", [], streamed=streamed).text == "Nothing to use."
    (asked,) = home.scripts["chat"].all_heard()
    assert asked.tools == ()


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("vendor", MODELS)
@pytest.mark.parametrize("face", FACES)
def test_tools_of_the_client_are_its_own(home: House, face: str, vendor: str, streamed: bool) -> None:
    """A round that calls one of them ends the answer, and nothing of that round is executed here."""
    before = len(home.deeds())
    home.scripts[vendor].will(
        [
            Round("", (Call("add", '{"a": 1, "b": 1}'),)),
            Round("", (Call("tide", '{"place": "Faro"}'), Call("add", '{"a": 2, "b": 2}', "x"))),
        ]
    )
    seen = FACES[face].ask(home.server.url, f"{vendor}/m", "?", ["add"], streamed=streamed, tools=["tide"])
    assert seen.asked == ["tide"]
    assert home.deeds()[before:] == ["add 1 1"]
    if seen.calls is not None:
        assert "Not executed" in seen.calls[1]
