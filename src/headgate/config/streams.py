"""What streams may take: the section [streams]."""

from typing import Annotated

import msgspec

from headgate.config import kinds

KILOBYTE = 1 << 10
MEGABYTE = 1 << 20


class Streams(msgspec.Struct, frozen=True, kw_only=True):
    """How many there may be, how large, and how long readers wait."""

    max_streams: Annotated[int, kinds.whole(1, 100_000_000), "How many streams one key may have."] = 100_000
    max_size: Annotated[int, kinds.size(64 * KILOBYTE), "How large one stream may become."] = 256 * MEGABYTE
    max_append: Annotated[int, kinds.size(KILOBYTE), "How much may be appended at once."] = 8 * MEGABYTE
    max_producers: Annotated[
        int, kinds.whole(1, 1_000_000), "How many producers may write to one stream with numbers of their own."
    ] = 1000
    max_subscriptions: Annotated[
        int, kinds.whole(0, 10_000), "How many subscriptions to streams one key may have; 0 for none."
    ] = 100
    max_links: Annotated[int, kinds.whole(1, 1_000_000), "How many streams one subscription may have."] = 10_000
    long_poll: Annotated[
        float,
        kinds.duration(0.001),
        "How long a long poll waits for something to come, before it says that nothing did.",
    ] = 15.0
    sse_lifetime: Annotated[
        float, kinds.duration(0.001), "How long a stream of server-sent events goes on, before its reader asks again."
    ] = 60.0
