"""The functions there are, by name, and who may use them; whatever happens when one is called is an Outcome."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Protocol

from headgate.metrics import Meters
from headgate.tools.base import Context, Function, Outcome, ToolError
from headgate.tools.checking import Checker
from headgate.tools.executing import Turns, execute
from headgate.tools.limits import Limits
from headgate.tools.names import is_pattern
from headgate.tools.results import Discretion, told

_logger = logging.getLogger(__name__)


class Source(Protocol):
    """Where functions come from that may come and go while the server runs."""

    @property
    def name(self) -> str:
        """What people call it."""

    def open(self, toolbox: "Toolbox") -> None:
        """Begin; from now on it puts its functions into the toolbox."""

    async def prepare(self, names: Collection[str] | None) -> None:
        """Wait for those of the names and patterns that may yet come from here, for a moment; None is all of them."""

    async def close(self) -> None:
        """End."""


class _Entry:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.checker = Checker(function.schema)
        self.turns = None if function.max_parallel is None else asyncio.Semaphore(function.max_parallel)


class Toolbox:
    """
    All functions, and the limits that they are executed within.

    `allowed` holds, by owner, the patterns of the names that may be used; who is not in it may use all.
    """

    def __init__(
        self,
        functions: Iterable[Function] = (),
        limits: Limits | None = None,
        *,
        sources: Sequence[Source] = (),
        allowed: Mapping[str, Sequence[str]] | None = None,
        secrets: Iterable[str] = (),
        meters: Meters | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.discretion = Discretion(secrets)
        self._sources = sources
        self._allowed = allowed or {}
        self._meters = meters
        self._turns = asyncio.Semaphore(self.limits.max_parallel)
        self._by_source: dict[str, Sequence[Function]] = {}
        self._entries: dict[str, _Entry] = {}
        self.put("", functions)

    def open(self) -> None:
        """Have the sources begin; returns at once."""
        for source in self._sources:
            source.open(self)

    async def close(self) -> None:
        """Have the sources end."""
        await asyncio.gather(*(source.close() for source in self._sources))

    def put(self, source: str, functions: Iterable[Function]) -> None:
        """From now on these are what comes from that source. A name that is taken stays with who has it."""
        self._by_source[source] = list(functions)
        entries: dict[str, _Entry] = {}
        for function in (function for put in self._by_source.values() for function in put):
            if function.name in entries:
                holder = entries[function.name].function.source
                _logger.warning("The function %s of %s is left out: %s has one.", function.name, source, holder)
                continue
            known = self._entries.get(function.name)
            entries[function.name] = known if known and known.function is function else _Entry(function)
        self._entries = entries

    def find(self, name: str, owner: str) -> Function | None:
        """The function of that name, if there is one that this owner may use."""
        entry = self._entries.get(name)
        return entry.function if entry is not None and self._may_use(owner, name) else None

    def functions(self, owner: str) -> Sequence[Function]:
        """All that this owner may use."""
        return [entry.function for name, entry in self._entries.items() if self._may_use(owner, name)]

    def names(self, owner: str) -> Sequence[str]:
        """What they are called."""
        return [function.name for function in self.functions(owner)]

    def matching(self, patterns: Iterable[str], owner: str) -> Sequence[str]:
        """The names of those that this owner may use, of names and patterns like `files_*`."""
        found = (name for pattern in patterns for name in self._named(pattern))
        return [name for name in dict.fromkeys(found) if self._may_use(owner, name)]

    def _named(self, pattern: str) -> Sequence[str]:
        if pattern in self._entries:
            return (pattern,)
        return [name for name in self._entries if fnmatchcase(name, pattern)] if is_pattern(pattern) else ()

    async def prepare(self, names: Collection[str] | None) -> None:
        """Wait, for a moment, for those of the names and patterns that may yet come, or for all."""
        missing = None if names is None else [name for name in names if name not in self._entries]
        if self._sources and (missing is None or missing):
            await asyncio.gather(*(source.prepare(missing) for source in self._sources))

    async def call(self, name: str, arguments: str, context: Context) -> Outcome:
        """
        Execute one, with arguments as the model wrote them.

        Raises nothing, whatever the function does or the arguments are: what went wrong is an Outcome that the model
        can read. Cancelling is passed on.
        """
        if self.find(name, context.owner) is None:
            return Outcome(f"There is no function '{name[:100]}'.", is_error=True)
        entry, turns = self._entries[name], Turns(self._turns)
        try:
            read = entry.checker.read(arguments)
            turns = Turns(self._turns, entry.turns)
            seconds = entry.function.timeout or self.limits.timeout
            result, is_error = await execute(entry.function, read, context, seconds, turns, self.discretion), False
        except ToolError as error:
            result, is_error = error.message, True
        except ValueError as error:
            _logger.error("The schema of the function %s is none: %s", name, error)
            result, is_error = "The function cannot be called: its parameters are described wrongly.", True
        if self._meters is not None:
            label = self._meters.function_names.of(name)
            self._meters.functions.of(label, "error" if is_error else "ok").observe(turns.took)
        return Outcome(told(result, self.limits.max_result, self.discretion), is_error, turns.took)

    def _may_use(self, owner: str, name: str) -> bool:
        patterns = self._allowed.get(owner)
        return patterns is None or any(fnmatchcase(name, pattern) for pattern in patterns)
