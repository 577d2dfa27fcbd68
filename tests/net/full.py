"""A listening socket that takes no more connections: whoever connects hangs."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def full_listener() -> Iterator[int]:
    """Its port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    try:
        yield listener.getsockname()[1]
    finally:
        for each in (listener, *fillers):
            each.close()
