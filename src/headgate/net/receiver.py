"""What a fetch talks to: whoever takes an answer in as it arrives."""

from collections.abc import Mapping
from typing import Protocol


class Flow(Protocol):
    """
    A hand on the socket that an answer is read from.

    Both may be called at any time, also twice, also after the answer ended: then they do nothing.
    """

    def pause(self) -> None:
        """Read no more: once the kernel's buffers are full, the upstream has to wait."""

    def resume(self) -> None:
        """Read on."""


class Receiver(Protocol):
    """
    Takes an answer in.

    Both methods are called straight from the socket's callback, so they must be quick. An
    exception raised by either comes out of `fetch`, and the connection is closed.
    """

    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        """The head is here; called once, first. Names are lower case, repeated headers are joined by ", "."""

    def on_body(self, data: bytes) -> bool:
        """
        A piece of the decoded body, never empty. True says: I have all I need, call me no more.

        After a `pause` a piece that was already read may still come.
        """
