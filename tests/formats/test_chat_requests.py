"""Chat requests are read strictly, and sent on as they came."""

import json
from typing import Any

import pytest

from headgate.errors import BadRequest
from headgate.formats.openai_chat import forward, read

HELLO = {"role": "user", "content": "Hello"}
CALL = {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def request(**more: Any) -> bytes:
    fields = {"model": "m", "messages": [HELLO], **more}
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def spoken(*messages: Any) -> bytes:
    return request(messages=list(messages))


WRONG: list[tuple[bytes, str | None, str]] = [
    (b"", None, "invalid_json"),
    (b"{", None, "invalid_json"),
    (b'{"model":"m"} {}', None, "invalid_json"),
    (b'{"model":"\xff"}', None, "invalid_json"),
    (b"[" * 100_000, None, "invalid_request"),
    (b'{"x":' * 100_000, None, "invalid_json"),
    (b"[]", None, "invalid_request"),
    (b"null", None, "invalid_request"),
    (request(model=...), "model", "missing_required_parameter"),
    (request(messages=...), "messages", "missing_required_parameter"),
    (request(model=""), "model", "invalid_value"),
    (request(model=None), "model", "invalid_value"),
    (request(model=7), "model", "invalid_value"),
    (request(messages=[]), "messages", "invalid_value"),
    (request(messages={}), "messages", "invalid_value"),
    (request(messages="Hello"), "messages", "invalid_value"),
    (spoken("Hello"), "messages[0]", "invalid_value"),
    (spoken(HELLO, {"content": "x"}), "messages[1].role", "missing_required_parameter"),
    (spoken({"role": "bot", "content": "x"}), "messages[0].role", "invalid_value"),
    (spoken({"role": "user"}), "messages[0].content", "missing_required_parameter"),
    (spoken({"role": "user", "content": None}), "messages[0].content", "missing_required_parameter"),
    (spoken({"role": "user", "content": 7}), "messages[0].content", "invalid_value"),
    (spoken({"role": "user", "content": [7]}), "messages[0].content[0]", "invalid_value"),
    (spoken({"role": "user", "content": [{}]}), "messages[0].content[0].type", "missing_required_parameter"),
    (
        spoken({"role": "user", "content": [{"type": "text"}]}),
        "messages[0].content[0].text",
        "missing_required_parameter",
    ),
    (
        spoken({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}),
        "messages[0].content[0].image_url.url",
        "missing_required_parameter",
    ),
    (spoken({"role": "tool", "content": "x"}), "messages[0].tool_call_id", "missing_required_parameter"),
    (spoken({"role": "assistant"}), "messages[0].content", "missing_required_parameter"),
    (spoken({"role": "assistant", "tool_calls": []}), "messages[0].content", "missing_required_parameter"),
    (
        spoken({"role": "assistant", "tool_calls": [{"id": "x", "type": "function"}]}),
        "messages[0].tool_calls[0].function",
        "missing_required_parameter",
    ),
    (
        spoken({"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": {}}}]}),
        "messages[0].tool_calls[0].function.arguments",
        "invalid_value",
    ),
    (request(stream="yes"), "stream", "invalid_value"),
    (request(stream_options={"include_usage": 1}), "stream_options.include_usage", "invalid_value"),
    (request(temperature="hot"), "temperature", "invalid_value"),
    (request(temperature=2.1), "temperature", "invalid_value"),
    (request(temperature=-0.1), "temperature", "invalid_value"),
    (request(top_p=1.1), "top_p", "invalid_value"),
    (request(n=0), "n", "invalid_value"),
    (request(n=129), "n", "invalid_value"),
    (request(n=1.5), "n", "invalid_value"),
    (request(max_tokens=-1), "max_tokens", "invalid_value"),
    (request(max_completion_tokens="many"), "max_completion_tokens", "invalid_value"),
    (request(stop=7), "stop", "invalid_value"),
    (request(seed="x"), "seed", "invalid_value"),
    (request(presence_penalty=2.5), "presence_penalty", "invalid_value"),
    (request(frequency_penalty=-2.5), "frequency_penalty", "invalid_value"),
    (request(logit_bias={"1": "x"}), "logit_bias[...]", "invalid_value"),
    (request(logprobs=1), "logprobs", "invalid_value"),
    (request(top_logprobs=21), "top_logprobs", "invalid_value"),
    (request(tools={}), "tools", "invalid_value"),
    (request(tools=[{}]), "tools[0].type", "missing_required_parameter"),
    (request(tools=[{"type": "function"}]), "tools[0].function", "missing_required_parameter"),
    (request(tools=[{"type": "function", "function": {}}]), "tools[0].function.name", "missing_required_parameter"),
    (request(tool_choice=7), "tool_choice", "invalid_value"),
    (request(parallel_tool_calls="no"), "parallel_tool_calls", "invalid_value"),
    (request(response_format="json"), "response_format", "invalid_value"),
    (request(metadata={"a": 1}), "metadata[...]", "invalid_value"),
    (request(store="no"), "store", "invalid_value"),
    (request(user=7), "user", "invalid_value"),
]


