"""
An MCP server of the older kind, by hand, for what no honest one does: `python handmade.py KIND`.

It speaks 2025-06-18 over its pipes: a line of JSON for each message.
"""

import json
import os
import signal
import sys
import time
from typing import Any

KIND = sys.argv[1] if len(sys.argv) > 1 else "honest"
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"word": {"type": "string"}}}
TOOLS: list[dict[str, Any]] = [{"name": "say", "description": "Say it.", "inputSchema": SCHEMA}]

if KIND == "liar":
    TOOLS += [
        {"name": "broken", "inputSchema": {"type": "object", "properties": {"x": {"type": "text"}}}},
        {"name": "elsewhere", "inputSchema": {"type": "object", "properties": {"x": {"$ref": "http://evil/x"}}}},
        {"name": "heavy", "inputSchema": {"type": "object", "description": "x" * 100_000}},
        {"name": "wordy", "description": "y" * 100_000, "inputSchema": {"type": "object"}},
        {"name": "9 lives", "inputSchema": {"type": "object"}},
        {"name": "9_lives", "inputSchema": {"type": "object"}},
        {"name": "long" * 50, "inputSchema": {"type": "object"}},
    ]
if KIND == "typeless":
    TOOLS += [{"name": "typeless", "inputSchema": {"type": "array"}}]
if KIND == "many":
    TOOLS += [{"name": f"tool{number}", "inputSchema": {"type": "object"}} for number in range(5000)]


def send(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def text(words: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": words}]}


def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    word = arguments.get("word", "")
    if word == "hang":
        time.sleep(3600)
    if word == "die":
        print("I am dying with TOKEN-0123456789", file=sys.stderr, flush=True)
        os._exit(1)
    if word == "variables":
        return text(json.dumps(dict(os.environ)))
    if word == "pid":
        return text(str(os.getpid()))
    if word == "much":
        return text("x" * 10_000_000)
    if word == "flood":
        sys.stdout.write("z" * (40 << 20))
    if word == "babble":
        sys.stdout.write("bla\n" * 5_000)
    if word == "nonsense":
        return {"content": "none"}
    if word == "change":
        TOOLS.append({"name": "more", "inputSchema": SCHEMA})
        for _ in range(1000):
            send({"method": "notifications/tools/list_changed"})
    if word == "ask":
        send({"id": "q1", "method": "elicitation/create", "params": {"message": "Who?", "requestedSchema": SCHEMA}})
        return text(json.dumps(json.loads(sys.stdin.readline()).get("error", {}).get("message")))
    if name == "say" and word == "structured":
        return {"content": [], "structuredContent": {"word": word}}
    if word == "resources":
        return {
            "content": [
                {"type": "resource_link", "name": "file", "uri": "file:///x", "description": "A file."},
                {"type": "resource", "resource": {"uri": "file:///x", "text": "inside"}},
                {"type": "resource", "resource": {"uri": "file:///y", "mimeType": "image/png", "blob": "AAAA"}},
                {"type": "audio", "mimeType": "audio/wav", "data": "AAAAAAAA"},
            ]
        }
    return text(f"{name} says {word}")


def answer(message: dict[str, Any]) -> dict[str, Any]:
    """To one request."""
    match message["method"]:
        case "initialize":
            return {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {"listChanged": True}},
                "serverInfo": {"name": "handmade", "version": "1"},
            }
        case "tools/list":
            cursor = int((message.get("params") or {}).get("cursor") or 0)
            page = {"tools": TOOLS[cursor : cursor + 90]}
            more = cursor + 90 < len(TOOLS) or KIND == "endless"
            return {**page, "nextCursor": str(cursor + 90)} if more else page
        case "tools/call":
            params = message["params"]
            return call(params["name"], params.get("arguments") or {})
        case _:
            raise LookupError


def main() -> None:
    if KIND == "clinging":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if KIND == "silent":
        time.sleep(3600)
    if KIND == "leaving":
        print("cannot find TOKEN-0123456789", file=sys.stderr)
        sys.exit(3)
    print("Welcome to this server!", flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message or "method" not in message:
            continue
        try:
            send({"id": message["id"], "result": answer(message)})
        except LookupError:
            send({"id": message["id"], "error": {"code": -32601, "message": "Method not found"}})
    if KIND == "clinging":
        time.sleep(3600)


if __name__ == "__main__":
    main()
