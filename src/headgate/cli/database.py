"""`headgate db`: at which revision the server's database is, and how it gets to the newest one."""

from collections.abc import Callable
from pathlib import Path

from headgate.cli.check import complain_about
from headgate.cli.printing import print_table
from headgate.cli.screen import complain
from headgate.config import Config, ConfigError, load, read_environment
from headgate.db import DatabaseError, Place, place_of


def upgrade(path: Path | None, revision: str | None) -> int:
    """Migrate it; returns the exit code, as all of these do."""

    def work(place: Place) -> None:
        from headgate.db import migrations

        before, now = migrations.upgrade(place) if revision is None else migrations.upgrade(place, revision)
        print(
            f"{place.shown} is at {now}."
            if before == now
            else f"{place.shown} went from {before or 'nothing'} to {now}."
        )

    return _with_place(path, work)


def current(path: Path | None) -> int:
    """Say at which revision it is."""

    def work(place: Place) -> None:
        from headgate.db import migrations
        from headgate.db.revisions import NEWEST

        found = migrations.current(place)
        if found == NEWEST:
            print(f"{place.shown} is at {found}, the newest.")
        else:
            print(f"{place.shown} is at {found or 'nothing'}; the newest is {NEWEST}.")

    return _with_place(path, work)


def history(path: Path | None) -> int:
    """List all revisions, with a star at the one it is at."""

    def work(place: Place) -> None:
        from headgate.db import migrations

        found = migrations.current(place)
        steps = migrations.history()
        rows = [("*" if step.revision == found else "", step.revision, step.after or "", step.about) for step in steps]
        print_table([("", "REVISION", "AFTER", "WHAT"), *rows])

    return _with_place(path, work)


def revise(path: Path | None, about: str) -> int:
    """Write a migration of what the models have and the database has not."""

    def work(place: Place) -> None:
        from headgate.db import migrations
        from headgate.todos import models

        print(migrations.revise(place, about, models()))

    return _with_place(path, work)


def _with_place(path: Path | None, work: Callable[[Place], None]) -> int:
    try:
        place = _place(load(path, read_environment()))
        if place.in_memory:
            raise DatabaseError("The database is in memory, and made anew with every start; it has no revisions.")
        work(place)
    except ConfigError as error:
        complain_about(error)
        return 2
    except DatabaseError as error:
        complain(error.message)
        return 1
    return 0


def _place(config: Config) -> Place:
    url = None if config.database.url is None else config.database.url.reveal()
    return place_of(url, config.store.path)
