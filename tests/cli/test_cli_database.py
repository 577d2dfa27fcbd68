"""`headgate db`: the database of a configuration, looked at and migrated."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest

from headgate.db.revisions import NEWEST, REVISIONS, VERSIONS
from tests.cli.command import Done, finish, start

pytestmark = pytest.mark.slow


def db(folder: Path, *arguments: str, config: str = "", before: str = "") -> Done:
    """Run it in a folder."""
    (folder / "headgate.toml").write_text(config)

    async def work() -> Done:
        return await finish(await start("db", *arguments, cwd=folder, before=before))

    return asyncio.run(work())


def test_a_database_is_made_and_migrated_and_says_where_it_is(tmp_path: Path) -> None:
    assert db(tmp_path, "current") == Done(0, f"headgate-todos.db is at nothing; the newest is {NEWEST}.\n", "")
    assert not (tmp_path / "headgate-todos.db").exists(), "whoever looks makes nothing"
    assert db(tmp_path, "upgrade", "0001") == Done(0, "headgate-todos.db went from nothing to 0001.\n", "")
    assert db(tmp_path, "upgrade") == Done(0, f"headgate-todos.db went from 0001 to {NEWEST}.\n", "")
    assert db(tmp_path, "current") == Done(0, f"headgate-todos.db is at {NEWEST}, the newest.\n", "")
    listed = db(tmp_path, "history").out.splitlines()
    assert [line.split()[0] for line in listed[1:-1]] == list(REVISIONS[:-1])
    assert listed[-1].split()[:2] == ["*", NEWEST]


def test_the_configuration_says_which_database_it_is(tmp_path: Path) -> None:
    config = '[database]\nurl = "sqlite:///new/folder/todos.db"\n'
    assert db(tmp_path, "upgrade", config=config).out == f"new/folder/todos.db went from nothing to {NEWEST}.\n"
    connection = sqlite3.connect(tmp_path / "new" / "folder" / "todos.db")
    assert connection.execute("SELECT count(*) FROM todos").fetchone() == (0,)
    connection.close()


def test_a_migration_is_written_from_what_the_models_have_more(tmp_path: Path) -> None:
    """The program's own migrations are not touched: it works on a copy of them."""
    versions = tmp_path / "migrations" / "versions"
    shutil.copytree(VERSIONS.parent, versions.parent)
    before = f"""
from pathlib import Path
from headgate.db import migrations
migrations.FOLDER = Path({str(versions.parent)!r})
from sqlalchemy import Text
from sqlalchemy.orm import mapped_column
from headgate.todos.model import TodoRow
TodoRow.colour = mapped_column(Text)
"""
    db(tmp_path, "upgrade")
    written = db(tmp_path, "revision", "Colours", before=before)
    file = versions / "0004_colours.py"
    assert written == Done(0, f"{file}\n", "")
    text = file.read_text()
    assert "add_column(sa.Column('colour', sa.Text(), nullable=True))" in text
    compile(text, str(file), "exec")


@pytest.mark.parametrize(
    ("arguments", "config", "code", "said"),
    [
        (["upgrade", "0815"], "", 1, "There is no revision 0815"),
        (["current"], '[store]\npath = "memory"\n', 1, "The database is in memory"),
        (["current"], '[database]\nurl = "nonsense"\n', 2, "must be a database's URL"),
        (["current"], '[database]\nurl = "postgresql://me:secret@h/x"\n', 1, "psycopg"),
        (["current", "0001"], "", 2, "`current` needs nothing else"),
        (["revision"], "", 2, "`revision` needs a text"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, arguments: list[str], config: str, code: int, said: str) -> None:
    done = db(tmp_path, *arguments, config=config)
    assert done.code == code
    assert said in " ".join(done.err.split()).replace(" │ │ ", " ")
    assert "secret" not in done.err
    assert "Traceback" not in done.err
