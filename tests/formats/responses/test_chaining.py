"""Conversations that go on: what a provider gets to see of what was said before."""

import json
from typing import Any

import pytest

from headgate.calls import Call, Message, TextPart
from headgate.formats.openai_responses import Before, continued, forward, input_items, previous, prompt, read, whole

from .logs import LOGS
from .wire import Json, call, case, events_in, stream

HEX = "0" * 39 + "7"
RUN, RESPONSE = f"run_{HEX}", f"resp_{HEX}"

USER: Json = {"type": "message", "role": "user", "content": "Hello"}
SAID: Json = {
    "id": f"msg_{HEX}_0",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hi.", "annotations": [], "logprobs": []}],
}
SAID_ELSEWHERE: Json = {**SAID, "id": "msg_68af"}
THOUGHT: Json = {"type": "reasoning", "id": "rs_68af", "summary": [], "encrypted_content": "gAAA"}
BARE_THOUGHT: Json = {"type": "reasoning", "id": "rs_68af", "summary": []}
CALL: Json = {"type": "function_call", "id": "fc_68af", "call_id": "c", "name": "f", "arguments": "{}"}
CUT_CALL: Json = {**CALL, "arguments": '{"a', "status": "incomplete"}
SEARCH: Json = {"type": "web_search_call", "id": "ws_68af", "status": "completed", "action": {}}


def chained(output: list[Json], *, kindred: bool = True, asked: Any = "Hello", **fields: Any) -> Call:
    """A request that goes on from one with this output."""
    now = call(**{"input": "And?", "previous_response_id": RESPONSE, **fields})
    return continued(now, Before(call(input=asked).fields, output, kindred))


def input_of(merged: Call) -> Any:
    return json.loads(bytes(merged.fields["input"]))


def sent(merged: Call) -> Any:
    """The request as a provider of this format gets it."""
    return json.loads(forward(merged, "m", stream=True))


def without(item: Json, *names: str) -> Json:
    return {name: value for name, value in item.items() if name not in names}


@pytest.mark.parametrize(
    ("id", "run"),
    [
        (RESPONSE, RUN),
        ("resp_1", None),
        (f"resp_{HEX}0", None),
        (f"resp_{HEX[:-1]}G", None),
        (RUN, None),
        (None, None),
    ],
)
def test_only_ids_of_ours_are_gone_on_from(id: str | None, run: str | None) -> None:
    assert previous(call(previous_response_id=id)) == run


def test_what_was_said_comes_before_what_is_asked() -> None:
    merged = chained([SAID])
    asked, said, more = input_of(merged)
    assert asked == USER
    assert without(said, "content") == without(SAID, "content")
    assert said["content"] == [{"type": "output_text", "text": "Hi.", "annotations": []}]
    assert more == {**USER, "content": "And?"}
    assert json.loads(bytes(merged.fields["previous_response_id"])) == RESPONSE


def test_a_chain_holds_all_of_it() -> None:
    """So nothing is needed of what came long before."""
    first = chained([SAID])
    second = continued(
        call(input="Still?", previous_response_id=RESPONSE), Before(first.fields, [SAID_ELSEWHERE], True)
    )
    assert [item["role"] for item in input_of(second)] == ["user", "assistant", "user", "assistant", "user"]
    assert len(prompt(second).messages) == 5


def test_instructions_are_not_inherited() -> None:
    now = call(input="And?", previous_response_id=RESPONSE)
    merged = continued(now, Before(call(input="Hello", instructions="Be rude.").fields, [SAID], True))
    assert "instructions" not in sent(merged)
    assert [message.role for message in prompt(merged).messages] == ["user", "assistant", "user"]


def test_a_request_without_input_goes_on_all_the_same() -> None:
    assert [item["role"] for item in input_of(chained([SAID], input=None))] == ["user", "assistant"]


def test_a_provider_sees_no_id_of_ours() -> None:
    """Neither the response's nor its items'; it would look for them in vain."""
    seen = sent(chained([SAID], background=True))
    assert "previous_response_id" not in seen
    assert "background" not in seen
    assert [item.get("id") for item in seen["input"]] == [None, None, None]
    assert RESPONSE not in json.dumps(seen)


