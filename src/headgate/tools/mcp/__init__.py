"""Functions of MCP servers; needs the package `mcp`, and everything here loads it."""

from headgate.tools.mcp.server import McpServer
from headgate.tools.mcp.settings import Settings

__all__ = ["McpServer", "Settings"]
