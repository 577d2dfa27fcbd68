"""The two protocols of GraphQL on WebSockets, which differ in their words."""

from collections.abc import Sequence
from typing import Any

import msgspec


class Words(msgspec.Struct, frozen=True):
    """A protocol."""

    name: str
    """As a subprotocol of the socket."""
    start: str
    stop: str
    told: str
    lists_errors: bool
    """Whether an error is told as a list of them; otherwise the first one is told."""
    replaces: bool
    """Whether an operation with the id of another takes its place; otherwise it is a mistake that ends all."""

    def error(self, errors: Sequence[Any]) -> Any:
        """Errors as they are told."""
        return list(errors) if self.lists_errors else errors[0]


TRANSPORT = Words("graphql-transport-ws", "subscribe", "complete", "next", lists_errors=True, replaces=False)
"""https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md"""

OLDER = Words("graphql-ws", "start", "stop", "data", lists_errors=False, replaces=True)
"""https://github.com/apollographql/subscriptions-transport-ws/blob/master/PROTOCOL.md, with older clients."""

KNOWN = {words.name: words for words in (TRANSPORT, OLDER)}
