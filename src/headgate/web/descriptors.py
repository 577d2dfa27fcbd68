"""
File descriptors: each client and each upstream takes one, and systems let a process begin with few.

The system gives out the lowest number that is free, so the number of a new socket tells how many are left.
The last ones are kept: upstreams get none of them, and clients some, to be told so instead of being hung up on.
"""

import logging
import resource
import sys
from typing import NamedTuple

log = logging.getLogger(__name__)

SPARE = 32
"""How many of the last ones upstreams are not given; half of them are for nobody but the store and the log."""


class Descriptors(NamedTuple):
    """How many there are, and from which number on who gets none."""

    all: int
    upstreams: int
    clients: int


def take_all() -> Descriptors:
    """Raise this process's limit as far as it may."""
    most = _raise_limit()
    spare = min(SPARE, most // 4)
    return Descriptors(most, most - spare, most - spare // 2)


def warn_of_few(descriptors: Descriptors, clients: int) -> None:
    """Tell whoever starts the server if not all clients that it may have will fit."""
    if descriptors.clients < clients:
        log.warning("This process may open %d files and sockets, too few for %d clients.", descriptors.all, clients)


def _raise_limit() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            # macOS calls its limit infinite, and refuses that.
            hard = soft
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard
