"""Requests of other APIs' clients as Bedrock gets them; Amazon's own model of the service judges each."""

import base64
import json
from itertools import pairwise
from typing import Any

import pytest
from botocore import session
from botocore.validate import ParamValidator

from headgate.errors import BadRequest
from headgate.formats import anthropic, bedrock, openai_chat
from headgate.formats.bedrock.asking import NO_RESULT, SEE_DOCUMENT

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NEW_CLAUDE = "global.anthropic.claude-opus-4-6-v1"
OLD_CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
NOVA = "amazon.nova-lite-v1:0"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
HELLO: list[Any] = [{"role": "user", "content": "hi"}]
SHAPE = session.Session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape
DATA = base64.b64encode(b"bytes").decode()
TOOL: Any = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
SPEC = {"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object", "properties": {}}}}}


def judged(body: bytes, model: str) -> dict[str, Any]:
    """The request, which Amazon's library finds valid."""
    made: dict[str, Any] = json.loads(body)
    report = ParamValidator().validate({"modelId": model, **made}, SHAPE)
    assert not report.has_errors(), report.generate_report()
    roles = [turn["role"] for turn in made["messages"]]
    assert all(one != other for one, other in pairwise(roles)), roles
    assert all(turn["content"] for turn in made["messages"])
    return made


def asked(fields: dict[str, Any], model: str = CLAUDE) -> dict[str, Any]:
    """The Converse request that a chat request becomes."""
    call = openai_chat.read(json.dumps({"model": "x", "messages": HELLO, **fields}).encode())
    return judged(bedrock.request(openai_chat.prompt(call), model), model)


def messages(fields: dict[str, Any], model: str = CLAUDE) -> dict[str, Any]:
    """The Converse request that a Messages request becomes."""
    call = anthropic.read(json.dumps({"model": "x", "max_tokens": 99, "messages": HELLO, **fields}).encode())
    return judged(bedrock.request(anthropic.prompt(call), model), model)


def turns(*said: Any) -> Any:
    """The turns that some messages become."""
    return asked({"messages": list(said)})["messages"]


def refusal(fields: dict[str, Any]) -> BadRequest:
    """Why a chat request is refused."""
    with pytest.raises(BadRequest) as caught:
        asked(fields)
    return caught.value


def user(*parts: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(parts)}]}


def use(id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_words_and_instructions() -> None:
    made = asked(
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "a"},
                {"role": "developer", "content": "And kind."},
                {"role": "assistant", "content": "b"},
                {"role": "assistant", "content": " "},
                {"role": "user", "content": "c"},
                {"role": "user", "content": [{"type": "text", "text": "d"}, {"type": "text", "text": ""}]},
            ]
        }
    )
    assert made == {
        "system": [{"text": "Be brief."}, {"text": "And kind."}],
        "messages": [
            {"role": "user", "content": [{"text": "a"}]},
            {"role": "assistant", "content": [{"text": "b"}]},
            {"role": "user", "content": [{"text": "c"}, {"text": "d"}]},
        ],
    }


def test_an_instruction_alone_is_the_question() -> None:
    made = asked({"messages": [{"role": "system", "content": "Say hello."}]})
    assert made == {"messages": [{"role": "user", "content": [{"text": "Say hello."}]}]}


def test_words_to_go_on_from_do_not_end_in_a_space() -> None:
    assert turns(*HELLO, {"role": "assistant", "content": "Once \n"})[-1]["content"] == [{"text": "Once"}]


def test_calls_and_their_results() -> None:
    made = asked(
        {
            "messages": [
                *HELLO,
                {
                    "role": "assistant",
                    "content": "See",
                    "tool_calls": [use("a", "f", '{"x":1}'), use("b", "g", "oops")],
                },
                {"role": "tool", "tool_call_id": "a", "content": '{"y":2}'},
                {"role": "tool", "tool_call_id": "b", "content": ""},
                {"role": "user", "content": "So?"},
            ],
            "tools": [TOOL],
        }
    )
    assert made["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"text": "See"},
                {"toolUse": {"toolUseId": "a", "name": "f", "input": {"x": 1}}},
                {"toolUse": {"toolUseId": "b", "name": "g", "input": {"INVALID_JSON": "oops"}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "a", "content": [{"text": '{"y":2}'}]}},
                {"toolResult": {"toolUseId": "b", "content": [{"text": NO_RESULT}]}},
                {"text": "So?"},
            ],
        },
    ]
    assert made["toolConfig"] == {"tools": [SPEC]}


