"""Finds the Python functions that the configuration names."""

import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from headgate.errors import HeadgateError
from headgate.tools.marks import mark_of
from headgate.tools.python.function import PythonFunction
from headgate.tools.python.threads import Threads

GROUP = "headgate.functions"
"""The entry points that installed packages offer functions by."""

EVERY = "*"
"""Names all of them."""


class CannotLoad(HeadgateError):
    """What is configured cannot be loaded; its message has a sentence for everything that is wrong."""

    code = "bad_configuration"


def load_functions(
    modules: Sequence[str], names: Sequence[str], folders: Iterable[str], threads: Threads
) -> list[PythonFunction]:
    """The functions of modules, or parts of them, and of entry points; raises CannotLoad."""
    for folder in folders:
        # At the end: a file beside the configuration must not be taken for a module of anybody else's.
        if folder not in sys.path:
            sys.path.append(folder)
    found: dict[str, PythonFunction] = {}
    problems: list[str] = []
    for label, callables in _all(modules, names, problems):
        for name, each in callables:
            try:
                function = PythonFunction(each, threads)
            except ValueError as error:
                problems.append(f"The function `{name}` of `{label}` cannot be offered: {error}.")
                continue
            # Named twice, as by its module and by itself, it is still the same one.
            if not found.setdefault(function.name, function).is_of(each):
                problems.append(f"There are two functions called `{function.name}`; one of them is in `{label}`.")
    if problems:
        raise CannotLoad("\n".join(problems))
    return list(found.values())


def _all(
    modules: Sequence[str], names: Sequence[str], problems: list[str]
) -> Iterator[tuple[str, list[tuple[str, Callable[..., Any]]]]]:
    for label, load in [*((module, _from_path(module)) for module in modules), *_entry_points(names, problems)]:
        try:
            callables = list(_callables(load()))
        except (Exception, SystemExit) as error:
            problems.append(f"`{label}` cannot be loaded: {type(error).__name__}: {error}.")
            continue
        if not callables:
            problems.append(f"`{label}` has no functions.")
        yield label, callables


def _from_path(path: str) -> Callable[[], object]:
    def load() -> object:
        module, _, inside = path.partition(":")
        found: object = importlib.import_module(module)
        for part in inside.split(".") if inside else ():
            found = getattr(found, part)
        return found

    return load


def _entry_points(names: Sequence[str], problems: list[str]) -> Iterator[tuple[str, Callable[[], object]]]:
    if not names:
        return
    known: dict[str, EntryPoint] = {point.name: point for point in entry_points(group=GROUP)}
    for name in known if EVERY in names else names:
        if name in known:
            yield name, known[name].load
        else:
            offered = ", ".join(f"`{each}`" for each in known) or "none"
            problems.append(f"No installed package has an entry point `{name}` in {GROUP}; there are: {offered}.")


def _callables(found: object) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Those of a module, or of a list; or itself."""
    if isinstance(found, ModuleType):
        yield from _of_module(found)
    elif isinstance(found, list | tuple):
        for each in found:
            yield from _callables(each)
    elif callable(found):
        yield getattr(found, "__name__", type(found).__name__), found
    else:
        raise TypeError("it is no function")


def _of_module(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Those that are marked; where none is, all that are public and written there."""
    own = {name: value for name, value in vars(module).items() if not isinstance(value, ModuleType)}
    if any(mark_of(value) for value in own.values()):
        yield from ((name, value) for name, value in own.items() if mark_of(value))
        return
    public = getattr(module, "__all__", None) or [name for name in own if not name.startswith("_")]
    for name in public:
        value = own.get(name)
        if inspect.isfunction(value) and value.__module__ == module.__name__:
            yield name, value
