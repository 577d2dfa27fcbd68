"""Requests of the AI SDK's transports: read strictly, and asked as chat."""

import re
from typing import Annotated, Any, Literal

import msgspec

from headgate.calls import Call, Fields
from headgate.errors import BadRequest
from headgate.formats import openai, openai_chat, strict
from headgate.formats.openai_chat.requests import ChatTool
from headgate.formats.ui_messages import messages
from headgate.formats.ui_messages.messages import UIMessage

DEFAULT_MODEL = "default"

_CHAT_ID = re.compile(r"[^/?#%\x00-\x20\x7f]{1,200}")
_RUN_ID = re.compile(r"run_[0-9a-f]{40}")

Id = Annotated[str, msgspec.Meta(max_length=200)]


class UIRequest(msgspec.Struct):
    """What `useChat` sends; every other field is chat's."""

    messages: Annotated[list[UIMessage], msgspec.Meta(min_length=1)]
    id: str | None = None
    trigger: Literal["submit-message", "regenerate-message"] | None = None
    message_id: Id | None = msgspec.field(default=None, name="messageId")
    model: str | None = None
    system: str | None = None
    tools: list[ChatTool] | None = None
    temperature: float | None = None
    max_completion_tokens: int | None = None


class Asked(msgspec.Struct, frozen=True):
    """What was asked."""

    call: Call
    chat: str | None
    """The conversation it belongs to."""
    message: str | None
    """The message that the answer goes on with; None begins a new one."""


_request = msgspec.json.Decoder(UIRequest)

_OURS = ("id", "trigger", "messageId", "system", "stream_options")
"""What chat is not asked; streaming is how UI messages are told."""


def is_chat_id(text: str) -> bool:
    """Whether that can be a chat's name: one piece of a path, and no name of a run."""
    return _CHAT_ID.fullmatch(text) is not None and _RUN_ID.fullmatch(text) is None


def read(body: bytes) -> Asked:
    """A request; raises BadRequest naming the first field that is wrong."""
    fields = strict.fields(body)
    request = strict.decode(_request, body)
    if request.id is not None and not is_chat_id(request.id):
        raise BadRequest(
            "Invalid value for 'id': a chat is named by 1 to 200 letters, digits or signs, not by spaces, "
            "'/', '?', '#', '%' or the name of a run.",
            param="id",
            code="invalid_value",
        )
    call = openai_chat.read(msgspec.json.encode(_chat(request, fields)))
    openai.no_choices_over_one(call.choices, "UI messages")
    last = request.messages[-1]
    # After a tool's output the client goes on with the message that called it.
    goes_on = last.role == "assistant" and last.id
    return Asked(call, request.id, last.id if goes_on else None)


def _chat(request: UIRequest, fields: Fields) -> dict[str, Any]:
    said = [{"role": "system", "content": request.system}] if request.system else []
    said += messages.as_chat(request.messages)
    if not any(message["role"] != "system" for message in said):
        raise BadRequest("'messages' hold nothing to answer.", param="messages", code="invalid_value")
    rest = {name: value for name, value in fields.items() if name not in _OURS}
    return {**rest, "model": request.model or DEFAULT_MODEL, "messages": said, "stream": True}
