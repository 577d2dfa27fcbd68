"""The SQLite store: the contract, and what a file adds to it."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import msgspec
import pytest
from typing_extensions import override

from headgate.errors import Fenced, StoreError
from headgate.events import AnyEvent, Failed, Started, Text
from headgate.store.base import Member, Segment, Store, Summary
from headgate.store.sqlite import SqliteStore, records, schema
from headgate.store.sqlite import journal as module
from tests.store.contract import EVENTS, StoreContract, end, head, whole
from tests.store.streams_contract import StreamsContract


class TestSqliteStore(StoreContract, StreamsContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    @override
    def make(self) -> Store:
        return SqliteStore(self.folder / "runs.db")


def rows(path: Path, table: str) -> int:
    """How many rows a table has."""
    with sqlite3.connect(path) as connection:
        count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    connection.close()
    assert isinstance(count, int)
    return count


def test_runs_without_an_end_are_returned_to_the_next_owner(tmp_path: Path) -> None:
    """With every event that was appended, and without those that ended."""
    of, other = head(), head()

    async def first() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        await store.append([Segment(of.run, 0, [], of), Segment(other.run, 0, EVENTS[:1], other)])
        await store.append([Segment(of.run, 0, EVENTS[:2])])
        await store.append([Segment(other.run, 1, EVENTS[1:], None, end(other, EVENTS))])
        await store.append([Segment(of.run, 2, EVENTS[2:4])])
        await store.close()

    async def second() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        orphans = await store.open()
        assert [(orphan.head, orphan.events, orphan.ended) for orphan in orphans] == [(of, EVENTS[:4], None)]
        events: list[AnyEvent] = [*EVENTS[:4], Failed("producer_lost", "gone", 503)]
        await store.append([Segment(of.run, 4, events[4:], None, end(of, events))])
        await store.close()

    async def third() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        assert await store.open() == []
        record = await store.get(of.run, "alice")
        assert record is not None
        assert record.events[-1] == Failed("producer_lost", "gone", 503)
        await store.close()

    for play in (first, second, third):
        asyncio.run(play())


@pytest.mark.parametrize("is_deleted", [True, False], ids=["deleted", "expired"])
def test_a_forgotten_run_does_not_come_back_with_the_next_owner(tmp_path: Path, is_deleted: bool) -> None:
    """Although what it said may still be in the journal."""
    of = head()

    async def first() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        await store.append([Segment(of.run, 0, EVENTS[:2], of)])
        await store.append([Segment(of.run, 2, EVENTS[2:], None, end(of, EVENTS, 100.0))])
        assert await (store.delete(of.run, "alice") if is_deleted else store.expire(200.0, 10.0))
        await store.close()

    async def second() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        assert await store.open() == []
        assert await store.get(of.run, "alice") is None
        await store.close()

    asyncio.run(first())
    asyncio.run(second())


def test_a_second_owner_is_refused_by_name(tmp_path: Path) -> None:
    """The message says which process holds the store and what to do."""

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        with pytest.raises(StoreError, match=r"in use by another Headgate \(process \d+\)"):
            await SqliteStore(tmp_path / "runs.db").open()
        await store.append([whole(head(), EVENTS)])
        await store.close()
        again = SqliteStore(tmp_path / "runs.db")
        await again.open()
        await again.close()

    asyncio.run(main())


def test_an_owner_that_was_taken_over_can_write_nothing_more(tmp_path: Path) -> None:
    """Even if the lock failed: the epoch in the file is no longer its own."""

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        with sqlite3.connect(tmp_path / "runs.db") as usurper:
            usurper.execute("UPDATE owner SET epoch = epoch + 1")
        usurper.close()
        with pytest.raises(Fenced):
            await store.append([whole(head(), EVENTS)])
        await store.close()
        assert rows(tmp_path / "runs.db", "runs") == 0

    asyncio.run(main())


def test_a_run_within_one_commit_never_touches_the_journal(tmp_path: Path) -> None:
    """Short answers cost one row."""

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        await store.append([whole(head(), EVENTS)])
        await store.close()

    asyncio.run(main())
    assert (rows(tmp_path / "runs.db", "journal"), rows(tmp_path / "runs.db", "runs")) == (0, 1)


def test_journal_rows_are_dropped_when_nobody_needs_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal holds live runs only, give or take a few rows."""
    monkeypatch.setattr(module, "DROP_ROWS", 4)

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        for _ in range(50):
            of = head()
            await store.append([Segment(of.run, 0, EVENTS[:2], of)])
            await store.append([Segment(of.run, 2, EVENTS[2:], None, end(of, EVENTS))])
        await store.close()

    asyncio.run(main())
    assert rows(tmp_path / "runs.db", "journal") <= 6


