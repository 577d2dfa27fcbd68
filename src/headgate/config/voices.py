"""What recordings may take, and what this machine says and hears itself: the section [voices]."""

from typing import Annotated

import msgspec

from headgate.config import kinds

KILOBYTE = 1 << 10
MEGABYTE = 1 << 20


class Voices(msgspec.Struct, frozen=True, kw_only=True):
    """Recordings on their way in, and the voice and ears of this machine."""

    max_upload: Annotated[int, kinds.size(KILOBYTE), "The largest recording that is accepted."] = 100 * MEGABYTE
    upload_timeout: Annotated[float, kinds.duration(0.001), "How long a client may take to send a recording."] = 600.0
    upload_folder: Annotated[
        str | None,
        kinds.TEXT,
        "Where recordings lie until their runs are over; by default beside the store, or with other temporary files.",
    ] = None
    local: Annotated[
        bool, kinds.YES_NO, "Whether this machine speaks and listens itself, where the extra `voice` is installed."
    ] = True
    speakers: Annotated[int, kinds.whole(1, 1000), "How many speeches it may make at a time."] = 32
    listeners: Annotated[
        int | None,
        kinds.or_none(kinds.whole(1, 1000)),
        'How many recordings it may hear at a time; "none" is as many as it has processors.',
    ] = None
    max_queued: Annotated[
        int, kinds.whole(0, 1_000_000), "How many of each may wait for their turn; more are refused with 429."
    ] = 100
    max_recording: Annotated[float, kinds.duration(1), "The longest recording that it hears."] = 1800.0
    phrases: Annotated[
        tuple[str, ...], kinds.TEXTS, "What it may hear, where that is known; a request's `prompt` goes before it."
    ] = ()
    grammar: Annotated[str | None, kinds.TEXT, "The same as a grammar, in the Java Speech Grammar Format."] = None
