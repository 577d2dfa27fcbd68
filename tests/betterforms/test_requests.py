"""What is asked for a stream to channels, and what the provider is asked then."""

from typing import Any

import msgspec
import pytest

from headgate.errors import BadRequest
from headgate.formats import betterforms
from headgate.formats.betterforms import Asked

HELLO = [{"role": "user", "content": "Hello"}]


def read(payload: dict[str, Any] | None = None, **said: Any) -> Asked:
    """A request that streams, with this said beside or in place of the usual."""
    envelope = {"channels": ["a"], "actionName": "act", "service": "openAI", **said}
    envelope["payload"] = {"stream": True, "model": "m", "messages": HELLO, **(payload or {})}
    return betterforms.read(msgspec.json.encode({name: value for name, value in envelope.items() if value is not None}))


def fields(asked: Asked) -> dict[str, Any]:
    """The chat request that comes of it."""
    return {name: msgspec.json.decode(raw) for name, raw in betterforms.call(asked, "openai/m").fields.items()}


def test_the_documents_request() -> None:
    asked = read({"apiKey": "sk-x", "functions": [], "max_tokens": 4000, "seed": 1, "temperature": 0})
    assert (asked.provider, asked.model, asked.key, asked.stream) == ("openai", "m", "sk-x", True)
    assert (asked.channels, asked.action) == (("a",), "act")
    assert fields(asked) == {
        "model": "openai/m",
        "messages": HELLO,
        "stream": True,
        "max_tokens": 4000,
        "seed": 1,
        "temperature": 0,
    }


def test_nobodys_key_reaches_the_log() -> None:
    call = betterforms.call(read({"apiKey": "sk-secret"}, apiKey="BFAPI_secret"), "openai/m")
    assert b"secret" not in msgspec.json.encode(call.fields)


@pytest.mark.parametrize(
    ("service", "payload", "provider"),
    [
        ("openAI", {}, "openai"),
        ("Gemini", {}, "gemini"),
        (None, {"provider": "Anthropic"}, "anthropic"),
        ("openAI", {"provider": "gemini"}, "gemini"),
        ("gpu-Box", {}, "gpu-Box"),
        (None, {}, ""),
    ],
)
def test_who_is_meant(service: str | None, payload: dict[str, Any], provider: str) -> None:
    assert read(payload, service=service).provider == provider


def test_other_words_for_fields_of_a_chat() -> None:
    said = fields(
        read(
            {
                "generationConfig": {"maxOutputTokens": 9, "topP": 0.5, "stopSequences": ["x"], "temperature": 1},
                "temperature": 0,
                "toolChoice": "none",
                "providerArgs": {"seed": 7, "apiKey": "sk-other"},
                "vendors_own": [1],
            }
        )
    )
    assert (said["max_tokens"], said["top_p"], said["stop"], said["temperature"]) == (9, 0.5, ["x"], 0)
    assert (said["tool_choice"], said["seed"], said["vendors_own"]) == ("none", 7, [1])
    assert "apiKey" not in said


def test_channels_are_needed_for_a_stream_alone() -> None:
    nothing: tuple[list[str] | None, ...] = (None, [])
    for channels in nothing:
        with pytest.raises(BadRequest, match="'channels' must name at least one") as refused:
            read(channels=channels)
        assert refused.value.param == "channels"
    assert read({"stream": False}, channels=None, actionName=None).channels == ()
    assert read(channels="a").channels == ("a",)
    assert read(channels=["a", "b", "a"]).channels == ("a", "b")


@pytest.mark.parametrize(
    ("payload", "said", "param"),
    [
        ({"messages": None}, {}, "payload.messages"),
        ({"messages": []}, {}, "payload.messages"),
        ({"messages": [{"role": "king"}]}, {}, "payload.messages[0].role"),
        ({"temperature": 9}, {}, "payload.temperature"),
        ({"stream": "yes"}, {}, "payload.stream"),
        ({"model": ""}, {}, "payload.model"),
        ({"apiKey": "a b"}, {}, "payload.apiKey"),
        ({"apiKey": "x" * 600}, {}, "payload.apiKey"),
        ({}, {"actionName": None}, "actionName"),
        ({}, {"actionName": "a\nb"}, "actionName"),
        ({}, {"channels": [1]}, "channels[0]"),
        ({}, {"channels": ["c"] * 101}, "channels"),
        ({}, {"payload": 1}, "payload"),
    ],
)
def test_what_is_wrong_is_named(payload: dict[str, Any], said: dict[str, Any], param: str) -> None:
    envelope = {
        "channels": ["a"],
        "actionName": "act",
        "payload": {"stream": True, "messages": HELLO, **payload},
        **said,
    }
    with pytest.raises(BadRequest) as refused:
        betterforms.call(betterforms.read(msgspec.json.encode(envelope)), "m")
    assert refused.value.param == param
    assert "a b" not in refused.value.message
