"""Pictures, sounds and files that a tool gave, for formats whose results of tools are words."""

from collections.abc import Iterable, Iterator

import msgspec

from headgate.calls import Message, Part, TextPart

SEE_BELOW = "The result is in the next message."
"""What stands in a tool's own message where its result is pictures only."""


def apart(messages: Iterable[Message]) -> Iterator[Message]:
    """The messages, in which whatever a turn's tools gave beside words stands in a user's turn after them."""
    given: list[Part] = []
    for message in messages:
        if message.role == "tool":
            words = tuple(part for part in message.parts if isinstance(part, TextPart))
            others = [part for part in message.parts if not isinstance(part, TextPart)]
            given += others
            yield msgspec.structs.replace(message, parts=words or (TextPart(SEE_BELOW),)) if others else message
            continue
        if given and message.role == "user":
            yield msgspec.structs.replace(message, parts=(*given, *message.parts))
        else:
            if given:
                yield Message("user", tuple(given))
            yield message
        given = []
    if given:
        yield Message("user", tuple(given))
