"""UI messages become chat's."""

from typing import Any

import msgspec
import pytest

from headgate.calls import Call
from headgate.errors import BadRequest
from headgate.formats import openai_chat, ui_messages
from headgate.formats.ui_messages import Asked

HELLO = {"role": "user", "id": "m1", "parts": [{"type": "text", "text": "Hello"}]}


def read(*messages: Any, **fields: Any) -> Asked:
    """A request with these messages."""
    return ui_messages.read(msgspec.json.encode({"id": "c", "messages": messages, **fields}))


def call() -> Call:
    """A plain one."""
    return read(HELLO).call


def asked(*messages: Any) -> Any:
    """The messages as chat gets them."""
    return msgspec.json.decode(read(*messages).call.fields["messages"])


def said(*parts: Any, role: str = "assistant") -> dict[str, Any]:
    """A message."""
    return {"role": role, "id": "m2", "parts": list(parts)}


def tool(state: str, **fields: Any) -> dict[str, Any]:
    """A tool's part."""
    return {"type": "tool-weather", "toolCallId": "c1", "state": state, **fields}


def called(arguments: str, name: str = "weather", id: str = "c1") -> dict[str, Any]:
    """A call as chat tells it."""
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


TEXT = {"type": "text", "text": "Hi"}
STEP = {"type": "step-start"}
PICTURE = {"type": "file", "mediaType": "image/png", "url": "https://example.com/a.png"}

MESSAGES: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    ("a user's words", HELLO, [{"role": "user", "content": "Hello"}]),
    ("words in pieces", said(TEXT, TEXT, role="user"), [{"role": "user", "content": "HiHi"}]),
    ("what the system says", said(TEXT, role="system"), [{"role": "system", "content": "Hi"}]),
    ("a file of the system", said(TEXT, PICTURE, role="system"), [{"role": "system", "content": "Hi"}]),
    (
        "a picture",
        said(TEXT, PICTURE, role="user"),
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Hi"},
                    {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                ],
            }
        ],
    ),
    (
        "a picture of no special kind",
        said({"type": "file", "mediaType": "image", "url": "data:image/png;base64,AA=="}, role="user"),
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}],
    ),
    (
        "a sound",
        said({"type": "file", "mediaType": "audio/mpeg", "url": "data:audio/mpeg;base64,AA=="}, role="user"),
        [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}}]}],
    ),
    (
        "a document",
        said(
            {
                "type": "file",
                "mediaType": "application/pdf",
                "filename": "a.pdf",
                "url": "data:application/pdf;base64,AA==",
            },
            role="user",
        ),
        [
            {
                "role": "user",
                "content": [
                    {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}}
                ],
            }
        ],
    ),
    (
        "what is not for the model",
        said(
            STEP,
            {"type": "reasoning", "text": "hmm"},
            TEXT,
            {"type": "source-url", "sourceId": "s", "url": "https://example.com"},
            {"type": "source-document", "sourceId": "s", "mediaType": "x", "title": "t"},
            {"type": "data-weather", "data": {"any": ["thing"]}},
            {"type": "custom", "kind": "a.b"},
            {"type": "reasoning-file", "url": "data:,", "mediaType": "x"},
            PICTURE,
        ),
        [{"role": "assistant", "content": "Hi"}],
    ),
    ("nothing at all", said(STEP, {"type": "reasoning", "text": "hmm"}), []),
    ("an empty message", said(role="user"), []),
    (
        "steps with a tool between",
        said(STEP, TEXT, tool("output-available", input={"city": "Brno"}, output={"sky": "clear"}), STEP, TEXT),
        [
            {"role": "assistant", "content": "Hi", "tool_calls": [called('{"city":"Brno"}')]},
            {"role": "tool", "tool_call_id": "c1", "content": '{"sky":"clear"}'},
            {"role": "assistant", "content": "Hi"},
        ],
    ),
    (
        "several tools at once",
        said(
            tool("output-available", input={}, output="sunny"),
            {"type": "dynamic-tool", "toolName": "time", "toolCallId": "c2", "state": "output-available", "output": 12},
        ),
        [
            {"role": "assistant", "content": None, "tool_calls": [called("{}"), called("{}", "time", "c2")]},
            {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
            {"role": "tool", "tool_call_id": "c2", "content": "12"},
        ],
    ),
    (
        "a tool that failed",
        said(tool("output-error", input=None, rawInput='{"city":', errorText="No such city.")),
        [
            {"role": "assistant", "content": None, "tool_calls": [called('{"city":')]},
            {"role": "tool", "tool_call_id": "c1", "content": "No such city."},
        ],
    ),
    (
        "a tool that was denied",
        said(tool("output-denied", input={}, approval={"id": "a", "approved": False, "reason": "Too dear."})),
        [
            {"role": "assistant", "content": None, "tool_calls": [called("{}")]},
            {"role": "tool", "tool_call_id": "c1", "content": "Too dear."},
        ],
    ),
    (
        "a tool that was denied without a word",
        said(tool("approval-responded", input={}, approval={"id": "a", "approved": False})),
        [
            {"role": "assistant", "content": None, "tool_calls": [called("{}")]},
            {"role": "tool", "tool_call_id": "c1", "content": "The call of this tool was denied."},
        ],
    ),
    ("a call that is being made", said(TEXT, tool("input-streaming")), [{"role": "assistant", "content": "Hi"}]),
    ("a call without an answer", said(tool("input-available", input={})), []),
    ("a call to be approved", said(tool("approval-requested", input={}, approval={"id": "a"})), []),
    ("a call just approved", said(tool("approval-responded", input={}, approval={"id": "a", "approved": True})), []),
    ("fields of theirs", {**HELLO, "metadata": {"a": 1}, "createdAt": "x"}, [{"role": "user", "content": "Hello"}]),
]


