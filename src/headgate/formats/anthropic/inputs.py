"""
A request's parts, read strictly.

The kinds that every provider can be told about are typed here. A provider that speaks Messages may know
more of them, so a block of a kind that we do not know is let through unread, as long as its `type` is a
string.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from headgate.formats import strict
from headgate.formats.openai_responses.inputs import standing

Word = Annotated[str, msgspec.Meta(min_length=1)]
Content: TypeAlias = str | list[msgspec.Raw]


class TextBlock(msgspec.Struct, frozen=True, tag="text"):
    text: str


class Source(msgspec.Struct, frozen=True):
    """Where a picture or a document is; `type` says which of the fields must be there."""

    type: Word
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    content: Content | None = None
    file_id: str | None = None


class ImageBlock(msgspec.Struct, frozen=True, tag="image"):
    source: Source


class DocumentBlock(msgspec.Struct, frozen=True, tag="document"):
    source: Source
    title: str | None = None
    context: str | None = None


class ToolUseBlock(msgspec.Struct, frozen=True, tag="tool_use"):
    id: Word
    name: Word
    input: dict[str, Any]


class ToolResultBlock(msgspec.Struct, frozen=True, tag="tool_result"):
    tool_use_id: Word
    content: Content | None = None
    is_error: bool | None = None


class ThinkingBlock(msgspec.Struct, frozen=True, tag="thinking"):
    thinking: str
    signature: str


class RedactedThinkingBlock(msgspec.Struct, frozen=True, tag="redacted_thinking"):
    data: str


class OtherBlock(msgspec.Struct, frozen=True):
    """A block of a kind that only a provider of this format may know."""

    type: Word


AnyBlock: TypeAlias = (
    TextBlock
    | ImageBlock
    | DocumentBlock
    | ToolUseBlock
    | ToolResultBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | OtherBlock
)


class RequestMessage(msgspec.Struct, frozen=True):
    role: Literal["user", "assistant", "system"]
    content: Content


_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    str(kind.__struct_config__.tag): msgspec.json.Decoder(kind)
    for kind in (
        TextBlock,
        ImageBlock,
        DocumentBlock,
        ToolUseBlock,
        ToolResultBlock,
        ThinkingBlock,
        RedactedThinkingBlock,
    )
}
_other: msgspec.json.Decoder[Any] = msgspec.json.Decoder(OtherBlock)

_NEEDS = {
    "base64": ("media_type", "data"),
    "text": ("data",),
    "url": ("url",),
    "content": ("content",),
    "file": ("file_id",),
}
"""What the sources that we know must bring."""


def blocks(content: Content, where: str) -> Iterator[tuple[str, AnyBlock]]:
    """Every block with the place it stands in; a bare string is one of text."""
    if isinstance(content, str):
        yield where, TextBlock(content)
        return
    for index, raw in enumerate(content):
        place = f"{where}[{index}]"
        with standing(place):
            block: AnyBlock = strict.decode(_DECODERS.get(strict.decode(_other, raw).type, _other), raw)
        yield place, block


def check(content: Content, where: str) -> None:
    """Read every block; raises BadRequest naming the field that is wrong."""
    for place, block in blocks(content, where):
        match block:
            case ImageBlock(source) | DocumentBlock(source):
                for needed in _NEEDS.get(source.type, ()):
                    if getattr(source, needed) is None:
                        raise strict.missing(f"{place}.source.{needed}")
                if source.content is not None:
                    check(source.content, f"{place}.source.content")
            case ToolResultBlock(content=list() as inner):
                check(inner, f"{place}.content")
            case _:
                pass
