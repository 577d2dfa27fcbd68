"""How a function says in its own module that models may call it, and on what terms."""

from collections.abc import Callable
from typing import Any, TypeVar, overload

import msgspec

MARK = "__headgate_function__"

F = TypeVar("F", bound=Callable[..., Any])


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The terms; None and empty mean: as the function itself has it, or as all have it."""

    name: str = ""
    description: str = ""
    timeout: float | None = None
    max_parallel: int | None = None
    repeatable: bool = False


@overload
def function(marked: F, /) -> F: ...


@overload
def function(
    *,
    name: str = "",
    description: str = "",
    timeout: float | None = None,
    max_parallel: int | None = None,
    repeatable: bool = False,
) -> Callable[[F], F]: ...


def function(
    marked: F | None = None,
    /,
    *,
    name: str = "",
    description: str = "",
    timeout: float | None = None,
    max_parallel: int | None = None,
    repeatable: bool = False,
) -> F | Callable[[F], F]:
    """
    Mark a function that models may call: `@function`, or `@function(timeout=5, ...)`.

    A module with marks offers those that have one, and nothing else. `repeatable` says that executing the same call
    twice does no more than executing it once.
    """
    mark = Mark(name=name, description=description, timeout=timeout, max_parallel=max_parallel, repeatable=repeatable)

    def put(it: F) -> F:
        setattr(it, MARK, mark)
        return it

    return put if marked is None else put(marked)


def mark_of(it: object) -> Mark | None:
    """The mark it has, if it has one."""
    mark = getattr(it, MARK, None)
    return mark if isinstance(mark, Mark) else None
