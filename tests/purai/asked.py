"""Requests as the tests of this folder ask them."""

from typing import Any

import msgspec

from headgate.formats import purai
from headgate.formats.purai import Asked

HELLO = {"role": "user", "content": "Hello"}


def read(query: dict[str, str] | None = None, **fields: Any) -> Asked:
    """A request with these fields."""
    return purai.read(msgspec.json.encode({"messages": [HELLO], **fields}), query or {})
