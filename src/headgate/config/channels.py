"""What channels may take: the section [channels]."""

from typing import Annotated, Literal

import msgspec

from headgate.config import kinds

KILOBYTE = 1 << 10
MEGABYTE = 1 << 20


class Channels(msgspec.Struct, frozen=True, kw_only=True):
    """How much is kept of what was said, and what one connection may do."""

    history: Annotated[
        int,
        kinds.whole(100, 1_000_000),
        "How many messages of a channel are kept, for those who come back and those who are slow.",
    ] = 1000
    history_size: Annotated[int, kinds.size(64 * KILOBYTE), "How much they may take together."] = MEGABYTE
    history_age: Annotated[float, kinds.duration(1), "How long each is kept."] = 300.0
    max_size: Annotated[int, kinds.size(MEGABYTE), "How much the messages of all channels may take."] = 256 * MEGABYTE
    max_channels: Annotated[
        int, kinds.whole(1, 10_000_000), "How many channels there may be; every connection has one of its own."
    ] = 50_000
    channels_per_connection: Annotated[int, kinds.whole(1, 200), "How many channels one connection may be on."] = 100
    connections_per_key: Annotated[
        int | None, kinds.or_none(kinds.whole(1, 1_000_000)), "How many connections may be open with one key."
    ] = None
    max_message: Annotated[int, kinds.size(KILOBYTE), "The largest message that is accepted."] = 64 * KILOBYTE
    anonymous: Annotated[
        Literal["off", "listen", "send"],
        kinds.one_of("off", "listen", "send"),
        "What those who bring neither key nor token may do on channels that are for everybody, where there are keys.",
    ] = "off"
    messages_per_second: Annotated[
        int, kinds.whole(1, 10_000), "How many messages a connection may send in a second, on average."
    ] = 10
