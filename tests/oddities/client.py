"""The plainest HTTP client: it keeps everything, and knows whether a body really ended."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

PATIENCE = 60.0
"""Seconds until a test gives up: all cases are asked at about the same time, of one server."""


@dataclass(frozen=True)
class Answer:
    """What came back, to the last byte."""

    status: int
    headers: dict[str, str]
    body: bytes
    is_whole: bool
    """The body ended as its framing says; one that was cut did not."""


async def ask(port: int, path: str, request: dict[str, Any]) -> Answer:
    """Post a request and read until the server closes."""
    body = json.dumps(request).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
    try:
        writer.write(head.encode() + body)
        async with asyncio.timeout(PATIENCE):
            return _answer(await reader.read())
    finally:
        writer.close()


def _answer(data: bytes) -> Answer:
    head, _, rest = data.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
    status = int(line.split(" ")[1])
    if headers.get("transfer-encoding") == "chunked":
        return Answer(status, headers, *_dechunked(rest))
    return Answer(status, headers, rest, len(rest) == int(headers["content-length"]))


def _dechunked(data: bytes) -> tuple[bytes, bool]:
    """The body, and whether its last chunk came."""
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            assert data == b"\r\n", "bytes after the end of the body"
            return body, True
        assert data[length : length + 2] in (b"\r\n", b""), "a chunk of another size than it says"
        body, data = body + data[:length], data[length + 2 :]
    return body, False