def test_one_long_run_does_not_hold_the_rows_of_many_short_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old rows are rewritten for those that still need them, and nothing of those is lost."""
    monkeypatch.setattr(module, "DROP_ROWS", 4)
    monkeypatch.setattr(module, "REWRITE_ROWS", 8)
    monkeypatch.setattr(module, "REWRITE_BACKLOG", 16)
    long = head()
    said: list[AnyEvent] = [EVENTS[0]]

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        await store.append([Segment(long.run, 0, said[:1], long)])
        for number in range(200):
            short = head()
            piece = Text(f" {number}")
            await store.append([Segment(short.run, 0, EVENTS[:2], short), Segment(long.run, len(said), [piece])])
            await store.append([Segment(short.run, 2, EVENTS[2:], None, end(short, EVENTS))])
            said.append(piece)
        await store.close()

    asyncio.run(main())
    assert rows(tmp_path / "runs.db", "journal") < 60

    async def again() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        (orphan,) = await store.open()
        assert orphan.events == said
        await store.close()

    asyncio.run(again())


def test_a_batch_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    """A run that is there already refuses its second end, and takes the rest of the batch with it."""

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        of, innocent = head(), head()
        await store.append([whole(of, EVENTS)])
        with pytest.raises(StoreError):
            await store.append([whole(innocent, EVENTS), whole(of, EVENTS)])
        assert await store.get(innocent.run, "alice") is None
        await store.append([whole(innocent, EVENTS)])
        assert await store.get(innocent.run, "alice") is not None
        await store.close()

    asyncio.run(main())


def test_a_store_of_a_newer_headgate_is_left_alone(tmp_path: Path) -> None:
    """What we do not understand we must not write into."""
    with sqlite3.connect(tmp_path / "runs.db") as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreError, match="newer Headgate"):
        asyncio.run(SqliteStore(tmp_path / "runs.db").open())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """In the message, with the reason."""
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match=r"runs\.db cannot be opened"):
        asyncio.run(SqliteStore(tmp_path / "file" / "runs.db").open())


def test_its_files_are_their_owners_alone(tmp_path: Path) -> None:
    """Answers are private, also those that are in the file beside until they are moved."""

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        open_to_others = {file.name: file.stat().st_mode & 0o077 for file in tmp_path.iterdir()}
        assert open_to_others == dict.fromkeys(("runs.db", "runs.db-wal", "runs.db-shm", "runs.db.lock"), 0)
        await store.close()

    asyncio.run(main())


def test_an_append_is_no_failure_when_only_the_tidying_after_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was kept is kept: whoever asked would hand it over again, and it would be there twice."""
    monkeypatch.setattr(module, "REWRITE_ROWS", 2)
    monkeypatch.setattr(module, "REWRITE_BACKLOG", 4)
    tries: list[None] = []

    def fail(journal: module.Journal) -> None:
        tries.append(None)
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(module.Journal, "_rewrite", fail)
    of = head()

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        await store.append([Segment(of.run, 0, EVENTS[:1], of)])
        for number in range(10):
            await store.append([Segment(of.run, 1 + number, [Text(str(number))])])
        assert tries
        await store.close()
        again = SqliteStore(tmp_path / "runs.db")
        (orphan,) = await again.open()
        assert orphan.events == [EVENTS[0], *(Text(str(number)) for number in range(10))]
        await again.close()

    asyncio.run(main())


def test_a_segment_that_comes_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """Of a commit that failed nobody can say for certain that it left nothing."""
    of = head()

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        await store.append([Segment(of.run, 0, EVENTS[:2], of)])
        await store.append([Segment(of.run, 2, EVENTS[2:4])])
        await store.append([Segment(of.run, 2, EVENTS[2:3])])
        await store.close()
        again = SqliteStore(tmp_path / "runs.db")
        (orphan,) = await again.open()
        assert orphan.events == EVENTS[:3]
        await again.close()

    asyncio.run(main())


