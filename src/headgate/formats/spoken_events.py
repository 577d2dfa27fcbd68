"""What readers of speeches and transcriptions have in common, where these come as events."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from headgate.errors import ProviderError
from headgate.events import AnyEvent
from headgate.formats import sse
from headgate.formats.base import Origin


class EventReader(ABC):
    """Reads an answer event by event; one of a kind says what each of its own means."""

    what: ClassVar[str]
    """What is answered, in a word."""

    is_answered = False

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._sse = sse.Reader()
        self.is_over = False
        self._has_begun = False

    def feed(self, data: bytes) -> Sequence[AnyEvent]:
        """More of it."""
        return self._read(self._sse.feed(data))

    def close(self) -> Sequence[AnyEvent]:
        """That was all."""
        events = self._read(self._sse.close())
        if not self.is_over:
            message = f"{self._origin.provider} left its {self.what} without an end."
            error = ProviderError(message, code="upstream_incomplete")
            error.events = events
            raise error
        return events

    def _read(self, messages: Sequence[sse.Message]) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        for message in messages:
            if self.is_over:
                break
            try:
                self._message(message, events)
            except ProviderError as error:
                error.events = events
                raise
        return events

    @abstractmethod
    def _message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        """One of them; sets `is_over` with the last."""
