"""What a receiver is told, before it is signed and sent."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from headgate.runs import Run


class Message(msgspec.Struct, frozen=True):
    """That a run is over, in one of the dialects' forms. The same run always makes the same message."""

    event: str
    """What happened, like `run.finished`."""
    content_type: str
    body: bytes


Renderer: TypeAlias = Callable[[Run], Message | None]
"""Makes one kind of message of a run that is over; None when it is no run of its kind."""
