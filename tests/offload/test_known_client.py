"""The published client works unchanged."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.offload.known_client import Chat
from tests.offload.visitor import LONG
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


def says(text: str, gap_ms: int = 0, **more: Any) -> dict[str, Any]:
    return {"simulator": {"text": text, "gap_ms": gap_ms, **more}}


@pytest.fixture(params=[False, True], ids=["public", "private"])
def chat(server: Serving, request: pytest.FixtureRequest) -> Chat:
    return Chat(server, private=request.param)


def test_a_conversation(chat: Chat) -> None:
    chat.send("One?", **says("Yes, one.", gap_ms=5))
    assert [*chat.read()] == ["Yes,", "Yes, one."]
    assert chat.poll() == "Yes, one."
    chat.send("Two?", **says("Also two."))
    assert [*chat.read()][-1] == "Also two."
    chat.send("Three?", **says("Three."))
    assert chat.poll() == "Three."
    assert chat.load() == [
        ("user", "One?"),
        ("assistant", "Yes, one."),
        ("user", "Two?"),
        ("assistant", "Also two."),
        ("user", "Three?"),
        ("assistant", "Three."),
    ]


def test_it_asks_again_while_it_is_not_done(chat: Chat) -> None:
    chat.send("One?", **says("Yes, one.", first_ms=300, gap_ms=300))
    assert chat.poll() == "Yes, one."


def test_it_stops_and_goes_on(chat: Chat) -> None:
    chat.send("Count.", **says(LONG, gap_ms=5))
    stopped = False
    for text in chat.read():
        if not stopped and "w9 " in text:
            assert chat.stop()
            stopped = True
    half = chat.text
    assert stopped
    assert LONG.startswith(half)
    assert chat.poll() == half, "its stream went on to the very end"
    assert not chat.stop(), "it is over"
    chat.send("And on.", **says("No."))
    assert chat.poll() == "No."
    assert chat.load()[1] == ("assistant", half)


def test_it_gives_up_where_it_should(chat: Chat) -> None:
    chat.send("One?", **says("a b c", fail={"at": 2}))
    assert [*chat.read()][-1:] == ["a b"]
    assert chat.poll() is None
