"""An MCP server made with the official package: `python official.py stdio`, or `http`, which prints its address."""

import asyncio
import socket
import sys

from mcp.server import MCPServer
from mcp.server.mcpserver import Context, Image
from mcp_types import ToolAnnotations

server = MCPServer("judge", log_level="ERROR")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


@server.tool(name="greet/the world!")
def greet(name: str) -> str:
    """Greet somebody."""
    return f"Hello, {name}!"


@server.tool()
def picture() -> list[str | Image]:
    """Show a picture."""
    return ["Here:", Image(data=b"\x89PNG" * 300, format="png")]


@server.tool()
def fail() -> str:
    """Fail."""
    raise ValueError("no such thing")


@server.tool()
async def hang() -> str:
    """Never answer."""
    await asyncio.sleep(3600)
    return ""


@server.tool()
async def learn(word: str, context: Context) -> str:
    """Learn to say a word."""

    def say() -> str:
        return word

    server.add_tool(say, name=word, description=f"Say {word}.")
    await context.notify_tools_changed()
    return "learned"


def main() -> None:
    if sys.argv[1] == "stdio":
        server.run("stdio")
        return
    import uvicorn

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    app = server.streamable_http_app()
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])


if __name__ == "__main__":
    main()
