"""A Python callable as a function for models."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from headgate.tools.base import Context, ToolError
from headgate.tools.marks import Mark, mark_of
from headgate.tools.names import WORDS, is_name
from headgate.tools.python.signature import read_signature
from headgate.tools.python.threads import Threads


class PythonFunction:
    """A Function. One that is no coroutine is executed in a thread."""

    source = "python"

    def __init__(self, function: Callable[..., Any], threads: Threads) -> None:
        """Raises ValueError with what of it no model could use."""
        mark = mark_of(function) or Mark()
        self._function, self._threads = function, threads
        self._is_async = _is_async(function)
        self._signature = read_signature(function)
        self.name = mark.name or getattr(function, "__name__", type(function).__name__)
        self.description = mark.description or self._signature.docstring.summary
        self.schema = self._signature.schema
        self.timeout, self.max_parallel, self.is_repeatable = mark.timeout, mark.max_parallel, mark.repeatable
        if not is_name(self.name):
            raise ValueError(f"a name may hold {WORDS}")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise ValueError("it yields, and a function must return")

    def is_of(self, function: Callable[..., Any]) -> bool:
        """Whether that is what it calls."""
        return self._function is function

    async def call(self, arguments: Mapping[str, Any], context: Context) -> str:
        """As `Function.call`."""
        try:
            positional, named = self._signature.bind(arguments, context)
        except msgspec.ValidationError as error:
            raise ToolError(f"The arguments do not fit the function's parameters: {error}") from None
        work = partial(self._function, *positional, **named)
        result = await work() if self._is_async else await self._threads.run(work)
        if inspect.isawaitable(result):
            result = await result
        return told_of(result)


def told_of(result: Any) -> str:
    """A result as text: text as it is, anything else as JSON, and what is neither as Python shows it."""
    if isinstance(result, str):
        return result
    if isinstance(result, bytes | bytearray | memoryview):
        return f"[{len(result):,} bytes that are no text]"
    try:
        return msgspec.json.encode(result, enc_hook=_plain).decode()
    except (TypeError, ValueError, NotImplementedError, RecursionError):
        return str(result)


def _plain(value: Any) -> Any:
    """What JSON has no word for, by the ways it may have of saying itself more plainly."""
    for way, said in (("model_dump", {"mode": "json"}), ("tolist", {}), ("isoformat", {})):
        method = getattr(value, way, None)
        if callable(method):
            return method(**said)
    return str(value)


def _is_async(function: Callable[..., Any]) -> bool:
    whole = inspect.unwrap(function)
    return inspect.iscoroutinefunction(whole) or inspect.iscoroutinefunction(getattr(whole, "__call__", None))  # noqa: B004
