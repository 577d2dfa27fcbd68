"""What somebody wants of an assistant that keeps todos."""

from typing import Literal, NamedTuple, TypeAlias


class Add(NamedTuple):
    """A new todo."""

    title: str
    due: str | None = None


class Show(NamedTuple):
    """The todos, or those of them that are done, or open."""

    which: Literal["all", "open", "done"] = "all"


class Mark(NamedTuple):
    """A todo is done, or is not; None for what it was not."""

    what: str
    done: bool | None


class Drop(NamedTuple):
    """A todo is wanted no more."""

    what: str


class Change(NamedTuple):
    """A todo gets another title, or is due at another time."""

    what: str
    title: str | None = None
    due: str | None = None


class Use(NamedTuple):
    """Any tool, by its name, with what it is given, where that is said."""

    name: str
    arguments: str | None


class Help(NamedTuple):
    """To know what can be asked for."""


Want: TypeAlias = Add | Show | Mark | Drop | Change | Use | Help
