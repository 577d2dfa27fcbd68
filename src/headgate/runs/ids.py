"""
Names for runs: in the order of their making, and not to be guessed.

    run_<milliseconds, 48 bits><node, 16 bits><chance, 96 bits>, in hexadecimal

The node tells which process made a run, so that a live run's owner can be found without asking
a store.
"""

import re
import secrets
import time
from collections.abc import Iterator

_SHAPE = re.compile(r"run_[0-9a-f]{40}")


def _chances() -> Iterator[str]:
    """96 bits of the system's randomness at a time, fetched for many names at once: a system call for each is 5 us."""
    while True:
        drawn = secrets.token_hex(12 * 256)
        for start in range(0, len(drawn), 24):
            yield drawn[start : start + 24]


_chance = _chances()


def new_run_id(node: int = 0) -> str:
    """A name that no other run has or will have."""
    stamp = (time.time_ns() // 1_000_000 << 16) + node
    return f"run_{stamp.to_bytes(8, 'big').hex()}{next(_chance)}"


def is_run_id(text: str) -> bool:
    """Whether this could be a run's name at all; anything else need not be looked for."""
    return _SHAPE.fullmatch(text) is not None
