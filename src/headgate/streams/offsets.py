"""Places in streams, as clients are told of them: texts that sort like the places do."""

import re

_OFFSET = re.compile(r"0{16}_([0-9]{16})", re.ASCII)


def offset_of(place: int) -> str:
    """How clients are told of a place."""
    return f"0000000000000000_{place:016}"


def place_of(offset: str) -> int | None:
    """The place that an offset stands for; None for one that is none."""
    found = _OFFSET.fullmatch(offset)
    return None if found is None else int(found[1])
