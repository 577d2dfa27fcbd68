"""The functions there are, by name; executes them within limits, and makes of whatever happens an Outcome."""

import asyncio
import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from headgate.tools.base import Context, Function, Outcome, ToolError

_logger = logging.getLogger(__name__)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What functions may take, where they say nothing of their own."""

    rounds: int = 10
    """How often a model may ask for functions in one run."""
    parallel: int = 8
    """How many calls of one round are executed at a time."""
    timeout: float = 30.0
    """Seconds for each call."""
    total_timeout: float = 120.0
    """Seconds for all calls of a run together."""
    max_result: int = 64 * 1024
    """Bytes of a result that a model is told."""
    max_parallel: int = 64
    """How many calls are executed at a time, of all runs together."""


class Toolbox:
    """All functions, and the limits that they are executed within."""

    def __init__(self, functions: Iterable[Function] = (), limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._functions = {function.name: function for function in functions}

    def find(self, name: str, owner: str) -> Function | None:
        """The function of that name, if there is one that this owner may use."""
        return self._functions.get(name)

    def names(self, owner: str) -> Sequence[str]:
        """Those of all functions that this owner may use."""
        return list(self._functions)

    async def prepare(self, names: Collection[str]) -> None:
        """Wait, for a moment, for those of the names that are still on their way here."""

    async def call(self, name: str, arguments: str, context: Context) -> Outcome:
        """
        Execute one, with arguments as the model wrote them.

        Raises nothing, whatever the function does or the arguments are: what went wrong is an Outcome that the model
        can read. Cancelling is passed on.
        """
        function = self.find(name, context.owner)
        if function is None:
            return Outcome(f"There is no function '{name[:100]}'.", is_error=True)
        began = time.monotonic()
        try:
            async with asyncio.timeout(function.timeout or self.limits.timeout):
                result = await function.call(_read(arguments), context)
        except ToolError as error:
            return Outcome(error.message, is_error=True, took=time.monotonic() - began)
        except TimeoutError:
            return Outcome("The function took too long.", is_error=True, took=time.monotonic() - began)
        except Exception:
            _logger.exception("The function %s failed.", name)
            return Outcome("The function failed.", is_error=True, took=time.monotonic() - began)
        return Outcome(result[: self.limits.max_result], took=time.monotonic() - began)


def _read(arguments: str) -> Mapping[str, Any]:
    try:
        read = msgspec.json.decode(arguments or "{}")
    except (msgspec.DecodeError, RecursionError):
        raise ToolError("The arguments are not valid JSON.") from None
    if not isinstance(read, dict):
        raise ToolError("The arguments must be a JSON object.")
    return read
