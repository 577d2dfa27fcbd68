"""Streams: logs of bytes that clients write, and read again from anywhere."""

from headgate.streams.bounds import Bounds
from headgate.streams.library import Library
from headgate.streams.offsets import offset_of, place_of
from headgate.streams.reading import read
from headgate.streams.stream import Kept, Stream
from headgate.streams.wishes import Addition, Branch, Wish

__all__ = ["Addition", "Bounds", "Branch", "Kept", "Library", "Stream", "Wish", "offset_of", "place_of", "read"]