def test_whatever_goes_wrong_in_the_store_is_a_store_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever keeps runs must not die of it; the log says what it was."""
    huge = Started("openai", "gpt-x", "chatcmpl-1", 10**30)

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        of = head()
        with pytest.raises(StoreError, match="the log says why"):
            await store.append([Segment(of.run, 0, [huge], of)])
        await store.append([whole(of, EVENTS)])
        assert await store.get(of.run, "alice") is not None
        await store.close()

    asyncio.run(main())
    assert "OverflowError" in caplog.text


def test_records_that_are_owed_are_written_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for one finds it, in a list too; and none is written twice."""
    monkeypatch.setattr(module, "AT_ONCE", 100)

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        heads = [msgspec.structs.replace(head(), names=(f"name/{number}",)) for number in range(20)]
        await store.append([Segment(of.run, 0, EVENTS[:2], of) for of in heads])
        await store.append([Segment(of.run, 2, EVENTS[2:], None, end(of, EVENTS, 7.0)) for of in heads])
        for of in (heads[19], heads[10]):
            record = await store.get(of.run, "alice")
            assert record is not None
            assert (record.events, record.ended) == (EVENTS, 7.0)
        named = await store.named("name/15")
        assert named is not None
        assert named.head == heads[15]
        assert await store.delete(heads[18].run, "alice")
        assert len(await store.recent("alice", limit=100)) == 19
        await store.close()

    asyncio.run(main())
    assert rows(tmp_path / "runs.db", "runs") == 19


def test_large_requests_are_owed_as_long_logs_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 10_000)

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        large = [msgspec.structs.replace(head(), request=b"x" * 6000) for _ in range(3)]
        await store.append([Segment(of.run, 0, EVENTS[:1], of) for of in large])
        store._journal._will_settle = True  # Not yet.
        await store.append([Segment(of.run, 1, EVENTS[1:], None, end(of, EVENTS)) for of in large])
        assert (rows(tmp_path / "runs.db", "runs"), len(store._journal.owed)) == (1, 2)
        assert [await store.get(of.run, "alice") is not None for of in large] == [True] * 3
        await store.close()

    asyncio.run(main())


def test_records_that_are_owed_survive_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their runs are over, and no orphans; also when the journal was rewritten meanwhile."""
    monkeypatch.setattr(module, "AT_ONCE", 100)
    monkeypatch.setattr(module, "REWRITE_ROWS", 2)
    monkeypatch.setattr(module, "REWRITE_BACKLOG", 4)
    monkeypatch.setattr(module.Journal, "settle", lambda journal: None)
    heads, long = [head() for _ in range(10)], head()

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        await store.append([Segment(of.run, 0, EVENTS[:2], of) for of in heads])
        await store.append([Segment(of.run, 2, EVENTS[2:], None, end(of, EVENTS, 7.0)) for of in heads])
        await store.append([Segment(long.run, 0, EVENTS[:1], long)])
        for number in range(10):
            await store.append([Segment(long.run, 1 + number, [Text(str(number))])])
        await store.close()

    asyncio.run(main())
    assert rows(tmp_path / "runs.db", "runs") < 10
    monkeypatch.undo()

    async def again() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        (orphan,) = await store.open()
        assert orphan.head == long
        assert len(orphan.events) == 11
        for of in heads:
            record = await store.get(of.run, "alice")
            assert record is not None
            assert (record.head, record.events, record.ended) == (of, EVENTS, 7.0)
        await store.close()

    asyncio.run(again())


def test_a_settling_that_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the next commit, and nothing is lost meanwhile."""
    monkeypatch.setattr(module, "AT_ONCE", 100)
    insert = module._insert

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        heads = [head() for _ in range(5)]
        await store.append([Segment(of.run, 0, EVENTS[:2], of) for of in heads])

        def refuse(connection: sqlite3.Connection, records: list[object]) -> None:
            if records:
                connection.execute("INSERT INTO nowhere VALUES (?)")

        monkeypatch.setattr(module, "_insert", refuse)
        await store.append([Segment(of.run, 2, EVENTS[2:], None, end(of, EVENTS, 7.0)) for of in heads])
        with pytest.raises(StoreError):
            await store.get(heads[4].run, "alice")
        monkeypatch.setattr(module, "_insert", insert)
        await store.append([whole(head(), EVENTS)])
        while rows(tmp_path / "runs.db", "runs") < 6:
            await asyncio.sleep(0.01)
        await store.close()

    asyncio.run(main())


def test_the_secret_stays_the_same(tmp_path: Path) -> None:
    """Links that were made before a restart hold after it."""
    found = []

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        found.append(store.secret)
        await store.close()

    for _ in range(2):
        asyncio.run(main())
    assert found[0] == found[1]


