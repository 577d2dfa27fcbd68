"""What providers do with vectors that came: look at each of them, and let others have a turn in between."""

import asyncio
from collections.abc import Sequence

from headgate.errors import ProviderError
from headgate.formats import embedding, vectors
from headgate.formats.embedding import Said
from headgate.formats.vectors import Vector

BREATH = 32
"""Vectors that are looked at without a pause: of the longest known about two milliseconds."""


async def looked_at(said: Said, provider: str, known: Sequence[Vector] = ()) -> list[Vector]:
    """The vectors, those known already before them; raises ProviderError unless all are vectors of one size."""
    found = list(known)
    for place, raw in enumerate(said.raws, len(known)):
        if place % BREATH == BREATH - 1:
            await asyncio.sleep(0)
        vector = vectors.read(bytes(raw))
        if vector is None:
            raise embedding.no_vector(provider, place)
        found.append(vector)
    if len({vector.size for vector in found}) > 1:
        raise ProviderError(f"{provider} sent vectors of different sizes.", code="upstream_invalid")
    return found
