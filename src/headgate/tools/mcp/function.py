"""A tool of an MCP server as a function."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import mcp_types as types
import msgspec
from mcp import ClientSession
from mcp.shared.exceptions import MCPError
from pydantic import TypeAdapter, ValidationError

from headgate.tools.base import Context, ToolError
from headgate.tools.mcp.results import told

CALL = "headgate.dev/call"
"""Under which a server is told what makes a call different from every other."""

MAX_COMPLAINT = 2000
"""Characters of what a server says is wrong."""

_ANSWER: TypeAdapter[types.CallToolResult | types.InputRequiredResult] = TypeAdapter(
    types.CallToolResult | types.InputRequiredResult
)


class Line(msgspec.Struct, frozen=True):
    """The way to the server."""

    session: Callable[[], Awaitable[ClientSession]]
    """To speak to it by; raises ToolError when it is not there."""
    doubt: Callable[[], None]
    """Have it looked after: a call came to nothing."""


class McpFunction(msgspec.Struct, frozen=True, kw_only=True):
    """A Function."""

    name: str
    tool: str
    """As the server calls it."""
    description: str
    schema: dict[str, Any]
    source: str
    line: Line
    timeout: float | None = None
    max_parallel: int | None = None
    is_repeatable: bool = False

    async def call(self, arguments: Mapping[str, Any], context: Context) -> str:
        """As `Function.call`."""
        session = await self.line.session()
        meta: Any = {CALL: context.call_id}
        params = types.CallToolRequestParams(name=self.tool, arguments=dict(arguments), _meta=meta)
        is_over = False
        try:
            # Not `call_tool`, which holds results against schemas of the server's, whose expressions may take forever.
            result = await session.send_request(types.CallToolRequest(params=params), _ANSWER)
            is_over = True
        except MCPError as error:
            raise ToolError(f"The server of this function says: {error.message[:MAX_COMPLAINT]}") from None
        except ValidationError:
            is_over = True
            raise ToolError("The server of this function answered what is no result.") from None
        finally:
            # Cancelled, for want of time perhaps; or refused, as by a server that has begun anew.
            if not is_over:
                self.line.doubt()
        if isinstance(result, types.InputRequiredResult):
            raise ToolError("The function wants to ask somebody something first, and nobody is here who could answer.")
        return told(result)
