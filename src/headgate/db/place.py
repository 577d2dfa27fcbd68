"""Where a database is."""

import re
from pathlib import Path

import msgspec

MEMORY = "memory"
"""As a URL: a database that is forgotten at the end."""

THREADS = 4
"""How many may work with one at a time: reading takes a millisecond, and SQLite lets one write anyway."""

_PASSWORD = re.compile(r"(?<=://)([^/@:]*:).*@")
_SQLITE = re.compile(r"sqlite(?:\+\w+)?://(?:/(?P<file>[^?]*))?(?:\?.*)?")


class Place(msgspec.Struct, frozen=True):
    """A database by its SQLAlchemy URL, which may hold a password."""

    url: str

    @property
    def file(self) -> Path | None:
        """The file of one that is SQLite's; None for any other, and in memory."""
        found = _SQLITE.fullmatch(self.url)
        file = None if found is None else found["file"]
        return None if file in (None, "", ":memory:") else Path(file)

    @property
    def is_uri(self) -> bool:
        """Whether its file is named as SQLite's URIs name one, which is not the file's own name."""
        return self.file is not None and str(self.file).startswith("file:")

    @property
    def in_memory(self) -> bool:
        """Whether it is forgotten at the end."""
        return self.url == MEMORY or (self.is_sqlite and self.file is None)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite's, where one may write at a time."""
        return self.url == MEMORY or _SQLITE.fullmatch(self.url) is not None

    @property
    def label(self) -> str:
        """What clients are told of it: the name of its file at most."""
        return "The database" if self.file is None else f"The database {self.file.name}"

    @property
    def shown(self) -> str:
        """What whoever runs the server is told of it: the file, or the URL without its password."""
        if self.in_memory:
            return "in memory"
        return _PASSWORD.sub(r"\1***@", self.url) if self.file is None else str(self.file)


def place_of(url: str | None, store: str) -> Place:
    """The one that was configured, or else a file beside the store's; in memory where the store is."""
    if url is not None:
        return Place(url)
    if store == MEMORY:
        return Place(MEMORY)
    path = Path(store)
    return Place(f"sqlite:///{path.with_name(f'{path.stem}-todos{path.suffix}')}")
