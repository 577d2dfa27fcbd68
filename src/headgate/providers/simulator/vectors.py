"""
Vectors without a model: the same text has the same one, and texts that share words have similar ones.

Each word leads to a few places of the vector and pushes them up or down; a little of what only this very text
has comes on top, so that no two texts have the same vector and none is nothing.
"""

import hashlib
import math

from headgate.formats import vectors
from headgate.formats.vectors import Vector

SIZE = 256
"""Numbers of a vector, where nobody says how many."""

MAX_SIZE = 4096

PLACES = 8
"""How many places a word leads to."""

OWN = 0.3
"""How much of a vector's length is its text's own, beside that of its words."""

MAX_WORDS = 10_000
"""Caps how long one text can take; the words after these do not count."""


def of(text: str, size: int) -> Vector:
    """The vector of a text."""
    own = hashlib.shake_128(text.encode()).digest(size)
    scale = OWN / math.sqrt(sum((byte - 127.5) ** 2 for byte in own))
    numbers = [(byte - 127.5) * scale for byte in own]
    pushes: dict[int, float] = {}
    for word in text.casefold().split()[:MAX_WORDS]:
        digest = hashlib.blake2b(word.strip(".,;:!?\"'()").encode(), digest_size=3 * PLACES).digest()
        for place in range(0, 3 * PLACES, 3):
            at = int.from_bytes(digest[place : place + 2]) % size
            pushes[at] = pushes.get(at, 0.0) + (1.0 if digest[place + 2] % 2 else -1.0)
    length = math.sqrt(sum(push * push for push in pushes.values()))
    for at, push in pushes.items() if length else ():
        numbers[at] += push / length
    length = math.sqrt(sum(number * number for number in numbers))
    return vectors.of([number / length for number in numbers])
