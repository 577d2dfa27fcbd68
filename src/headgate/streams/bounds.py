"""How much streams may take."""

import msgspec

MEGABYTE = 1 << 20


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says, with what counts where it says nothing."""

    streams: int = 100_000
    """How many one key may have."""
    size: int = 256 * MEGABYTE
    """How large one may become, in bytes of its own."""
    producers: int = 1000
    """How many may write to one with numbers of their own: each is remembered as long as the stream."""
