"""The server's database and the todos in it: the sections [database] and [todos]."""

from typing import Annotated, Literal

import msgspec

from headgate.config import kinds
from headgate.config.secret import Secret


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """Where what applications keep is kept."""

    url: Annotated[
        Secret | None,
        kinds.DATABASE,
        "Where the todos are; by default a file of SQLite's beside the store's, and in memory where that is.",
    ] = None


class Todos(msgspec.Struct, frozen=True, kw_only=True):
    """Whose todos are whose."""

    shared: Annotated[
        Literal["no", "keys", "everybody"],
        kinds.one_of("no", "keys", "everybody"),
        "Who has the same todos: nobody; all who have a key; or everybody, and then /graphql needs no key.",
    ] = "no"
    max: Annotated[int, kinds.whole(1, 1_000_000), "How many todos each list may have."] = 10_000
