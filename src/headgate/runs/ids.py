"""
Names for runs: in the order of their making, and not to be guessed.

    run_<milliseconds, 48 bits><node, 16 bits><chance, 96 bits>, in hexadecimal

The node tells which process made a run, so that a live run's owner can be found without asking
a store.
"""

import re
import secrets
import time

_SHAPE = re.compile(r"run_[0-9a-f]{40}")


_chances: list[str] = []
"""96 bits of the system's randomness each, fetched for many names at once: a system call for each is 5 us."""


def _fetch() -> None:
    drawn = secrets.token_hex(12 * 256)
    _chances.extend(drawn[start : start + 24] for start in range(0, len(drawn), 24))


def new_run_id(node: int = 0) -> str:
    """A name that no other run has or will have."""
    stamp = (time.time_ns() // 1_000_000 << 16) + node
    if not _chances:
        _fetch()
    return f"run_{stamp.to_bytes(8, 'big').hex()}{_chances.pop()}"


def is_run_id(text: str) -> bool:
    """Whether this could be a run's name at all; anything else need not be looked for."""
    return _SHAPE.fullmatch(text) is not None
