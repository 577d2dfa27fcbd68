"""Responses as they stand, for those who ask again and again while one is made."""

from typing import Any
from weakref import WeakKeyDictionary

from headgate.dialects.responses.face import writer_of
from headgate.formats.openai_responses import Writer
from headgate.runs import Run


class Standing:
    """The objects of responses; a longer one costs more only for what is new of it."""

    def __init__(self) -> None:
        self._written: WeakKeyDictionary[Run, tuple[Writer, int]] = WeakKeyDictionary()

    def object(self, run: Run) -> dict[str, Any]:
        """One, after everything that is shown of it."""
        known = self._written.get(run)
        writer, first = known or (writer_of(run), 0)
        for event in run.events[first : run.shown]:
            writer.write(event)
        self._written[run] = writer, run.shown
        return writer.response()
