"""Lists in a request that are handed on as they came, with more at their ends."""

from collections.abc import Iterable

import msgspec

_list = msgspec.json.Decoder(list[msgspec.Raw] | None)


def entries(raw: msgspec.Raw | None) -> list[msgspec.Raw]:
    """Those of a list, unread; none where there is no list."""
    return [] if raw is None else _list.decode(raw) or []


def longer(raw: msgspec.Raw | None, after: Iterable[object], before: Iterable[object] = ()) -> msgspec.Raw:
    """The list with these around it."""
    return msgspec.Raw(msgspec.json.encode([*before, *entries(raw), *after]))
