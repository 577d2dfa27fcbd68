"""
Migrations, by Alembic; importing this loads it.

They go one way, and all that are due happen in one transaction: whoever is interrupted, by an error, a power cut or
a signal, leaves the database as it was.
"""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Engine, MetaData
from sqlalchemy.exc import SQLAlchemyError

from headgate.db.connections import engine_of
from headgate.db.failures import DatabaseError, explained, unknown_revision
from headgate.db.place import Place
from headgate.db.revisions import NEWEST, REVISIONS, State, state_of

FOLDER = Path(__file__).parent


class Step(msgspec.Struct, frozen=True):
    """A migration."""

    revision: str
    after: str | None
    """The revision that it begins with."""
    about: str


def history() -> list[Step]:
    """All migrations, the first one first."""
    scripts = list(ScriptDirectory.from_config(_config()).walk_revisions())
    return [Step(script.revision, str(script.down_revision or "") or None, script.doc) for script in scripts[::-1]]


def current(place: Place) -> str | None:
    """The revision of a database; None of one without any. Raises DatabaseError."""
    if place.file is not None and not place.file.exists():
        return None
    with _engine(place) as engine:
        return _revision(engine)


def upgrade(place: Place, revision: str = NEWEST) -> tuple[str | None, str | None]:
    """Migrate forward to a revision, and say which it was before and is now. Raises DatabaseError."""
    if revision not in REVISIONS:
        raise DatabaseError(f"There is no revision {revision}; there are {', '.join(REVISIONS)}.")
    if place.file is not None and not place.is_uri:
        _make_file(place.file, place)
    with _engine(place) as engine:
        before = _revision(engine)
        if state_of(before) is State.AHEAD:
            raise unknown_revision(place, str(before))
        if before is None or before < revision:
            config = _config()
            config.attributes["engine"] = engine
            command.upgrade(config, revision)
        return before, _revision(engine)


def revise(place: Place, about: str, models: MetaData) -> Path:
    """Write a new migration, from what models say and the database does not. Raises DatabaseError."""
    with _engine(place) as engine:
        config = _config()
        config.attributes.update(engine=engine, models=models)
        made = command.revision(config, about, autogenerate=True, rev_id=f"{int(NEWEST) + 1:04}")
        assert made is not None
        assert not isinstance(made, list)
        return Path(made.path)


@contextmanager
def _engine(place: Place) -> Iterator[Engine]:
    try:
        engine = engine_of(place, keeps_keys=False)
        try:
            yield engine
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        raise explained(error, place) from None
    except CommandError as error:
        raise DatabaseError(f"{error}") from None


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config(cmd_opts=Namespace(quiet=True))
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def _make_file(file: Path, place: Place) -> None:
    """An empty one where there is none, which only its owner may read, like those that SQLite puts beside it."""
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(0o600)
    except OSError as error:
        raise DatabaseError(f"{place.label} cannot be made: {error.strerror}.") from None
