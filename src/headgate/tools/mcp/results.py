"""What a tool answered, as a model is told it: text as it is, and a note in place of everything else."""

from collections.abc import Iterator

import mcp_types as types
import msgspec

from headgate.tools.base import ToolError


def told(result: types.CallToolResult) -> str:
    """The text; raises ToolError for what the tool calls an error."""
    text = "\n".join(part for block in result.content for part in _of(block))
    if not text and result.structured_content is not None:
        # Who has both has said it twice.
        text = msgspec.json.encode(result.structured_content).decode()
    if result.is_error:
        raise ToolError(text or "The tool failed, and did not say why.")
    return text or "[an empty answer]"


def _of(block: types.ContentBlock) -> Iterator[str]:
    match block:
        case types.TextContent():
            yield block.text
        case types.ImageContent() | types.AudioContent():
            yield f"[{block.type}: {block.mime_type[:100]}, {_size(block.data)}, not shown]"
        case types.ResourceLink():
            words = f" ({block.description})" if block.description else ""
            yield f"[resource: {block.name} at {block.uri}{words}]"
        case types.EmbeddedResource(resource=types.TextResourceContents() as inside):
            yield inside.text
        case types.EmbeddedResource(resource=inside):
            kind = inside.mime_type or "data"
            blob = inside.blob if isinstance(inside, types.BlobResourceContents) else ""
            yield f"[resource: {inside.uri}, {kind[:100]}, {_size(blob)}, not shown]"


def _size(data: str) -> str:
    return f"{len(data) * 3 // 4:,} bytes"