def test_ids_that_would_be_refused_are_changed_alike_in_calls_and_results() -> None:
    long = "call|" + "x" * 100
    made = turns(
        *HELLO,
        {"role": "assistant", "tool_calls": [use(long, "f", "{}"), use("a b", "f", "{}")]},
        {"role": "tool", "tool_call_id": long, "content": "1"},
        {"role": "tool", "tool_call_id": "a b", "content": "2"},
    )
    called = [block["toolUse"]["toolUseId"] for block in made[1]["content"]]
    answered = [block["toolResult"]["toolUseId"] for block in made[2]["content"]]
    assert called == answered
    assert called[1] == "a_b"
    assert len(called[0]) == 64


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        ("auto", {"auto": {}}),
        ("required", {"any": {}}),
        ({"type": "function", "function": {"name": "f"}}, {"tool": {"name": "f"}}),
    ],
)
def test_tool_choices(choice: Any, expected: Any) -> None:
    made = asked({"tools": [TOOL]} | ({"tool_choice": choice} if choice else {}))
    assert made["toolConfig"].get("toolChoice") == expected


def test_no_tools_may_be_called_where_none_are_told_of() -> None:
    assert "toolConfig" not in asked({"tools": [TOOL], "tool_choice": "none"})


def test_a_conversation_with_calls_has_its_tools_told_even_where_the_client_forgot_them() -> None:
    history = [
        *HELLO,
        {"role": "assistant", "tool_calls": [use("a", "f", "{}")]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
    ]
    assert asked({"messages": history})["toolConfig"] == {"tools": [SPEC]}
    other: Any = {"type": "function", "function": {"name": "other"}}
    made = asked({"messages": history, "tools": [other, TOOL], "tool_choice": "none"})
    assert made["toolConfig"] == {"tools": [SPEC]}


def test_a_tool_is_told_with_what_is_known_of_it() -> None:
    schema = {"properties": {"x": {"type": "string"}}}
    function = {"name": "f", "description": "d", "parameters": schema, "strict": True}
    made = asked({"tools": [{"type": "function", "function": function}]})
    assert made["toolConfig"]["tools"] == [
        {
            "toolSpec": {
                "name": "f",
                "description": "d",
                "inputSchema": {"json": {"type": "object", **schema}},
                "strict": True,
            }
        }
    ]


def test_limits_and_tastes() -> None:
    fields = {"max_tokens": 7, "temperature": 1.5, "top_p": 0.5, "stop": ["END", " "]}
    config = {"maxTokens": 7, "temperature": 1.0, "stopSequences": ["END"]}
    made = asked(fields)
    assert made["inferenceConfig"] == config
    assert made["additionalModelResponseFieldPaths"] == ["/stop_sequence", "/delta/stop_sequence"]
    made = asked(fields, NOVA)
    assert made["inferenceConfig"] == {**config, "topP": 0.5}
    assert "additionalModelResponseFieldPaths" not in made
    assert asked({"top_p": 0.5})["inferenceConfig"] == {"topP": 0.5}


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        (OLD_CLAUDE, "high", {}),
        (CLAUDE, "none", {}),
        (
            CLAUDE, "low",
            {
                "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2048}},
                "inferenceConfig": {"maxTokens": 32000},
            },
        ),
        (
            NEW_CLAUDE, "high",
            {"additionalModelRequestFields": {"thinking": {"type": "adaptive"}}, "outputConfig": {"effort": "high"}},
        ),
        ("openai.gpt-oss-120b-1:0", "minimal", {"additionalModelRequestFields": {"reasoning_effort": "low"}}),
        (NOVA, "high", {}),
        (
            NOVA_2, "medium",
            {"additionalModelRequestFields": {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}}},
        ),
        ("meta.llama3-3-70b-instruct-v1:0", "high", {}),
    ],
)  # fmt: skip
def test_how_hard_to_think_is_told_in_each_makers_words(model: str, effort: str, expected: Any) -> None:
    made = asked({"reasoning_effort": effort}, model)
    del made["messages"]
    assert made == expected


ADAPTIVE = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"thinking": ADAPTIVE, "top_k": 5}, {"additionalModelRequestFields": {"thinking": ADAPTIVE}}),
        (
            {"thinking": ADAPTIVE, "output_config": {"effort": "xhigh"}},
            {"additionalModelRequestFields": {"thinking": ADAPTIVE}, "outputConfig": {"effort": "xhigh"}},
        ),
        ({"thinking": {"type": "disabled"}, "top_k": 5}, {"additionalModelRequestFields": {"top_k": 5}}),
        ({"output_config": {"effort": "low"}}, {"outputConfig": {"effort": "low"}}),
    ],
)
def test_what_is_said_to_anthropics_models_reaches_them(fields: Any, expected: Any) -> None:
    """In its own format, and from clients of chat who know whom they ask; nobody else is told."""
    made = messages(fields, NEW_CLAUDE)
    assert {name: made[name] for name in made if name not in ("messages", "inferenceConfig")} == expected
    made = asked(fields, NEW_CLAUDE)
    assert {name: made[name] for name in made if name != "messages"} == expected
    assert messages(fields, NOVA).keys() == {"messages", "inferenceConfig"}


