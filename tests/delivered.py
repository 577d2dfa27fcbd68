"""Whether what went into a socket has come out of the other one, on the same machine."""

import fcntl
import socket
import struct
import termios
from pathlib import Path


def is_read(sock: socket.socket) -> bool:
    """Whether the other end has read all that was sent to it over IPv4; a reset before would throw it away."""
    (unacknowledged,) = struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)))
    return not unacknowledged and not _unread(_written(sock.getpeername()), _written(sock.getsockname()))


def _unread(local: str, remote: str) -> int:
    """How many bytes wait in the socket with these addresses; none in one that is closed."""
    _, _, rest = Path("/proc/net/tcp").read_text().partition(f" {local} {remote} ")
    if not rest:
        return 0
    _state, queues, *_ = rest[:40].split()
    return int(queues.partition(":")[2], 16)


def _written(address: tuple[str, int]) -> str:
    """An address as Linux writes it."""
    host, port = address
    return f"{socket.inet_aton(host)[::-1].hex().upper()}:{port:04X}"
