"""The tools of an MCP server, as functions: those that any provider would take."""

import logging
from collections.abc import AsyncIterator, Sequence
from fnmatch import fnmatchcase

import mcp_types as types
from mcp import ClientSession

from headgate.tools.checking import check_schema
from headgate.tools.mcp.function import Line, McpFunction
from headgate.tools.mcp.settings import Settings
from headgate.tools.names import name_for

MAX_TOOLS = 500
"""Of one server. No model takes as many; whoever has more is broken."""

MAX_PAGES = 50

MAX_DESCRIPTION = 4096
"""Characters. It is paid for with every request."""

_logger = logging.getLogger(__name__)


async def list_functions(session: ClientSession, settings: Settings, line: Line) -> list[McpFunction]:
    """All that are offered."""
    found: dict[str, McpFunction] = {}
    async for tool in _tools(session):
        if not _is_one_of(tool.name, settings.tools):
            continue
        try:
            schema = check_schema(tool.input_schema)
        except ValueError as error:
            _logger.warning("The tool %.100s of %s is left out, for its schema: %s.", tool.name, settings.name, error)
            continue
        name = name_for(f"{settings.prefix}{tool.name}", found)
        found[name] = McpFunction(
            name=name,
            tool=tool.name,
            description=_description(tool),
            schema=schema,
            source=f"mcp {settings.name}",
            line=line,
            timeout=settings.timeout,
            max_parallel=settings.max_parallel,
            is_repeatable=_is_one_of(tool.name, settings.repeatable) or _says_repeatable(tool),
        )
    return list(found.values())


async def _tools(session: ClientSession) -> AsyncIterator[types.Tool]:
    cursor: str | None = None
    count = 0
    for _ in range(MAX_PAGES):
        page = await session.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
        for tool in page.tools[: MAX_TOOLS - count]:
            count += 1
            yield tool
        cursor = page.next_cursor
        if not cursor or count >= MAX_TOOLS:
            return


def _is_one_of(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _description(tool: types.Tool) -> str:
    annotated = tool.annotations.title if tool.annotations else None
    return (tool.description or tool.title or annotated or "")[:MAX_DESCRIPTION]


def _says_repeatable(tool: types.Tool) -> bool:
    said = tool.annotations
    return said is not None and bool(said.read_only_hint or said.idempotent_hint)