def test_a_way_of_thinking_that_a_model_does_not_know_becomes_one_that_it_knows() -> None:
    budget = {"thinking": {"type": "enabled", "budget_tokens": 10_000}, "max_tokens": 32_000}
    made = messages(budget, "global.anthropic.claude-opus-4-7")
    assert made["additionalModelRequestFields"] == {"thinking": {"type": "adaptive"}}
    assert made["outputConfig"] == {"effort": "medium"}
    assert messages(budget, CLAUDE)["additionalModelRequestFields"] == {"thinking": budget["thinking"]}
    assert "additionalModelRequestFields" not in messages({"thinking": ADAPTIVE}, CLAUDE)


def test_who_thinks_is_not_told_how_freely() -> None:
    fields = {"reasoning_effort": "high", "temperature": 0.5, "max_tokens": 9000}
    assert asked(fields)["inferenceConfig"] == {"maxTokens": 9000}
    assert "inferenceConfig" not in asked(fields, NOVA_2)


def test_nobody_thinks_who_could_not_go_on_from_earlier_thoughts() -> None:
    """In the middle of a turn with tools, unless the thoughts are there."""
    tools = {"tools": [{"name": "f", "input_schema": {"type": "object"}}]}
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 9000}
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "1"}]}
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    without = [*HELLO, {"role": "assistant", "content": [call]}, result]
    assert "additionalModelRequestFields" not in messages({"messages": without, **tools, **thinking})
    there = [*HELLO, {"role": "assistant", "content": [thought, call]}, result]
    made = messages({"messages": there, **tools, **thinking})
    assert made["additionalModelRequestFields"]["thinking"] == {"type": "enabled", "budget_tokens": 2000}
    assert made["messages"][1]["content"][0] == {
        "reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}
    }
    forced = {"tools": [TOOL], "tool_choice": "required", "reasoning_effort": "high"}
    assert "additionalModelRequestFields" not in asked(forced)


def test_thoughts_go_back_to_who_can_read_them_and_to_nobody_else() -> None:
    content = [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "aGlkZGVu"},
        {"type": "thinking", "thinking": "of another", "signature": ""},
        {"type": "text", "text": "b"},
    ]
    said = {"messages": [*HELLO, {"role": "assistant", "content": content}, *HELLO]}
    blocks = [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "aGlkZGVu"}},
        {"text": "b"},
    ]
    assert messages(said)["messages"][1]["content"] == blocks
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"
    assert messages(said, arn)["messages"][1]["content"] == blocks
    assert messages(said, NOVA)["messages"][1]["content"] == blocks[2:]


def test_a_client_that_marks_for_the_cache_gets_it_where_there_is_one() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    said = {
        "system": [{"type": "text", "text": "Be brief.", **mark}],
        "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}],
    }
    point = {"cachePoint": {"type": "default"}}
    made = messages(said)
    assert made["system"] == [{"text": "Be brief."}, point]
    assert made["toolConfig"]["tools"] == [SPEC, point]
    assert made["messages"][-1]["content"] == [{"text": "hi"}, point]
    assert messages(said, NOVA)["toolConfig"]["tools"] == [SPEC]
    for model in (OLD_CLAUDE, "meta.llama3-3-70b-instruct-v1:0"):
        assert b"cachePoint" not in json.dumps(messages(said, model)).encode()
    del said["system"]
    assert b"cachePoint" not in json.dumps(messages(said)).encode()


def test_pictures_are_sent_with_their_bytes() -> None:
    url = f"data:image/jpg;base64,{DATA}"
    made = asked(user({"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": url}}))
    assert made["messages"][0]["content"] == [
        {"text": "Look"},
        {"image": {"format": "jpeg", "source": {"bytes": DATA}}},
    ]
    made = asked(user({"type": "image_url", "image_url": {"url": "s3://b/cat.PNG"}}))
    assert made["messages"][0]["content"] == [
        {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/cat.PNG"}}}}
    ]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://example.com/a.png", "fetches nothing"),
        ("data:image/png,raw", "fetches nothing"),
        ("data:image/tiff;base64,aGk=", "'image/tiff'"),
        ("data:image/png;base64,a", "not valid base64"),
    ],
)
def test_pictures_that_cannot_be_sent_are_refused_by_name(url: str, why: str) -> None:
    error = refusal(user({"type": "image_url", "image_url": {"url": url}}))
    assert error.param == "image_url"
    assert why in error.message


