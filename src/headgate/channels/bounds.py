"""What channels may take."""

import msgspec

KILOBYTE = 1 << 10
MEGABYTE = 1 << 20


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What the hub is told by the configuration."""

    history: int = 1000
    """Messages of each channel that are kept."""
    history_size: int = MEGABYTE
    """Their bytes."""
    history_age: float = 300.0
    """Seconds that each is kept."""
    total_size: int = 256 * MEGABYTE
    """Bytes of all channels' messages."""
    channels: int = 50_000
    """How many there may be."""
    channels_per_connection: int = 100
    keep_alive: float = 15.0
    """Seconds a connection waits for news before it is told that there are none."""