def test_a_request_that_goes_on_from_nothing_is_sent_as_it_came() -> None:
    asked = {"model": "m", "input": [SAID], "previous_response_id": "resp_theirs", "stream": True}
    assert sent(call(**asked)) == asked


def test_the_same_provider_gets_its_own_notes_back() -> None:
    """What it thought, encrypted; what its own tools did; and its own ids."""
    seen = sent(chained([THOUGHT, SEARCH, SAID_ELSEWHERE, CALL]))
    assert [item.get("id") for item in seen["input"]] == [None, "rs_68af", "ws_68af", "msg_68af", "fc_68af", None]


def test_a_thought_that_only_an_id_stands_for_is_left_out_with_the_ids_that_need_it() -> None:
    seen = sent(chained([BARE_THOUGHT, SEARCH, SAID_ELSEWHERE, CALL]))
    assert [(item["type"], item.get("id")) for item in seen["input"]] == [
        ("message", None),
        ("web_search_call", "ws_68af"),
        ("message", None),
        ("function_call", None),
        ("message", None),
    ]


def test_another_provider_gets_what_anybody_can_read() -> None:
    earlier = [USER, THOUGHT, SEARCH, SAID_ELSEWHERE, CALL]
    outputs = {"type": "function_call_output", "call_id": "c", "output": "42"}
    merged = chained([SAID], kindred=False, asked=[*earlier, outputs])
    kinds = ["message", "message", "function_call", "function_call_output", "message", "message"]
    assert [item["type"] for item in sent(merged)["input"]] == kinds
    assert not any("68af" in str(item.get("id")) for item in input_of(merged))
    assert [message.role for message in prompt(merged).messages] == ["user", "assistant", "tool", "assistant", "user"]


def test_what_the_client_says_now_is_never_touched() -> None:
    """Not even its spaces."""
    body = b'{"model":"m","previous_response_id":"%b","input":[{"role": "user",  "content":"x", "id":"msg_9"}]}'
    merged = continued(read(body % RESPONSE.encode()), Before(call().fields, [THOUGHT], False))
    assert bytes(merged.fields["input"]).endswith(b'{"role": "user",  "content":"x", "id":"msg_9"}]')


def test_a_call_that_was_cut_short_is_as_if_it_had_not_been() -> None:
    assert [item["type"] for item in input_of(chained([SAID, CUT_CALL]))] == ["message", "message", "message"]


def test_a_message_without_a_word_is_left_out() -> None:
    assert len(input_of(chained([{**SAID, "content": []}]))) == 2


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize("kindred", [True, False])
def test_whatever_was_answered_can_be_gone_on_from(name: str, kindred: bool) -> None:
    """By providers of this format and by all others."""
    output = json.loads(whole(call(), RUN, 9, LOGS[name]))["output"]
    merged = chained(output, kindred=kindred)
    assert sent(merged)["input"][-1]["content"] == "And?"
    assert prompt(merged).messages[-1] == Message("user", (TextPart("And?"),))


@pytest.mark.parametrize("name", ["hosted_tools", "parallel_calls", "reasoning_silent", "web_search"])
def test_an_answer_of_a_provider_of_this_format_too(name: str) -> None:
    output = json.loads(whole(call(), RUN, 9, events_in(stream(case(name)))))["output"]
    assert prompt(chained(output, kindred=False)).messages


def test_input_items_all_have_ids_and_parts() -> None:
    asked = [{"role": "user", "content": "a"}, SAID, CALL, {**CALL, "id": None}, THOUGHT, {"type": "hologram"}]
    fields = call(input=[*asked, {"role": "assistant", "content": "b"}, {"id": "msg_0"}]).fields
    items = input_items(fields, RUN)
    assert [item["id"] for item in items] == [
        f"msg_{HEX}_in0",
        f"msg_{HEX}_0",
        "fc_68af",
        f"fc_{HEX}_in3",
        "rs_68af",
        f"item_{HEX}_in5",
        f"msg_{HEX}_in6",
        "msg_0",
    ]
    assert items[0]["content"] == [{"type": "input_text", "text": "a"}]
    assert items[6]["content"] == [{"type": "output_text", "text": "b", "annotations": []}]
    assert (items[0]["type"], items[0]["status"]) == ("message", "completed")
    assert input_items(call(input="x").fields, RUN)[0]["content"] == [{"type": "input_text", "text": "x"}]
    assert input_items(fields, RUN) == items