@pytest.mark.parametrize(
    ("body", "param", "code"), WRONG, ids=[f"{n}-{param}" for n, (_, param, _) in enumerate(WRONG)]
)
def test_what_is_wrong_is_named(body: bytes, param: str | None, code: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(body)
    assert (caught.value.status, caught.value.param, caught.value.code) == (400, param, code)
    assert param is None or param in caught.value.message


RIGHT: list[bytes] = [
    request(),
    spoken(
        {"role": "system", "content": "Be brief."}, HELLO, {"role": "assistant", "content": None, "tool_calls": [CALL]}
    ),
    spoken({"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "x", "content": "12"}),
    spoken({"role": "assistant", "refusal": "No."}),
    spoken({"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}),
    spoken({"role": "function", "name": "f", "content": "12"}),
    spoken({"role": "user", "content": [{"type": "vendor_part", "x": 1}]}),
    spoken({"role": "user", "content": []}),
    spoken({**HELLO, "vendor": True}),
    request(stop="x", stream_options=None, n=None, tools=None, temperature=0),
    request(stop=["x", "y"], temperature=2, top_p=0, n=128),
    request(tools=[{"type": "vendor_tool", "x": 1}], tool_choice={"type": "function", "function": {"name": "f"}}),
    request(max_tokens=5, max_completion_tokens=5, vendor={"a": [1, None]}),
]


@pytest.mark.parametrize("body", RIGHT)
def test_what_is_right_is_taken(body: bytes) -> None:
    assert read(body).model == "m"


def test_what_the_gateway_must_know_is_read() -> None:
    call = read(request(stream=True, stream_options={"include_usage": True}, n=3, store=False))
    assert (call.stream, call.include_usage, call.choices, call.store) == (True, True, 3, False)
    plain = read(request())
    assert (plain.stream, plain.include_usage, plain.choices, plain.store) == (False, False, 1, True)


def sent(body: bytes, *, stream_usage: bool = True) -> Any:
    return json.loads(forward(read(body), "their-model", stream_usage=stream_usage))


def test_fields_go_on_as_their_bytes_came() -> None:
    body = b'{"model":"a/b", "messages":[{"role":"user","content":"\\u0041"}], "top_k": 1.0e1, "vendor":{ "x" : [ ] }}'
    forwarded = forward(read(body), "b", stream_usage=True)
    assert b'"top_k":1.0e1' in forwarded
    assert b'"vendor":{ "x" : [ ] }' in forwarded
    assert b"\\u0041" in forwarded
    assert json.loads(forwarded)["model"] == "b"


@pytest.mark.parametrize("options", [..., None, {}, {"include_usage": False}, {"include_usage": True}])
def test_usage_is_always_asked_for(options: Any) -> None:
    assert sent(request(stream=True, stream_options=options))["stream_options"] == {"include_usage": True}


def test_other_stream_options_are_kept() -> None:
    options = {"include_obfuscation": False, "vendor": 1}
    assert sent(request(stream=True, stream_options=options))["stream_options"] == {**options, "include_usage": True}


def test_a_provider_that_knows_no_stream_options_gets_none() -> None:
    assert "stream_options" not in sent(
        request(stream=True, stream_options={"include_usage": True}), stream_usage=False
    )


def test_without_a_stream_there_are_no_options_for_it() -> None:
    assert "stream_options" not in sent(request(stream_options={"include_usage": True}))