def test_documents() -> None:
    def file(data: str, name: str | None = None) -> dict[str, Any]:
        said = {"file_data": data} | ({"filename": name} if name else {})
        return {"type": "file", "file": said}

    made = asked(
        user(
            {"type": "text", "text": "Read"},
            file(f"data:application/pdf;base64,{DATA}", "My_report: v2.pdf"),
            file(DATA),
            file(f"data:text/x-python;base64,{DATA}", "a.py"),
            file(f"data:application/octet-stream;base64,{DATA}", "b.docx"),
            file(f"data:image/png;base64,{DATA}"),
            file(f"data:video/mp4;base64,{DATA}"),
        )
    )
    _, *blocks = made["messages"][0]["content"]
    source = {"bytes": DATA}
    assert blocks == [
        {"document": {"format": "pdf", "name": "My report v2 1", "source": source}},
        {"document": {"format": "pdf", "name": "document 2", "source": source}},
        {"document": {"format": "txt", "name": "a 3", "source": source}},
        {"document": {"format": "docx", "name": "b 4", "source": source}},
        {"image": {"format": "png", "source": source}},
        {"video": {"format": "mp4", "source": source}},
    ]
    (turn,) = asked(user(file(DATA)))["messages"]
    assert turn["content"][1] == {"text": SEE_DOCUMENT}
    for data, why in ((f"data:text/plain,{DATA}", "as base64"), ("data:application/pdf;base64,!", "not valid base64")):
        assert why in refusal(user(file(data))).message
    assert "content" in refusal(user({"type": "file", "file": {"file_id": "file-1"}})).message


def test_sounds() -> None:
    made = asked(user({"type": "input_audio", "input_audio": {"data": DATA, "format": "wav"}}))
    assert made["messages"][0]["content"] == [{"audio": {"format": "wav", "source": {"bytes": DATA}}}]


def test_a_schema_for_the_answer() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "string"}}}
    format = {"type": "json_schema", "json_schema": {"name": "n", "description": "d", "schema": schema}}
    (told,) = asked({"response_format": format})["outputConfig"]["textFormat"]["structure"].values()
    assert json.loads(told.pop("schema")) == {**schema, "additionalProperties": False}
    assert told == {"name": "n", "description": "d"}
    assert "json_object" in refusal({"response_format": {"type": "json_object"}}).message
    assert "outputConfig" not in asked({"response_format": {"type": "text"}})


def test_fields_of_converse_go_through() -> None:
    own = {
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
        "performanceConfig": {"latency": "optimized"},
        "requestMetadata": {"team": "a"},
        "additionalModelRequestFields": {"top_k": 5},
    }
    made = asked({**own, "fieldOfOthers": 1, "reasoning_effort": "low"})
    assert {name: made[name] for name in own if name != "additionalModelRequestFields"} == {
        name: own[name] for name in own if name != "additionalModelRequestFields"
    }
    thinking = {"type": "enabled", "budget_tokens": 2048}
    assert made["additionalModelRequestFields"] == {"thinking": thinking, "top_k": 5}
    assert "fieldOfOthers" not in made
    theirs = {"additionalModelRequestFields": {"thinking": {"type": "disabled"}}}
    assert asked({**theirs, "reasoning_effort": "low"})["additionalModelRequestFields"] == {
        "thinking": {"type": "disabled"}
    }


def test_service_tiers() -> None:
    assert asked({"service_tier": "flex"})["serviceTier"] == {"type": "flex"}
    assert "serviceTier" not in asked({"service_tier": "auto"})


@pytest.mark.parametrize(
    ("field", "value"),
    [("n", 2), ("logprobs", True), ("logit_bias", {"1": 1}), ("presence_penalty", 1), ("frequency_penalty", 1)],
)
def test_what_cannot_be_asked_is_refused_by_name(field: str, value: Any) -> None:
    assert refusal({field: value}).param == field


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (CLAUDE, CLAUDE.removeprefix("us.")),
        ("us-gov.anthropic.claude-x", "anthropic.claude-x"),
        (OLD_CLAUDE, OLD_CLAUDE),
        (NOVA, None),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-x", None),
    ],
)
def test_tokens_are_counted_by_a_models_own_name(model: str, name: str | None) -> None:
    assert bedrock.counted_as(model) == name


def test_hints_are_dropped() -> None:
    assert asked({"seed": 1, "user": "u", "verbosity": "low", "parallel_tool_calls": False}).keys() == {"messages"}
