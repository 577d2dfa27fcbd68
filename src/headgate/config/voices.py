"""What recordings may take: the section [voices]."""

from typing import Annotated

import msgspec

from headgate.config import kinds

KILOBYTE = 1 << 10
MEGABYTE = 1 << 20


class Voices(msgspec.Struct, frozen=True, kw_only=True):
    """Recordings on their way in."""

    max_upload: Annotated[int, kinds.size(KILOBYTE), "The largest recording that is accepted."] = 100 * MEGABYTE
    upload_timeout: Annotated[float, kinds.duration(0.001), "How long a client may take to send a recording."] = 600.0
    upload_folder: Annotated[
        str | None,
        kinds.TEXT,
        "Where recordings lie until their runs are over; by default beside the store, or with other temporary files.",
    ] = None
