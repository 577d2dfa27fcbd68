"""What providers are asked after the server has executed functions: all that was said, and what came of the calls."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from headgate.calls import Added, Call, Message, TextPart, Tool, Turn
from headgate.events import AnyEvent
from headgate.formats import anthropic, bedrock, gemini, openai, openai_chat, openai_completions, openai_responses
from headgate.formats.adding import can_add, in_fields, turn
from headgate.formats.base import Origin
from headgate.formats.gemini.asking import UNSIGNED
from headgate.formats.prompts import PROMPTS

RUN = "run_" + "1" * 40
TOOL = Tool("weather", "Tells the weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
GIVEN = {"city": "Oslo"}

Json = dict[str, Any]

_CALL = {"name": "weather", "arguments": '{"city":"Oslo"}'}
_READ: dict[str, tuple[Callable[[bytes, Origin], Sequence[AnyEvent]], Json]] = {
    "chat": (
        openai_chat.read_whole,
        {
            "id": "x",
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": "Let me see.",
                        "reasoning_content": "Hm.",
                        "vendors_own": {"a": 1},
                        "tool_calls": [
                            {"id": "c1", "type": "function", "function": _CALL, "extra_content": {"signature": "s"}}
                        ],
                    },
                    "finish_reason": "tool_calls",
                }
            ],
        },
    ),
    "responses": (
        openai_responses.read_whole,
        {
            "id": "resp_x",
            "status": "completed",
            "output": [
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "secret"},
                {"type": "function_call", "id": "fc_1", "call_id": "c1", "status": "completed", **_CALL},
            ],
        },
    ),
    "anthropic": (
        anthropic.read_whole,
        {
            "id": "msg_x",
            "type": "message",
            "role": "assistant",
            "model": "claude-x",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "signed"},
                {"type": "redacted_thinking", "data": "black"},
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "c1", "name": "weather", "input": GIVEN},
            ],
            "stop_reason": "tool_use",
            "usage": {"input_tokens": 1, "output_tokens": 1},
        },
    ),
    "gemini": (
        gemini.read_whole,
        {
            "candidates": [
                {
                    "content": {
                        "role": "model",
                        "parts": [
                            {"text": "Hm.", "thought": True},
                            {"functionCall": {"name": "weather", "args": GIVEN}, "thoughtSignature": "signed"},
                        ],
                    },
                    "finishReason": "STOP",
                }
            ]
        },
    ),
}

_ASKED: dict[str, Call] = {
    "chat": openai_chat.read(
        b'{"model":"m","messages":[{"role":"user","content":"Hi"}],"tool_choice":"required","reasoning_effort":"low"}'
    ),
    "completions": openai_completions.read(b'{"model":"m","prompt":"Hi"}'),
    "responses": openai_responses.read(b'{"model":"m","input":"Hi","tool_choice":"required"}'),
    "anthropic": anthropic.read(
        b'{"model":"m","max_tokens":9000,"messages":[{"role":"user","content":"Hi"}],"tool_choice":{"type":"any"},'
        b'"thinking":{"type":"enabled","budget_tokens":2000},"system":"Be good."}'
    ),
    "gemini": gemini.asked(
        b'{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],'
        b'"tool_config":{"function_calling_config":{"mode":"any"}}}',
        "m",
        stream=False,
    ),
}


def origin(name: str) -> Origin:
    """Where an answer comes from."""
    return Origin(RUN, name, "m", 0)


def round_of(name: str, result: str = "5 degrees") -> Turn:
    """What a provider of that format said, and what came of its call."""
    read, said = _READ[name]
    events = read(msgspec.json.encode(said), origin(name))
    format = next(event.format for event in events if hasattr(event, "format"))
    (id,) = {use.id for use in turn(_ASKED["chat"], RUN, format, events, ()).said.calls}
    results = [Message("tool", (TextPart(result),), call_id=id)]
    return turn(_ASKED["chat"], RUN, format, events, results)


def asked_of(provider: str, client: str, *turns: Turn, instruction: str = "", may_call: bool = True) -> Json:
    """The body of the request that a provider of that format gets."""
    call = msgspec.structs.replace(_ASKED[client], added=Added((TOOL,), instruction, turns, may_call))
    kindred = provider == client and can_add(call.format)
    match provider:
        case "chat" if kindred:
            body = openai_chat.forward(in_fields(call), "m", stream_usage=True)
        case "chat":
            body = openai_chat.request(
                PROMPTS[call.format](call), "m", stream=False, stream_usage=True, max_tokens_field="max_tokens"
            )
        case "responses" if kindred:
            body = openai_responses.forward(in_fields(call), "m", stream=False)
        case "responses":
            body = openai_responses.request(PROMPTS[call.format](call), "m", stream=False)
        case "anthropic" if kindred:
            body = anthropic.forward(in_fields(call), "m")
        case "anthropic":
            body = anthropic.request(PROMPTS[call.format](call), "claude-sonnet-4-5", stream=False)
        case "gemini" if kindred:
            body = gemini.forward(in_fields(call))
        case _:
            body = gemini.request(PROMPTS[call.format](call), "gemini-3-pro")
    found: Json = msgspec.json.decode(body)
    return found


PROVIDERS, CLIENTS = list(_READ), list(_ASKED)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("said", PROVIDERS)
def test_chats_get_the_call_and_its_result(client: str, said: str) -> None:
    """Whoever asked, and whoever made the call."""
    body = asked_of("chat", client, round_of(said))
    *_, asked, call, result = body["messages"]
    assert (asked["role"], asked["content"]) == ("user", "Hi")
    (made,) = call["tool_calls"]
    assert (call["role"], made["function"]["name"]) == ("assistant", "weather")
    assert msgspec.json.decode(made["function"]["arguments"]) == GIVEN
    assert result == {"role": "tool", "tool_call_id": made["id"], "content": "5 degrees"}
    assert [tool["function"]["name"] for tool in body["tools"]] == ["weather"]
    assert body.get("tool_choice", "auto") == "auto"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("said", PROVIDERS)
def test_responses_get_the_call_and_its_result(client: str, said: str) -> None:
    body = asked_of("responses", client, round_of(said))
    *_, call, result = body["input"]
    assert (call["type"], call["name"], msgspec.json.decode(call["arguments"])) == ("function_call", "weather", GIVEN)
    assert result == {"type": "function_call_output", "call_id": call["call_id"], "output": "5 degrees"}
    assert [tool["name"] for tool in body["tools"]] == ["weather"]
    assert body.get("tool_choice", "auto") == "auto"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("said", PROVIDERS)
def test_messages_get_the_call_and_its_result(client: str, said: str) -> None:
    body = asked_of("anthropic", client, round_of(said))
    *_, call, result = body["messages"]
    assert (call["role"], result["role"]) == ("assistant", "user")
    use = call["content"][-1]
    assert (use["type"], use["name"], use["input"]) == ("tool_use", "weather", GIVEN)
    assert result["content"] == [{"type": "tool_result", "tool_use_id": use["id"], "content": "5 degrees"}]
    assert [tool["name"] for tool in body["tools"]] == ["weather"]
    assert body.get("tool_choice", {"type": "auto"}) == {"type": "auto"}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("said", PROVIDERS)
def test_gemini_gets_the_call_and_its_result(client: str, said: str) -> None:
    body = asked_of("gemini", client, round_of(said))
    *_, call, result = body["contents"]
    assert (call["role"], result["role"]) == ("model", "user")
    made = call["parts"][-1]
    assert (made["functionCall"]["name"], made["functionCall"]["args"]) == ("weather", GIVEN)
    (answer,) = [part["functionResponse"] for part in result["parts"]]
    assert (answer["name"], answer["response"]) == ("weather", {"output": "5 degrees"})
    # Newer models refuse a call of theirs without the signature that they gave it.
    assert made["thoughtSignature"] == ("signed" if said == "gemini" else UNSIGNED)
    (declared,) = body["tools"][-1]["functionDeclarations"]
    assert declared["name"] == "weather"
    mode = body.get("toolConfig", {}).get("functionCallingConfig", {}).get("mode", "AUTO")
    assert mode == "AUTO"


def test_a_chat_gets_back_what_it_said_in_its_own_words() -> None:
    *_, call, _ = asked_of("chat", "chat", round_of("chat"))["messages"]
    assert call["reasoning_content"] == "Hm."
    assert call["vendors_own"] == {"a": 1}
    assert call["tool_calls"][0]["extra_content"] == {"signature": "s"}
    assert call["content"] == "Let me see."


@pytest.mark.parametrize("client", ["chat", "anthropic", "responses"])
def test_claude_gets_its_thoughts_back_as_it_signed_them(client: str) -> None:
    """Whoever asked: without them it would refuse to go on, or would have to stop thinking."""
    body = asked_of("anthropic", client, round_of("anthropic"))
    if client == "responses":
        assert "thinking" not in body
        return
    assert body["thinking"]["type"] == "enabled"
    *_, call, _ = body["messages"]
    assert call["content"][:2] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "signed"},
        {"type": "redacted_thinking", "data": "black"},
    ]


def test_what_another_thought_is_not_told_to_claude() -> None:
    *_, call, _ = asked_of("anthropic", "anthropic", round_of("chat"))["messages"]
    assert [block["type"] for block in call["content"]] == ["text", "tool_use"]


def test_responses_get_their_own_items_back() -> None:
    _, thought, call, _ = asked_of("responses", "responses", round_of("responses"))["input"]
    assert (thought["id"], thought["encrypted_content"]) == ("rs_1", "secret")
    assert call["id"] == "fc_1"


def test_thoughts_that_only_their_provider_keeps_are_left_out() -> None:
    """With the ids that would lead to them: whether they are kept is not known."""
    read, said = _READ["responses"]
    bare = {**said["output"][0], "encrypted_content": None}
    events = read(msgspec.json.encode({**said, "output": [bare, said["output"][1]]}), origin("responses"))
    made = turn(_ASKED["responses"], RUN, openai_responses.NAME, events, ())
    items = msgspec.json.decode(made.raw)
    assert [item["type"] for item in items] == ["function_call"]
    assert "id" not in items[0]


def test_a_conversation_that_its_provider_keeps_gets_the_results_alone() -> None:
    call = openai_responses.read(b'{"model":"m","input":"Hi","conversation":"conv_1"}')
    added = Added((TOOL,), "", (round_of("responses"),))
    body = msgspec.json.decode(
        openai_responses.forward(in_fields(msgspec.structs.replace(call, added=added)), "m", stream=False)
    )
    assert [item["type"] for item in body["input"]] == ["function_call_output"]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_an_instruction_comes_before_all_others(provider: str, client: str) -> None:
    body = asked_of(provider, client, instruction="Be brief.")
    match provider:
        case "chat":
            assert body["messages"][0] == {"role": "system", "content": "Be brief."}
        case "responses":
            first = body.get("instructions") or body["input"][0]["content"]
            assert first == "Be brief."
        case "anthropic":
            said = body["system"]
            assert (said if isinstance(said, str) else said[0]["text"]).startswith("Be brief.")
            if client == "anthropic":
                assert said[1]["text"] == "Be good."
        case _:
            assert body["systemInstruction"]["parts"][0] == {"text": "Be brief."}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_who_has_called_often_enough_is_to_answer_without(provider: str, client: str) -> None:
    body = asked_of(provider, client, round_of("chat"), may_call=False)
    match provider:
        case "anthropic":
            assert body["tool_choice"] == {"type": "none"}
        case "gemini":
            assert body["toolConfig"]["functionCallingConfig"] == {"mode": "NONE"}
        case _:
            assert body["tool_choice"] == "none"


def test_several_calls_have_their_results_in_one_turn() -> None:
    """Where all results of a turn must come together."""
    read, said = _READ["anthropic"]
    content = [{"type": "tool_use", "id": f"c{n}", "name": "weather", "input": GIVEN} for n in range(2)]
    events = read(msgspec.json.encode({**said, "content": content}), origin("anthropic"))
    results = [Message("tool", (TextPart(f"r{n}"),), call_id=f"c{n}", is_error=n == 1) for n in range(2)]
    made = turn(_ASKED["chat"], RUN, anthropic.NAME, events, results)
    *_, result = asked_of("anthropic", "anthropic", made)["messages"]
    assert result["content"] == [
        {"type": "tool_result", "tool_use_id": "c0", "content": "r0"},
        {"type": "tool_result", "tool_use_id": "c1", "content": "r1", "is_error": True},
    ]


def test_who_asks_with_the_deprecated_words_for_functions_is_answered_in_them() -> None:
    mine = {"name": "mine", "parameters": {"type": "object"}}
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "functions": [mine]}
    call = openai_chat.read(msgspec.json.encode(body))
    answer = {
        "id": "x",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "function_call": _CALL}, "finish_reason": "function_call"}
        ],
    }
    events = openai_chat.read_whole(msgspec.json.encode(answer), origin("chat"))
    id = turn(call, RUN, openai_chat.NAME, events, ()).said.calls[0].id
    made = turn(call, RUN, openai_chat.NAME, events, [Message("tool", (TextPart("5"),), call_id=id)])
    call = msgspec.structs.replace(call, added=Added((TOOL,), "", (made,)))
    sent = msgspec.json.decode(openai_chat.forward(in_fields(call), "m", stream_usage=True))
    assert [each["name"] for each in sent["functions"]] == ["mine", "weather"]
    assert "tools" not in sent
    assert sent["messages"][1:] == [
        {"role": "assistant", "content": None, "function_call": _CALL},
        {"role": "function", "name": "weather", "content": "5"},
    ]


def test_bedrock_gets_thoughts_of_claude_back() -> None:
    call = msgspec.structs.replace(_ASKED["chat"], added=Added((TOOL,), "", (round_of("anthropic"),)))
    body = msgspec.json.decode(bedrock.request(PROMPTS[call.format](call), "anthropic.claude-sonnet-4-5-v1:0"))
    *_, said, result = body["messages"]
    assert said["content"][0]["reasoningContent"]["reasoningText"] == {"text": "Hm.", "signature": "signed"}
    assert "toolResult" in result["content"][0]


_ALLOWED = [{"type": "function", "name": "weather"}]


@pytest.mark.parametrize(
    ("choice", "then"),
    [
        (None, None),
        ("auto", "auto"),
        ("none", "none"),
        ("required", "auto"),
        ({"type": "function", "name": "weather"}, "auto"),
        (
            {"type": "allowed_tools", "mode": "required", "tools": _ALLOWED},
            {"type": "allowed_tools", "mode": "auto", "tools": _ALLOWED},
        ),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": _ALLOWED}},
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": _ALLOWED}},
        ),
    ],
)
def test_who_had_to_call_a_tool_has_done_so(choice: object, then: object) -> None:
    """But which it may call stays true."""
    assert openai.unforced(choice) == then
