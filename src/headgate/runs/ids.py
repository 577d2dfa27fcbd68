"""
Names for runs: in the order of their making, and not to be guessed.

    run_<time 48 bits><node 16 bits><chance 96 bits>, in 32 letters of Crockford's alphabet

The node tells which process made a run, so that a live run's owner can be found without asking
a store.
"""

import re
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_SHAPE = re.compile(r"run_[0-9a-hjkmnp-tv-z]{32}")


def new_run_id(node: int = 0) -> str:
    """A name that no other run has or will have."""
    number = (time.time_ns() // 1_000_000 << 112) | (node << 96) | int.from_bytes(secrets.token_bytes(12), "big")
    # 160 bits, ten at a time: two letters of the alphabet each.
    return "run_" + "".join([_PAIRS[number >> shift & 1023] for shift in range(150, -1, -10)])


def is_run_id(text: str) -> bool:
    """Whether this could be a run's name at all; anything else need not be looked for."""
    return _SHAPE.fullmatch(text) is not None
