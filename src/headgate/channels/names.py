"""What channels are called."""

import re
from typing import Literal, NamedTuple, TypeAlias

from headgate.errors import BadRequest

Scope: TypeAlias = Literal["anonymous", "authenticated", "topic"]
"""Name spaces that know nothing of each other: channels anybody may join, channels for members, and Mercure's."""

MAX_NAME = 200
"""Characters; a name is in every frame of its channel."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What would break a line of a log or of an event stream, and halves of characters, which no encoding knows."""


class ChannelId(NamedTuple):
    """A channel's name, and which of the name spaces it is in."""

    name: str
    scope: Scope = "anonymous"


def channel_id(name: object, scope: Scope = "anonymous", *, param: str = "channels") -> ChannelId:
    """A name that came from a client; raises BadRequest for one that is none."""
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise BadRequest(
            f"A channel's name is a text of 1 to {MAX_NAME} characters.", code="invalid_channel", param=param
        )
    if _CONTROL.search(name):
        raise BadRequest("A channel's name holds no control characters.", code="invalid_channel", param=param)
    return ChannelId(name, scope)
