"""A todo, and what may be asked of a list of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum

import msgspec
from msgspec import UNSET, UnsetType

from headgate.errors import BadRequest, NotFound

MAX_TITLE = 1000
MAX_TAGS = 50
MAX_TAG = 100
MAX_CHILDREN = 1000
"""Characters and numbers that are far beyond what a person writes, and keep a todo to some kilobytes."""

MAX_WEIGHT = 2**31 - 1
"""What an integer of GraphQL holds."""


class BadTodo(BadRequest):
    """Something that a todo cannot be."""

    code = "invalid_todo"


class NoTodo(NotFound):
    """There is none with that id in that list."""

    code = "todo_not_found"

    def __init__(self, id: int) -> None:
        super().__init__(f"Todo with id {id} not found")


class Todo(msgspec.Struct, frozen=True):
    """Something to be done."""

    id: int
    title: str
    completed: bool
    created_at: datetime
    due_date: datetime | None
    weight: int
    parent_id: int | None
    tags: tuple[str, ...]
    children: tuple[int, ...] = ()
    """The ids of those that have it as their parent."""


class NewTodo(msgspec.Struct, frozen=True, kw_only=True):
    """What a todo begins as."""

    title: str
    completed: bool = False
    due_date: datetime | None = None
    weight: int = 1
    parent_id: int | None = None
    children: Sequence[int] = ()
    tags: Sequence[str] = ()


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different about a todo; what is not set stays."""

    title: str | UnsetType = UNSET
    completed: bool | UnsetType = UNSET
    due_date: datetime | UnsetType | None = UNSET
    weight: int | UnsetType = UNSET
    parent_id: int | UnsetType | None = UNSET
    children: Sequence[int] | UnsetType = UNSET
    tags: Sequence[str] | UnsetType = UNSET


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which todos are meant: those that are all of this."""

    completed: bool | None = None
    search: str | None = None
    """Part of the title, in whatever case."""
    tag: str | None = None
    parent_id: int | UnsetType | None = UNSET
    """None for those without a parent."""
    due_before: datetime | None = None
    due_after: datetime | None = None


class Order(Enum):
    """What a list is sorted by."""

    ID = "id"
    TITLE = "title"
    CREATED_AT = "created_at"
    DUE_DATE = "due_date"
    WEIGHT = "weight"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a list is wanted, and in which order."""

    order: Order = Order.ID
    descending: bool = False
    limit: int | None = None
    offset: int = 0


def checked_title(title: str) -> str:
    """A title without what surrounds it. Raises BadTodo."""
    title = title.strip()
    if not title:
        raise BadTodo("A todo needs a title", param="title")
    if len(title) > MAX_TITLE:
        raise BadTodo(f"A title has at most {MAX_TITLE} characters", param="title")
    return checked_text(title, "title")


def checked_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Tags, each once. Raises BadTodo."""
    kept = tuple(dict.fromkeys(tag.strip() for tag in tags))
    if len(kept) > MAX_TAGS:
        raise BadTodo(f"A todo has at most {MAX_TAGS} tags", param="tags")
    for tag in kept:
        if not 0 < len(tag) <= MAX_TAG or "\n" in tag:
            raise BadTodo(f"A tag is one line of 1 to {MAX_TAG} characters", param="tags")
        checked_text(tag, "tags")
    return kept


def checked_weight(weight: int) -> int:
    """A weight that every database can hold. Raises BadTodo."""
    if not -MAX_WEIGHT <= weight <= MAX_WEIGHT:
        raise BadTodo(f"A weight is a number from -{MAX_WEIGHT} to {MAX_WEIGHT}", param="weight")
    return weight


def checked_children(children: Sequence[int]) -> tuple[int, ...]:
    """Ids of children, each once. Raises BadTodo."""
    kept = tuple(dict.fromkeys(children))
    if len(kept) > MAX_CHILDREN:
        raise BadTodo(f"A todo has at most {MAX_CHILDREN} children", param="children")
    return kept


def checked_moment(moment: datetime | None) -> datetime | None:
    """A point in time, in UTC; one without a zone is in it already. Raises BadTodo."""
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise BadTodo("A date is one of the years from 1 to 9999", param="due_date") from None


def checked_search(text: str, field: str) -> str:
    """What is looked for, no longer than what it may be found in. Raises BadTodo."""
    if len(text) > MAX_TITLE:
        raise BadTodo(f"{field} has at most {MAX_TITLE} characters", param=field)
    return checked_text(text, field)


def checked_text(text: str, field: str) -> str:
    """Text that every database can hold. Raises BadTodo."""
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadTodo(f"{field} has characters that are none", param=field)
    return text