@pytest.mark.parametrize("version", [1, 2])
def test_a_store_of_an_older_version_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    """Its runs are there, and can expire; what they cost nobody knows."""
    of = head()
    with sqlite3.connect(tmp_path / "runs.db") as old:
        old.executescript(FIRST_VERSION)
        columns = (of.run, "alice", 1.0, 2.0, "openai.chat", "default", "finished", "openai", "gpt-x", 3, 4)
        first_head = (of.run, "alice", 1.0, "openai.chat", "default", b"{}", True)
        values = (*columns, msgspec.msgpack.encode(first_head), msgspec.msgpack.encode(EVENTS))
        old.execute("INSERT INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", values)
        segment = [("run_old", 0, ("run_old", "alice", 1.0, "openai.chat", "default", b"{}", False), EVENTS[:2])]
        old.execute("INSERT INTO journal VALUES (1, ?)", (msgspec.msgpack.encode(segment),))
        if version == 2:
            old.executescript(SECOND_VERSION)
    old.close()

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        (orphan,) = await store.open()
        assert (orphan.head.run, orphan.events) == ("run_old", EVENTS[:2])
        record = await store.get(of.run, "alice")
        assert record is not None
        assert (record.events, record.head.keep, record.head.names) == (EVENTS, True, ())
        (summary,) = await store.recent("alice", limit=10)
        assert (summary.output_tokens, summary.cost, summary.estimated) == (4, None, None)
        await store.append([whole(head(), EVENTS, 1000.0)])
        assert await store.expire(500.0, 100.0) == 1
        await store.close()

    asyncio.run(main())


def test_who_belongs_to_a_channel_is_known_after_the_next_start(tmp_path: Path) -> None:
    """And a file that was written before there were channels gets room for them."""

    async def main(known: list[Member]) -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        assert await store.members() == known
        await store.add_members([Member("sales", "ann", "listen")])
        await store.close()

    asyncio.run(main([]))
    asyncio.run(main([Member("sales", "ann", "listen")]))
    with sqlite3.connect(tmp_path / "runs.db") as older:
        older.execute("DROP TABLE members")
    older.close()
    asyncio.run(main([]))


def test_a_crash_while_it_is_brought_up_to_date_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(tmp_path / "runs.db") as old:
        old.executescript(FIRST_VERSION)
    old.close()

    async def main(may: bool) -> None:
        store = SqliteStore(tmp_path / "runs.db")
        if not may:
            with pytest.raises(StoreError):
                await store.open()
            return
        assert await store.open() == []
        await store.append([whole(head(), EVENTS)])
        await store.close()

    with monkeypatch.context() as patch:
        patch.setattr(schema, "_AFTER", "SELECT gone(1);")
        asyncio.run(main(False))
    asyncio.run(main(True))


def test_a_long_list_does_not_hold_up_who_asks_for_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of, is_over = head(), threading.Event()

    def recent(*said: object) -> list[Summary]:
        is_over.wait(10.0)
        return []

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        await store.append([whole(of, EVENTS)])
        monkeypatch.setattr(records, "recent", recent)
        listing = asyncio.create_task(store.recent("alice", limit=1))
        await asyncio.sleep(0)
        assert await store.get(of.run, "alice") is not None
        assert not listing.done()
        is_over.set()
        assert await listing == []
        await store.close()

    asyncio.run(main())


def test_a_store_that_is_closed_refuses_everything(tmp_path: Path) -> None:
    """Nobody waits for what will never be done."""

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        await store.close()
        for late in (
            store.get("run_0", "alice"),
            store.delete("run_0", "alice"),
            store.append([whole(head(), EVENTS)]),
        ):
            with pytest.raises(StoreError) as refused:
                await asyncio.wait_for(late, 10.0)
            assert refused.value.code == "shutting_down"

    asyncio.run(main())


def test_large_runs_are_forgotten_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no commit has to wait for many, and the write-ahead log is taken in between."""
    monkeypatch.setattr(records, "EXPIRE_BYTES", 1)

    async def main() -> list[int]:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        await store.append([whole(head(), EVENTS, 100.0), whole(head(), EVENTS, 100.0)])
        steps = [await store.expire(150.0, 0.0) for _ in range(3)]
        await store.close()
        return steps

    assert asyncio.run(main()) == [1, 1, 0]


FIRST_VERSION = """
CREATE TABLE owner (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL);
CREATE TABLE room (filler BLOB);
CREATE TABLE journal (id INTEGER PRIMARY KEY, segments BLOB NOT NULL);
CREATE TABLE runs (
    id TEXT NOT NULL, owner TEXT NOT NULL, created REAL NOT NULL, ended REAL NOT NULL, format TEXT NOT NULL,
    asked TEXT NOT NULL, status TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, head BLOB NOT NULL, log BLOB NOT NULL
);
CREATE UNIQUE INDEX runs_owner ON runs (owner, id);
PRAGMA user_version = 1;
"""

SECOND_VERSION = """
ALTER TABLE runs ADD COLUMN expires REAL;
CREATE INDEX runs_expires ON runs (expires) WHERE expires IS NOT NULL;
PRAGMA user_version = 2;
"""
