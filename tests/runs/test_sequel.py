"""An answer that breaks in the middle, and another provider that goes on with it."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from headgate.calls import Call
from headgate.errors import Tried
from headgate.events import (
    AnyEvent,
    Attempt,
    Continued,
    Failed,
    Finished,
    Reasoning,
    Refusal,
    Started,
    Text,
    ToolCall,
    Usage,
    Vendor,
)
from headgate.formats import openai_chat
from headgate.formats.prompts import PROMPTS
from headgate.providers.base import Ask, Emit
from headgate.runs import Settings, Wishes
from headgate.runs.sequel import GO_ON, MAX_SEQUELS, sequel
from tests.runs.fakes import run, saying
from tests.runs.fleet import DONE, Fleet, failing, first

GOES_ON = Wishes(goes_on=True)
BEGUN: list[AnyEvent] = [Started("a", "m", "", 0), Text("Once upon "), Text("a ti")]


def chat(**more: Any) -> Call:
    """A chat's call."""
    body = {"model": "a/m", "messages": [{"role": "user", "content": "Tell!"}], **more}
    return openai_chat.read(msgspec.json.encode(body))


def test_the_next_provider_goes_on_where_the_first_broke() -> None:
    async def play() -> None:
        async with Fleet(failing(502, after=BEGUN), saying("me there", " was")) as fleet:
            log = await fleet.made("a/m", "b/m", wishes=GOES_ON)
            broke = Tried("a", "m", 502, "down", "m is down")
            assert log == [*BEGUN, Continued("b", "m", broke), Text("me there"), Text(" was"), DONE]
            asked = fleet.fakes[1].asked[0].call
            last = PROMPTS[asked.format](asked).messages[-2:]
            assert [(message.role, message.parts[0].text) for message in last] == [  # type: ignore[union-attr]
                ("assistant", "Once upon a ti"),
                ("user", GO_ON),
            ]

    run(play())


def test_it_is_done_only_when_it_is_wished_for() -> None:
    async def play() -> None:
        async with Fleet(failing(502, after=BEGUN), saying("x"), settings=Settings(goes_on=True)) as fleet:
            assert (await fleet.made("a/m", "b/m"))[-1] == DONE
            refused = Failed("down", "m is down", 502, "upstream_error")
            assert (await fleet.made("a/m", "b/m", wishes=Wishes(goes_on=False)))[-1] == refused
        async with Fleet(failing(502, after=BEGUN), saying("x")) as fleet:
            assert (await fleet.made("a/m", "b/m"))[-1] == refused

    run(play())


def test_the_same_provider_is_asked_last() -> None:
    """What broke may have been a connection and nothing more."""

    async def play() -> None:
        async with Fleet(first(failing(502, after=BEGUN), saying("me.")), failing(503)) as fleet:
            log = await fleet.made("a/m", "b/m", wishes=GOES_ON)
            assert [type(event).__name__ for event in log[3:]] == ["Attempt", "Continued", "Text", "Finished"]
            assert isinstance(log[4], Continued)
            assert (log[4].provider, log[4].broke.provider) == ("a", "a")

    run(play())


def test_an_answer_may_break_more_than_once_but_not_for_ever() -> None:
    async def play() -> None:
        more: list[AnyEvent] = [Started("x", "m", "", 0), Text("more ")]
        async with Fleet(failing(502, after=BEGUN), failing(500, after=more)) as fleet:
            log = await fleet.made("a/m", "b/m", wishes=GOES_ON)
            assert sum(isinstance(event, Continued) for event in log) == MAX_SEQUELS
            last = log[-1]
            assert isinstance(last, Failed)
            assert (last.code, last.status, len(last.attempts)) == ("down", 502, 1 + MAX_SEQUELS)
            assert sum(fleet.asked) == 1 + MAX_SEQUELS

    run(play())


def test_when_nobody_can_go_on_the_break_is_told() -> None:
    async def play() -> None:
        async with Fleet(first(failing(502, code="cut", after=BEGUN), failing(429)), failing(503)) as fleet:
            log = await fleet.made("a/m", "b/m", wishes=GOES_ON)
            last = log[-1]
            assert isinstance(last, Failed)
            assert (last.code, [tried.status for tried in last.attempts]) == ("cut", [502, 503, 429])
            assert not any(isinstance(event, Continued) for event in log)

    run(play())


def test_an_error_before_the_break_is_not_what_is_told() -> None:
    async def play() -> None:
        async with Fleet(failing(503), failing(502, code="cut", after=BEGUN), failing(500)) as fleet:
            last = (await fleet.made("a/m", "b/m", "c/m", wishes=GOES_ON))[-1]
            assert isinstance(last, Failed)
            assert last.code == "cut"

    run(play())


def test_nothing_more_to_say_is_an_end() -> None:
    """What broke may have been the end mark alone."""

    async def play() -> None:
        async with Fleet(failing(502, after=BEGUN), saying()) as fleet:
            log = await fleet.made("a/m", "b/m", wishes=GOES_ON)
            assert [type(event).__name__ for event in log[3:]] == ["Continued", "Finished"]

    run(play())


def test_what_is_in_another_providers_terms_is_left_out() -> None:
    async def play() -> None:
        async def other(ask: Ask, emit: Emit) -> None:
            emit([Started("b", "m", "id", 0, "anthropic.messages", b"{}")])
            emit([Reasoning("hm", extra=b'{"signature":1}'), Text("me", logprobs=b"[]", extra=b"{}"), Vendor(b"{}")])
            emit([Usage(1, 2, 3, extra=b"{}"), Finished("stop", extra=b"{}")])

        async with Fleet(failing(502, after=BEGUN), other) as fleet:
            log = await fleet.made("a/m", "b/m", wishes=GOES_ON)
            assert [event for event in log[4:] if not isinstance(event, Usage)] == [Reasoning("hm"), Text("me"), DONE]

    run(play())


def test_a_wrong_request_is_not_gone_on_with() -> None:
    async def play() -> None:
        async with Fleet(failing(400, after=BEGUN), saying("x")) as fleet:
            assert isinstance((await fleet.made("a/m", "b/m", wishes=GOES_ON))[-1], Failed)
            assert fleet.asked == [1, 0]

    run(play())


TOOL: list[AnyEvent] = [ToolCall(0, "call_1", "look")]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (chat(), TOOL),
        (chat(), [Refusal("No")]),
        (chat(n=2), BEGUN),
        (chat(response_format={"type": "json_object"}), BEGUN),
        (chat(logprobs=True), BEGUN),
    ],
    ids=["tool", "refusal", "choices", "json", "logprobs"],
)
def test_what_nobody_could_go_on_with(call: Call, said: Sequence[AnyEvent]) -> None:
    assert sequel(call, said) is None


def test_a_plain_text_format_is_none() -> None:
    assert sequel(chat(response_format={"type": "text"}), BEGUN) is not None


def test_a_thought_without_words_is_thought_again() -> None:
    call = chat()
    assert sequel(call, [Started("a", "m", "", 0), Reasoning("hm"), Attempt("a", 500, "x", "x")]) is call


def test_the_limit_of_tokens_is_what_is_left_of_it() -> None:
    asked = sequel(chat(max_tokens=100, top_k=7), [Text("x" * 200)])
    assert asked is not None
    prompt = PROMPTS[asked.format](asked)
    assert prompt.max_tokens == 50
    assert prompt.extra["top_k"] == msgspec.Raw(b"7")
    short = sequel(chat(max_tokens=10), [Text("x" * 200)])
    assert short is not None
    assert PROMPTS[short.format](short).max_tokens == 16
