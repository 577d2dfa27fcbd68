"""Random answers, made by h11 as a server, and random damage done to them."""

import random
from dataclasses import dataclass, field

import h11

NAMES = ["content-type", "X-Request-Id", "Set-Cookie", "retry-after", "x-ratelimit-remaining", "SERVER", "a", "via"]
VALUES = ["text/event-stream", "application/json; charset=utf-8", "1", "", "a, b", 'W/"x"', "é", "x" * 300]
STATUSES = [200, 200, 200, 201, 204, 301, 304, 400, 401, 413, 429, 500, 503, 599]

SPICE = [
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b":",
    b";",
    b"0",
    b"-",
    b"\x00",
    b"\xff",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n",
    b"content-length: 3\r\n",
    b"transfer-encoding: chunked\r\n",
    b"connection: close\r\n",
    b"0\r\n\r\n",
    b"ffffffff",
    b";a=b",
]
"""What damage is done with: pieces that mean something where they land."""


@dataclass
class Made:
    """An answer as it was meant, and its bytes."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    data: bytes = b""
    ends_with_connection: bool = False
    interims: int = field(default=0)


def make(chance: random.Random) -> Made:
    """A valid answer of any kind."""
    version = chance.choice(["1.1", "1.1", "1.1", "1.0"])
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"POST / HTTP/%b\r\nhost: x\r\ncontent-length: 0\r\n\r\n" % version.encode())
    while type(server.next_event()) is not h11.EndOfMessage:
        pass
    made = Made(chance.choice(STATUSES), [], b"")
    data = b""
    if version == "1.1":
        made.interims = chance.choice([0, 0, 0, 1, 2])
        for _ in range(made.interims):
            hints = h11.InformationalResponse(status_code=chance.choice([100, 102, 103]), headers=[("link", "x")])
            data += server.send(hints) or b""
    made.headers = [(chance.choice(NAMES), chance.choice(VALUES)) for _ in range(chance.randrange(6))]
    pieces = [chance.randbytes(chance.choice([1, 2, 10, 100, 3000])) for _ in range(chance.randrange(5))]
    if made.status in (204, 304):
        pieces = []
    made.body = b"".join(pieces)
    if chance.random() < 0.4 and made.status not in (204, 304):
        made.headers.insert(chance.randrange(len(made.headers) + 1), ("Content-Length", str(len(made.body))))
    head = h11.Response(
        status_code=made.status,
        headers=[(name.encode(), value.encode("latin-1")) for name, value in made.headers],
        reason=chance.choice([b"OK", b"", b"Not \xe9 word"]),
    )
    data += server.send(head) or b""
    for piece in pieces:
        data += server.send(h11.Data(data=piece)) or b""
    trailers = [("digest", "x")] if chance.random() < 0.2 and b"chunked" in data.partition(b"\r\n\r\n")[0] else []
    try:
        data += server.send(h11.EndOfMessage(headers=trailers)) or b""
    except h11.LocalProtocolError:  # trailers, and no chunks after all
        data += server.send(h11.EndOfMessage()) or b""
    made.data = data
    made.ends_with_connection = server.our_state is h11.MUST_CLOSE
    return made


def damage(data: bytes, chance: random.Random) -> bytes:
    """Change a few places."""
    broken = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        # Mostly in the head, where the meaning is.
        at = chance.randrange(min(len(broken), chance.choice([20, 200, 100_000])) + 1)
        match chance.randrange(5):
            case 0:
                broken[at : at + 1] = chance.randbytes(1)
            case 1:
                del broken[at : at + chance.choice([1, 1, 2, 5, 30])]
            case 2:
                broken[at:at] = chance.choice(SPICE)
            case 3:
                piece = broken[at : at + chance.choice([1, 2, 20, 60])]
                broken[at:at] = piece
            case _:
                end = broken.find(b"\r\n", at)
                if end >= 0:
                    broken[end : end + 2] = chance.choice(SPICE)
    return bytes(broken)


def pieces_of(data: bytes, chance: random.Random) -> list[bytes]:
    """The same bytes, cut anywhere."""
    places = sorted(chance.randrange(len(data) + 1) for _ in range(chance.choice([0, 1, 3, 20])))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
