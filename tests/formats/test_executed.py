"""What clients of each format see of functions that the server executes, and what it is when they send it back."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from anthropic.types.beta import BetaMessage
from openai.types.responses import Response, ResponseOutputItem
from pydantic import TypeAdapter

from headgate.calls import Call
from headgate.events import AnyEvent, Called, Calling, Finished, Started, Stopped, Text, ToolCall, ToolInput, Usage
from headgate.fold import fold
from headgate.formats import anthropic, gemini, openai_chat, openai_completions, openai_responses, purai, ui_messages
from headgate.formats.base import Writer
from headgate.formats.prompts import PROMPTS
from headgate.formats.ui_messages.writer import Writer as UIWriter

RUN = "run_" + "a" * 40
GIVEN = '{"city":"Oslo"}'
STARTED = Started("fake", "m", "", 7, "openai.chat")

LOG: list[AnyEvent] = [
    STARTED,
    Text("Let me see."),
    Calling("c0", "weather", GIVEN),
    Calling("c1", "news", "{}"),
    Called("c1", "news", "{}", "No news.", is_error=True),
    Called("c0", "weather", GIVEN, "5 degrees"),
    Text("\n\n"),
    Text("Cold."),
    Usage(3, 2, 5),
    Finished("stop"),
]

CHAT = openai_chat.read(b'{"model":"m","messages":[{"role":"user","content":"Hi"}]}')
COMPLETION = openai_completions.read(b'{"model":"m","prompt":"Hi"}')
RESPONSE = openai_responses.read(b'{"model":"m","input":"Hi"}')
MESSAGE = anthropic.read(b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}')
GEMINI = gemini.asked(b'{"contents":[{"parts":[{"text":"Hi"}]}]}', "m", stream=True)
PLAN = purai.Plan(("fake/m",), frozenset({"fake/m"}))

Json = dict[str, Any]


def frames(writer: Writer, events: Sequence[AnyEvent] = LOG) -> list[Json]:
    """What is written, as objects."""
    said = b"".join(writer.write(event) for event in events)
    lines = [line[6:] for line in said.split(b"\n") if line.startswith(b"data: ")]
    return [msgspec.json.decode(line) for line in lines if line != b"[DONE]"]


def test_a_chat_sees_the_words_of_all_rounds() -> None:
    said = frames(openai_chat.Writer(CHAT, RUN, 7))
    assert "".join(one["choices"][0]["delta"].get("content") or "" for one in said) == "Let me see.\n\nCold."
    assert not any("tool_calls" in one["choices"][0]["delta"] for one in said)
    whole = msgspec.json.decode(openai_chat.whole(CHAT, RUN, 7, LOG))
    assert whole["choices"][0]["message"]["content"] == "Let me see.\n\nCold."
    assert whole["choices"][0]["finish_reason"] == "stop"


def test_so_do_completions_and_gemini() -> None:
    whole = msgspec.json.decode(openai_completions.whole(COMPLETION, RUN, 7, LOG))
    assert whole["choices"][0]["text"] == "Let me see.\n\nCold."
    answer = msgspec.json.decode(gemini.whole(GEMINI, RUN, 7, LOG))
    assert answer["candidates"][0]["content"]["parts"] == [{"text": "Let me see.\n\nCold."}]
    said = frames(gemini.Writer(GEMINI, RUN, 7))
    parts = [part for one in said for part in one["candidates"][0]["content"]["parts"]]
    assert "".join(part["text"] for part in parts) == "Let me see.\n\nCold."


def test_purai_tells_each_call_with_its_result() -> None:
    """In the chunk after it and in the last one; other chunks would repeat it with every word."""
    pairs = [
        [{"name": "news", "arguments": "{}"}, {"role": "function", "name": "news", "content": "No news."}],
        [{"name": "weather", "arguments": GIVEN}, {"role": "function", "name": "weather", "content": "5 degrees"}],
    ]
    whole = msgspec.json.decode(purai.whole(CHAT, RUN, 7, LOG, PLAN))
    assert whole["calledFunctions"] == pairs
    said = frames(purai.Writer(CHAT, RUN, 7, PLAN))
    assert [one["calledFunctions"] for one in said if one["calledFunctions"]] == [pairs[:1], pairs, pairs]
    assert said[-1]["calledFunctions"] == pairs
    assert "".join(one["choices"][0]["delta"].get("content") or "" for one in said) == "Let me see.\n\nCold."


def test_responses_tell_calls_as_items_of_their_own() -> None:
    whole = msgspec.json.decode(openai_responses.whole(RESPONSE, RUN, 7, LOG))
    first, weather, news, last = whole["output"]
    assert first["content"][0]["text"] == "Let me see."
    assert last["content"][0]["text"] == "Cold."
    assert weather == {
        "id": f"mcp_{'a' * 40}_1",
        "type": "mcp_call",
        "server_label": "headgate",
        "name": "weather",
        "arguments": GIVEN,
        "output": "5 degrees",
        "error": None,
        "status": "completed",
        "approval_request_id": None,
    }
    error = {"type": "mcp_tool_execution_error", "content": [{"type": "text", "text": "No news."}]}
    assert (news["status"], news["output"], news["error"]) == ("failed", None, error)
    assert Response.model_validate(whole, strict=False).output_text == "Let me see.Cold."
    TypeAdapter(list[ResponseOutputItem]).validate_python(whole["output"])


def test_a_streamed_response_tells_the_same() -> None:
    said = frames(openai_responses.Writer(RESPONSE, RUN, 7))
    whole = msgspec.json.decode(openai_responses.whole(RESPONSE, RUN, 7, LOG))
    assert said[-1]["response"]["output"] == whole["output"]
    done = {one["output_index"]: one["item"] for one in said if one["type"] == "response.output_item.done"}
    assert [done[index] for index in range(4)] == whole["output"]
    told = [one["type"] for one in said if one.get("output_index") == 1]
    assert told == [
        "response.output_item.added",
        "response.mcp_call.in_progress",
        "response.mcp_call_arguments.delta",
        "response.mcp_call_arguments.done",
        "response.mcp_call.completed",
        "response.output_item.done",
    ]


def test_a_response_that_was_stopped_in_a_function_says_so() -> None:
    events: list[AnyEvent] = [STARTED, Calling("c0", "weather", GIVEN), Stopped("user")]
    said = frames(openai_responses.Writer(RESPONSE, RUN, 7), events)
    assert [one["item"]["status"] for one in said if one["type"] == "response.output_item.done"] == ["incomplete"]
    assert said[-1]["response"]["output"][0]["status"] == "incomplete"


def test_messages_tell_calls_as_blocks_of_their_own() -> None:
    whole = msgspec.json.decode(anthropic.whole(MESSAGE, RUN, 7, LOG))
    kinds = ["text", "mcp_tool_use", "mcp_tool_use", "mcp_tool_result", "mcp_tool_result", "text"]
    assert [block["type"] for block in whole["content"]] == kinds
    use, result = whole["content"][1], whole["content"][4]
    assert use == {
        "type": "mcp_tool_use",
        "id": "c0",
        "name": "weather",
        "server_name": "headgate",
        "input": {"city": "Oslo"},
    }
    said = [{"type": "text", "text": "5 degrees"}]
    assert result == {"type": "mcp_tool_result", "tool_use_id": "c0", "is_error": False, "content": said}
    assert whole["content"][5] == {"type": "text", "text": "Cold."}
    assert BetaMessage.model_validate(whole).content[1].type == "mcp_tool_use"


def test_a_streamed_message_tells_the_same() -> None:
    said = frames(anthropic.Writer(MESSAGE, RUN, 7))
    whole = msgspec.json.decode(anthropic.whole(MESSAGE, RUN, 7, LOG))
    starts = [one["content_block"] for one in said if one["type"] == "content_block_start"]
    assert starts[1:5] == whole["content"][1:5]
    open: list[int] = []
    for one in said:
        # No block begins before the one before it is over.
        if one["type"] == "content_block_start":
            assert not open
            open.append(one["index"])
        elif one["type"] == "content_block_stop":
            assert open.pop() == one["index"]


def test_a_streamed_message_ends_with_the_usage_of_all_rounds() -> None:
    """Also where its provider told at the end what the last one took."""
    ending = b'{"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}'
    began = Started("fake", "m", "", 7, anthropic.NAME)
    total = Usage(30, 9, 39, extra=b'{"input_tokens":30,"output_tokens":9}')
    for executed, counted in ((LOG[2:6], 9), ([], 1)):
        events: list[AnyEvent] = [began, *executed, Text("x"), total, Finished("stop", extra=ending)]
        told = next(one for one in frames(anthropic.Writer(MESSAGE, RUN, 7), events) if one["type"] == "message_delta")
        assert told["usage"]["output_tokens"] == counted


def test_ui_messages_tell_calls_as_executed_by_the_provider() -> None:
    """And a step of its own for what the model says after them."""
    said = frames(UIWriter(CHAT, RUN, 7))
    about = {"providerExecuted": True, "dynamic": True}
    assert [one for one in said if one["type"].startswith("tool-")] == [
        {"type": "tool-input-available", "toolCallId": "c0", "toolName": "weather", **about, "input": {"city": "Oslo"}},
        {"type": "tool-input-available", "toolCallId": "c1", "toolName": "news", **about, "input": {}},
        {"type": "tool-output-error", "toolCallId": "c1", **about, "errorText": "No news."},
        {"type": "tool-output-available", "toolCallId": "c0", **about, "output": "5 degrees"},
    ]
    kinds = [one["type"] for one in said]
    assert kinds.count("start-step") == kinds.count("finish-step") == 2
    assert kinds.index("finish-step") > kinds.index("tool-output-available")
    assert [one["delta"] for one in said if one["type"] == "text-delta"] == ["Let me see.", "Cold."]


def test_two_rounds_without_words_are_two_steps() -> None:
    calls: list[AnyEvent] = []
    for number in range(2):
        calls += [Calling(f"c{number}", "weather", GIVEN), Called(f"c{number}", "weather", GIVEN, "5")]
    kinds = [one["type"] for one in frames(UIWriter(CHAT, RUN, 7), [STARTED, *calls, Text("x"), Finished("stop")])]
    assert kinds.count("start-step") == kinds.count("finish-step") == 3


MIXED: list[AnyEvent] = [
    STARTED,
    ToolCall(0, "c1", "mine"),
    ToolInput(0, "{}"),
    Called("c0", "weather", GIVEN, "Not executed.", is_error=True),
    Finished("tool_calls"),
]


def test_what_was_not_executed_is_told_after_the_clients_own_calls() -> None:
    said = frames(UIWriter(CHAT, RUN, 7), MIXED)
    assert [one["type"] for one in said if one["type"].startswith("tool-")] == [
        "tool-input-start",
        "tool-input-delta",
        "tool-input-available",
        "tool-input-available",
        "tool-output-error",
    ]
    output = msgspec.json.decode(openai_responses.whole(RESPONSE, RUN, 7, MIXED))["output"]
    assert [item["type"] for item in output] == ["function_call", "mcp_call"]
    content = msgspec.json.decode(anthropic.whole(MESSAGE, RUN, 7, MIXED))["content"]
    assert [block["type"] for block in content] == ["tool_use", "mcp_tool_use", "mcp_tool_result"]


def test_a_call_that_was_repeated_is_told_once() -> None:
    again: list[AnyEvent] = [*LOG[:3], *LOG[2:]]
    for whole, call in ((openai_responses.whole, RESPONSE), (anthropic.whole, MESSAGE)):
        assert whole(call, RUN, 7, again) == whole(call, RUN, 7, LOG)
    assert frames(UIWriter(CHAT, RUN, 7), again) == frames(UIWriter(CHAT, RUN, 7))


def test_what_was_called_is_part_of_the_answer_so_far() -> None:
    assert [one.name for one in fold(LOG).called] == ["news", "weather"]


# What clients send back.


def said_of(call: Call) -> list[tuple[str, str, list[str], str | None, bool]]:
    """The conversation as any provider is told it."""
    prompt = PROMPTS[call.format](call)
    return [
        (
            message.role,
            "".join(getattr(part, "text", "") for part in message.parts),
            [f"{use.name} {use.input}" for use in message.calls],
            message.call_id,
            message.is_error,
        )
        for message in prompt.messages
    ]


def test_a_response_that_is_sent_back_tells_the_calls_and_their_results() -> None:
    output = msgspec.json.decode(openai_responses.whole(RESPONSE, RUN, 7, LOG))["output"]
    asked = {"role": "user", "content": "And now?"}
    call = openai_responses.read(msgspec.json.encode({"model": "m", "input": [*output, asked]}))
    weather, news = (f"call_{output[at]['id'][-35:]}" for at in (1, 2))
    assert said_of(call) == [
        ("assistant", "Let me see.", [f"weather {GIVEN}"], None, False),
        ("tool", "5 degrees", [], weather, False),
        ("assistant", "", ["news {}"], None, False),
        ("tool", "No news.", [], news, False),
        ("assistant", "Cold.", [], None, False),
        ("user", "And now?", [], None, False),
    ]
    sent = msgspec.json.decode(openai_responses.forward(call, "m", stream=False))["input"]
    assert [item.get("type", "message") for item in sent] == [
        "message",
        "function_call",
        "function_call_output",
        "function_call",
        "function_call_output",
        "message",
        "message",
    ]


def test_a_tool_of_somebody_elses_server_is_left_as_it_is() -> None:
    theirs = {"type": "mcp_call", "id": "mcp_1", "server_label": "theirs", "name": "x", "arguments": "{}"}
    call = openai_responses.read(msgspec.json.encode({"model": "m", "input": [theirs]}))
    assert msgspec.json.decode(openai_responses.forward(call, "m", stream=False))["input"] == [theirs]


@pytest.mark.parametrize("is_kindred", [True, False])
def test_a_chain_over_a_response_with_functions_holds_them(is_kindred: bool) -> None:
    output = msgspec.json.decode(openai_responses.whole(RESPONSE, RUN, 7, LOG))["output"]
    before = openai_responses.Before(RESPONSE.fields, output, is_kindred)
    call = openai_responses.read(
        msgspec.json.encode({"model": "m", "input": "And now?", "previous_response_id": f"resp_{'a' * 40}"})
    )
    whole = openai_responses.continued(call, before)
    roles = [role for role, *_ in said_of(whole)]
    assert roles == ["user", "assistant", "tool", "assistant", "tool", "assistant", "user"]


def test_a_message_that_is_sent_back_tells_the_calls_and_their_results() -> None:
    content = msgspec.json.decode(anthropic.whole(MESSAGE, RUN, 7, LOG))["content"]
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": "And now?"},
    ]
    call = anthropic.read(msgspec.json.encode({"model": "m", "max_tokens": 9, "messages": messages}))
    assert said_of(call) == [
        ("user", "Hi", [], None, False),
        ("assistant", "Let me see.", [f"weather {GIVEN}", "news {}"], None, False),
        ("tool", "5 degrees", [], "c0", False),
        ("tool", "No news.", [], "c1", True),
        ("assistant", "Cold.", [], None, False),
        ("user", "And now?", [], None, False),
    ]
    sent = msgspec.json.decode(anthropic.forward(call, "m"))["messages"]
    assert [[block["type"] for block in message["content"]] for message in sent[1:4]] == [
        ["text", "tool_use", "tool_use"],
        ["tool_result", "tool_result"],
        ["text"],
    ]


def test_results_of_the_server_and_of_the_client_come_together() -> None:
    """Where both were called, and the client sends back what it has been told, with the result of its own."""
    refused = Called("c0", "weather", GIVEN, "No.", is_error=True)
    both: list[AnyEvent] = [STARTED, ToolCall(0, "c1", "mine"), ToolInput(0, "{}"), refused, Finished("tool_calls")]
    content = msgspec.json.decode(anthropic.whole(MESSAGE, RUN, 7, both))["content"]
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "Mine."}]},
    ]
    call = anthropic.read(msgspec.json.encode({"model": "m", "max_tokens": 9, "messages": messages}))
    sent = msgspec.json.decode(anthropic.forward(call, "m"))["messages"]
    assert [[block.get("id") or block.get("tool_use_id") for block in said["content"]] for said in sent[1:]] == [
        ["c1", "c0"],
        ["c0", "c1"],
    ]


def test_a_tool_of_somebody_elses_server_is_sent_on_to_who_knows_it() -> None:
    theirs = {"type": "mcp_tool_use", "id": "x", "name": "n", "server_name": "theirs", "input": {}}
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [theirs]}]
    call = anthropic.read(msgspec.json.encode({"model": "m", "max_tokens": 9, "messages": messages}))
    assert msgspec.json.decode(anthropic.forward(call, "m"))["messages"][1]["content"] == [theirs]


def test_a_ui_message_that_is_sent_back_tells_them_too() -> None:
    part = {
        "type": "dynamic-tool",
        "toolName": "weather",
        "toolCallId": "c0",
        "state": "output-available",
        "input": {"city": "Oslo"},
        "output": "5 degrees",
        "providerExecuted": True,
    }
    parts = [{"type": "step-start"}, part, {"type": "step-start"}, {"type": "text", "text": "Cold."}]
    body = {
        "messages": [
            {"role": "user", "parts": [{"type": "text", "text": "Hi"}]},
            {"role": "assistant", "parts": parts},
            {"role": "user", "parts": [{"type": "text", "text": "And now?"}]},
        ]
    }
    asked = ui_messages.read(msgspec.json.encode(body))
    assert said_of(asked.call) == [
        ("user", "Hi", [], None, False),
        ("assistant", "", [f"weather {GIVEN}"], None, False),
        ("tool", "5 degrees", [], "c0", False),
        ("assistant", "Cold.", [], None, False),
        ("user", "And now?", [], None, False),
    ]


READS: dict[str, Callable[[], Call]] = {
    "chat": lambda: openai_chat.read(
        b'{"model":"m","messages":[{"role":"user","content":"x"}],"functions":["a",{"name":"b","parameters":{}}],'
        b'"tools":[{"type":"function","function":{"name":"c"}},{"type":"function","function":{"name":"d","description":"D"}}]}'
    ),
    "responses": lambda: openai_responses.read(
        b'{"model":"m","input":"x","functions":["a"],"tools":[{"type":"function","name":"c"},'
        b'{"type":"function","name":"d","parameters":{}}]}'
    ),
    "anthropic": lambda: anthropic.read(
        b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}],"functions":["a"],'
        b'"tools":[{"name":"c"},{"name":"d","input_schema":{}}]}'
    ),
    "gemini": lambda: gemini.asked(
        b'{"contents":[{"parts":[{"text":"x"}]}],"functions":["a"],"tools":[{"function_declarations":'
        b'[{"name":"c"},{"name":"d","description":"D"}]}]}',
        "m",
        stream=False,
    ),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_a_request_may_name_functions_in_two_ways(read: Callable[[], Call]) -> None:
    """As strings, and as tools of which nothing is said but the name."""
    assert read().named == ("a", "c")
