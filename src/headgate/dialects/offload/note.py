"""What is remembered of an offloaded answer beside its run."""

import msgspec

from headgate.formats.offload import Access


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Kept with the run from its first moment; so all of its addresses mean the same after a restart."""

    endpoint: str
    """The path that it was asked at."""
    created: int
    """Unix seconds, as its addresses spell them."""
    stem: str
    access: Access
    conversation: str
    model: str
    """As it was asked for; the run's own may be what stands in for it."""
    timeout: float
    connect_timeout: float
    streams: bool
    """Whether it was asked to be read as a stream."""
    base: str
    """The server's address as its first client knows it, for messages that answer no request."""
    parent: str = ""
    """The stem of the answer whose conversation it goes on with."""
    bearer: str = ""
    """The digest of a private answer's token."""
    stream: str = ""
    """The digest of the token for its stream of events."""

    @property
    def is_private(self) -> bool:
        return self.access == "private"


_decoder = msgspec.json.Decoder(Note)


def encode(note: Note) -> bytes:
    """As it is kept."""
    return msgspec.json.encode(note)


def decode(note: bytes) -> Note:
    """As it was kept."""
    return _decoder.decode(note)
