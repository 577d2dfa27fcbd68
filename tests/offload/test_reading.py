"""Requests are read strictly, and what belongs to the dialect goes no further."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import BadRequest
from headgate.formats import offload

HELLO = [{"role": "user", "content": "Hello"}]
STATUS_URL = "https://h/1/r/pub/2023/06/01/11/07/06/24b94bef-d2a6-4faa-bb20-1429e846c9d3.json"


def read(**fields: Any) -> offload.Asked:
    return offload.read(json.dumps({"messages": HELLO, **fields}).encode())


def called(asked: offload.Asked, *, stream: bool = True) -> dict[str, Any]:
    """The chat request that a provider gets."""
    call = offload.call(asked, asked.model, asked.fields["messages"], stream=stream)
    return {name: json.loads(bytes(value)) for name, value in call.fields.items()}


def test_only_messages_are_needed() -> None:
    asked = read()
    assert (asked.access, asked.timeout, asked.connect_timeout) == ("public", 90, 5)
    assert (asked.model, asked.conversation, asked.webhook, asked.parent) == ("gpt-3.5-turbo", "", "", None)
    assert called(asked) == {"model": "gpt-3.5-turbo", "messages": HELLO, "stream": True}


def test_messages_may_be_json_text() -> None:
    assert called(read(messages=json.dumps(HELLO)))["messages"] == HELLO


def test_everything_that_can_be_said() -> None:
    asked = read(
        access="private",
        timeout=5,
        connect_timeout=10,
        conversation_id="mine",
        from_status_url=STATUS_URL,
        from_bearer_token="718862c1382b2ffbb445f6c1abec79b2",
        from_max_length=100.0,
        webhook_url="https://example.com/hook?a=b",
        model="gpt-4o",
        temperature=2,
        top_p=0.5,
        n=2,
        max_tokens=10,
        stop=["a"],
        presence_penalty=-2,
        frequency_penalty=2,
        logit_bias={"50256": -100},
        user="u",
    )
    assert (asked.access, asked.timeout, asked.connect_timeout, asked.conversation) == ("private", 5, 10, "mine")
    assert asked.webhook == "https://example.com/hook?a=b"
    assert asked.parent == offload.Parent(STATUS_URL, "718862c1382b2ffbb445f6c1abec79b2", 100)
    assert called(asked) == {
        "model": "gpt-4o",
        "messages": HELLO,
        "temperature": 2,
        "top_p": 0.5,
        "n": 2,
        "max_tokens": 10,
        "stop": ["a"],
        "presence_penalty": -2,
        "frequency_penalty": 2,
        "logit_bias": {"50256": -100},
        "user": "u",
        "stream": True,
    }


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_as_good_as_left_out(value: str | None) -> None:
    """Some clients send every parameter, empty where they have nothing to say."""
    names = ("conversation_id", "from_status_url", "from_bearer_token", "webhook_url")
    asked = read(**dict.fromkeys(names, value))
    assert (asked.conversation, asked.webhook, asked.parent) == ("", "", None)
    asked = read(**dict.fromkeys(("access", "timeout", "connect_timeout", "model", "from_max_length", "stop")))
    assert (asked.access, asked.timeout, asked.model) == ("public", 90, "gpt-3.5-turbo")


def test_a_vendors_own_fields_reach_the_provider() -> None:
    assert called(read(response_format={"type": "json_object"}, top_k=3))["top_k"] == 3


def test_what_is_not_stored_could_not_be_found_again() -> None:
    asked = read(store=False)
    assert offload.call(asked, "m", asked.fields["messages"], stream=True).store
    assert called(asked)["store"] is False


def test_how_the_provider_is_asked_is_not_the_clients_to_say() -> None:
    assert called(read(stream=False))["stream"] is True
    assert offload.wants_stream(read())
    assert offload.wants_stream(read(stream=True))
    assert not offload.wants_stream(read(stream=False))


BAD: list[tuple[str, Any, str]] = [
    ("messages", None, "messages"),
    ("messages", [], "messages"),
    ("messages", "Hello", "messages"),
    ("messages", "[]", "messages"),
    ("messages", '{"role": "user"}', "messages"),
    ("messages", "[" * 2000, "messages"),
    ("messages", [{"role": "nobody", "content": "x"}], "messages[0].role"),
    ("messages", '[{"role": "nobody", "content": "x"}]', "messages[0].role"),
    ("messages", '[{"role": "user"}]', "messages[0].content"),
    ("messages", '["Hello"]', "messages[0]"),
    ("access", "secret", "access"),
    ("access", "Public", "access"),
    ("timeout", 4.9, "timeout"),
    ("timeout", 91, "timeout"),
    ("timeout", "30", "timeout"),
    ("timeout", True, "timeout"),
    ("connect_timeout", 0, "connect_timeout"),
    ("connect_timeout", 10.1, "connect_timeout"),
    ("conversation_id", 7, "conversation_id"),
    ("conversation_id", "x" * 201, "conversation_id"),
    ("conversation_id", "a\nb", "conversation_id"),
    ("from_status_url", 7, "from_status_url"),
    ("from_status_url", "x" * 2049, "from_status_url"),
    ("from_bearer_token", "x" * 201, "from_bearer_token"),
    ("from_max_length", 0, "from_max_length"),
    ("from_max_length", -1, "from_max_length"),
    ("from_max_length", 1.5, "from_max_length"),
    ("webhook_url", "ftp://example.com/", "webhook_url"),
    ("webhook_url", "//example.com/", "webhook_url"),
    ("webhook_url", "https:///hook", "webhook_url"),
    ("webhook_url", "https://[::1/", "webhook_url"),
    ("webhook_url", "https://example.com:99999/", "webhook_url"),
    ("webhook_url", "https://example.com/a b", "webhook_url"),
    ("webhook_url", "https://example.com/\n", "webhook_url"),
    ("webhook_url", "https://exämple.com/", "webhook_url"),
    ("webhook_url", "https://example.com/" + "x" * 2048, "webhook_url"),
    ("model", "", "model"),
    ("temperature", 2.1, "temperature"),
    ("top_p", 1.1, "top_p"),
    ("n", 0, "n"),
    ("max_tokens", -1, "max_tokens"),
    ("stop", 7, "stop"),
    ("presence_penalty", 3, "presence_penalty"),
    ("frequency_penalty", -3, "frequency_penalty"),
    ("logit_bias", [], "logit_bias"),
    ("user", 7, "user"),
]


@pytest.mark.parametrize(("name", "value", "param"), BAD, ids=lambda part: repr(part)[:30])
def test_what_is_wrong_is_named(name: str, value: Any, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        called(read(**{name: value}))
    assert caught.value.param == param


def test_messages_must_be_there() -> None:
    with pytest.raises(BadRequest) as caught:
        offload.read(b"{}")
    assert (caught.value.code, caught.value.param) == ("missing_required_parameter", "messages")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'{"messages":', b"messages=%5B%5D", b'{"messages": "\\ud800"}']
)
def test_anything_else_is_no_request(body: bytes) -> None:
    with pytest.raises(BadRequest):
        offload.read(body)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from([*offload.OffloadRequest.__struct_fields__, "stream", "stream_options", "store", "tools", "x"])


@given(st.dictionaries(FIELDS, VALUES, max_size=6))
def test_whatever_comes_is_read_or_refused(fields: dict[str, Any]) -> None:
    """With a word for what is wrong, and never anything else."""
    with suppress(BadRequest):
        called(read(**fields))