@pytest.mark.parametrize(("message", "expected"), [row[1:] for row in MESSAGES], ids=[row[0] for row in MESSAGES])
def test_a_message_is_told_in_chats_terms(message: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    """As far as chat has words for it."""
    assert asked(HELLO, message)[1:] == expected


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "tool", "parts": []}, "messages[1].role"),
        ({"role": "user"}, "messages[1].parts"),
        ({"role": "user", "content": "Hi"}, "messages[1].parts"),
        (said({"text": "Hi"}, role="user"), "messages[1].parts[0].type"),
        (said(TEXT, {"type": "text"}, role="user"), "messages[1].parts[1].text"),
        (said({"type": "text", "text": 5}), "messages[1].parts[0].text"),
        (said({"type": "video", "url": "x"}, role="user"), "messages[1].parts[0].type"),
        (said({"type": "hologram"}), "messages[1].parts[0].type"),
        (said(tool("output-available"), role="user"), "messages[1].parts[0].type"),
        (said(tool("output-available", toolCallId=None)), "messages[1].parts[0].toolCallId"),
        (
            said({"type": "dynamic-tool", "toolCallId": "c", "state": "output-available"}),
            "messages[1].parts[0].toolName",
        ),
        (said({"type": "tool-", "toolCallId": "c", "state": "output-available"}), "messages[1].parts[0].toolName"),
        (said({"type": "file", "mediaType": "image/png"}, role="user"), "messages[1].parts[0].url"),
        (
            said(
                TEXT, {"type": "file", "mediaType": "application/pdf", "url": "https://example.com/a.pdf"}, role="user"
            ),
            "messages[1].parts[1].url",
        ),
    ],
)
def test_a_wrong_part_is_named(message: dict[str, Any], param: str) -> None:
    """With its place."""
    with pytest.raises(BadRequest) as caught:
        asked(HELLO, message)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"id": "a/b"}, "id"),
        ({"id": ""}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": "x" * 201}, "id"),
        ({"id": "run_" + "0" * 40}, "id"),
        ({"id": 5}, "id"),
        ({"trigger": "resume-stream"}, "trigger"),
        ({"messages": []}, "messages"),
        ({"messages": [said(STEP)]}, "messages"),
        ({"messages": [said(TEXT, role="system")]}, "messages"),
        ({"messages": "Hello"}, "messages"),
        ({"messageId": "x" * 201}, "messageId"),
        ({"temperature": 3}, "temperature"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": {"weather": {}}}, "tools"),
        ({"n": 2}, "n"),
        ({"model": 1}, "model"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], param: str) -> None:
    """Ours and chat's."""
    with pytest.raises(BadRequest) as caught:
        ui_messages.read(msgspec.json.encode({"messages": [HELLO], **fields}))
    assert caught.value.param == param


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"{}", b"[" * 100_000])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    """As every other format does."""
    with pytest.raises(BadRequest):
        ui_messages.read(body)


def test_a_request_is_asked_as_a_streamed_chat() -> None:
    """Chat's own fields go along as they came; ours stay here."""
    got = read(HELLO, trigger="submit-message", messageId="m1", temperature=0.5, vendor={"a": [1]}, stream=False)
    fields = {name: msgspec.json.decode(raw) for name, raw in got.call.fields.items()}
    assert (got.chat, got.message) == ("c", None)
    assert (got.call.format, got.call.model, got.call.stream) == (openai_chat.NAME, "default", True)
    assert fields == {
        "model": "default",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "temperature": 0.5,
        "vendor": {"a": [1]},
    }


def test_a_system_prompt_comes_first() -> None:
    """Before those of the messages."""
    assert msgspec.json.decode(read(HELLO, system="Be brief.").call.fields["messages"])[0] == {
        "role": "system",
        "content": "Be brief.",
    }


def test_a_chat_needs_no_name() -> None:
    """Then its answer is found by its run only."""
    assert ui_messages.read(msgspec.json.encode({"messages": [HELLO]})).chat is None


def test_after_a_tool_the_same_message_goes_on() -> None:
    """The client adds to its last message, and has to hear its name."""
    assert read(HELLO, said(tool("output-available", output=1))).message == "m2"
    assert read(HELLO, said(TEXT), HELLO).message is None
