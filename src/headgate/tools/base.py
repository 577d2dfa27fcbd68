"""What a function is to those who have it executed."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec


class Context(msgspec.Struct, frozen=True):
    """For whom, and in which run, a function is executed."""

    run: str = ""
    owner: str = ""
    """The name of the key whose run it is."""
    call_id: str = ""
    """Different for every call, and the same when a call is repeated: by it a function may tell the two apart."""


class ToolError(Exception):
    """What a function could not do, in words that the model is told."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Outcome(msgspec.Struct, frozen=True):
    """What came of a call."""

    result: str
    """What the model is told."""
    is_error: bool = False
    took: float = 0.0
    """Seconds of execution, without waiting for a turn."""


class Function(Protocol):
    """Something the server can execute."""

    @property
    def name(self) -> str:
        """What models call it: letters, digits, underscores and hyphens, at most 64."""

    @property
    def description(self) -> str:
        """What it is for, in words for a model."""

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of its arguments: of an object."""

    @property
    def source(self) -> str:
        """Where it comes from, in a word or two for people."""

    @property
    def timeout(self) -> float | None:
        """How many seconds it may take; None for what all may take."""

    @property
    def max_parallel(self) -> int | None:
        """How many calls of it may be executed at a time; None for as many as of all together."""

    @property
    def is_repeatable(self) -> bool:
        """Whether executing the same call twice does no more than executing it once."""

    async def call(self, arguments: Mapping[str, Any], context: Context) -> str:
        """
        Execute it with arguments that fit its schema.

        Returns what the model is told. Raises ToolError with words for the model; whatever else is raised is told
        to the model only as having happened. Whoever calls keeps the time, and cancels.
        """
