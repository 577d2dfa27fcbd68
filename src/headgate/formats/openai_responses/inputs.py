"""
The items of a request's `input`, read strictly.

The kinds that every provider can be told about are typed here. A provider that speaks Responses
may know more of them, so an item or a part of a kind that we do not know is let through unread,
as long as its `type` is a string.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from headgate.errors import BadRequest
from headgate.formats import strict


class InputText(msgspec.Struct, frozen=True, tag="input_text"):
    text: str


class OutputText(msgspec.Struct, frozen=True, tag="output_text"):
    text: str


class InputImage(msgspec.Struct, frozen=True, tag="input_image"):
    image_url: str | None = None
    file_id: str | None = None
    detail: str | None = None


class InputFile(msgspec.Struct, frozen=True, tag="input_file"):
    file_id: str | None = None
    filename: str | None = None
    file_data: str | None = None
    file_url: str | None = None


class Sound(msgspec.Struct, frozen=True):
    data: str
    format: str


class InputAudio(msgspec.Struct, frozen=True, tag="input_audio"):
    input_audio: Sound


class Refused(msgspec.Struct, frozen=True, tag="refusal"):
    refusal: str


class Other(msgspec.Struct, frozen=True):
    """An item or a part of a kind that only a provider of this format may know."""

    type: Annotated[str, msgspec.Meta(min_length=1)]


InputPart: TypeAlias = InputText | OutputText | InputImage | InputFile | InputAudio | Refused | Other
Content: TypeAlias = str | list[msgspec.Raw]


class InputMessage(msgspec.Struct, frozen=True):
    role: Literal["user", "assistant", "system", "developer"]
    content: Content


class FunctionCall(msgspec.Struct, frozen=True, tag="function_call"):
    call_id: str
    name: str
    arguments: str


class FunctionCallOutput(msgspec.Struct, frozen=True, tag="function_call_output"):
    call_id: str
    output: Content


class CustomToolCall(msgspec.Struct, frozen=True, tag="custom_tool_call"):
    call_id: str
    name: str
    input: str


class CustomToolCallOutput(msgspec.Struct, frozen=True, tag="custom_tool_call_output"):
    call_id: str
    output: Content


class ReasoningItem(msgspec.Struct, frozen=True, tag="reasoning"):
    id: str | None = None
    summary: list[dict[str, Any]] | None = None
    content: list[dict[str, Any]] | None = None
    encrypted_content: str | None = None


class ItemReference(msgspec.Struct, frozen=True):
    id: str


InputItem: TypeAlias = (
    InputMessage
    | FunctionCall
    | FunctionCallOutput
    | CustomToolCall
    | CustomToolCallOutput
    | ReasoningItem
    | ItemReference
    | Other
)


class _Kind(msgspec.Struct, frozen=True):
    type: str | None = None
    role: str | None = None
    id: str | None = None


_kind = msgspec.json.Decoder(_Kind)
_other: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Other)

_PARTS: dict[str, msgspec.json.Decoder[Any]] = {
    "input_text": msgspec.json.Decoder(InputText),
    "output_text": msgspec.json.Decoder(OutputText),
    "input_image": msgspec.json.Decoder(InputImage),
    "input_file": msgspec.json.Decoder(InputFile),
    "input_audio": msgspec.json.Decoder(InputAudio),
    "refusal": msgspec.json.Decoder(Refused),
}
_ITEMS: dict[str, msgspec.json.Decoder[Any]] = {
    "message": msgspec.json.Decoder(InputMessage),
    "function_call": msgspec.json.Decoder(FunctionCall),
    "function_call_output": msgspec.json.Decoder(FunctionCallOutput),
    "custom_tool_call": msgspec.json.Decoder(CustomToolCall),
    "custom_tool_call_output": msgspec.json.Decoder(CustomToolCallOutput),
    "reasoning": msgspec.json.Decoder(ReasoningItem),
    "item_reference": msgspec.json.Decoder(ItemReference),
}


def items(input: str | list[msgspec.Raw]) -> Iterator[tuple[str, InputItem]]:
    """Every item with the place it stands in; a bare string is one user's message."""
    if isinstance(input, str):
        yield "input", InputMessage("user", input)
        return
    for index, raw in enumerate(input):
        where = f"input[{index}]"
        with standing(where):
            item = _item(raw)
        yield where, item


def parts(content: Content, where: str) -> Iterator[tuple[str, InputPart]]:
    """Every part of a message or of a tool's output with the place it stands in."""
    if isinstance(content, str):
        yield where, InputText(content)
        return
    for index, raw in enumerate(content):
        place = f"{where}[{index}]"
        with standing(place):
            kind = strict.decode(_kind, raw).type
            part: InputPart = strict.decode(_PARTS.get(kind or "", _other), raw)
        yield place, part


def check(item: InputItem, where: str) -> None:
    """Read the item's parts too; raises BadRequest naming the field that is wrong."""
    match item:
        case InputMessage(content=content):
            for _ in parts(content, f"{where}.content"):
                pass
        case FunctionCallOutput(output=output) | CustomToolCallOutput(output=output):
            for _ in parts(output, f"{where}.output"):
                pass
        case _:
            pass


def _item(raw: msgspec.Raw) -> InputItem:
    kind = strict.decode(_kind, raw)
    name = kind.type
    if name is None:
        name = "message" if kind.role is not None else "item_reference" if kind.id is not None else ""
    item: InputItem = strict.decode(_ITEMS.get(name, _other), raw)
    return item


@contextmanager
def standing(where: str) -> Iterator[None]:
    """What is refused inside stands in that place: its name is put before the field's."""
    try:
        yield
    except BadRequest as error:
        inner = error.param
        error.param = where if inner is None else f"{where}{'' if inner.startswith('[') else '.'}{inner}"
        if inner is None:
            error.message = error.message.replace("Invalid request", f"Invalid value for '{where}'", 1)
        else:
            error.message = error.message.replace(f"'{inner}'", f"'{error.param}'", 1)
        error.args = (error.message,)
        raise
