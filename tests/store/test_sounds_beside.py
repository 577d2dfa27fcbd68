"""Sounds in files beside the database: there before anything refers to them, gone when nothing does."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from headgate.errors import Fenced, StoreError
from headgate.events import AnyEvent, Audio, Failed
from headgate.store.base import Segment
from headgate.store.sqlite import SqliteStore, leavings, records, soundfiles
from headgate.store.sqlite import sounds as module
from headgate.store.sqlite.holder import Holder
from headgate.store.sqlite.soundfiles import SoundFiles, Stretch
from tests.store import contract
from tests.store.test_sounds import LOG, SOUND, bytes_on_disk, head, nothing, on_disk, play, rows, segments


def test_words_alone_make_none(tmp_path: Path) -> None:
    async def act(store: SqliteStore) -> None:
        await store.append([contract.whole(contract.head(), contract.EVENTS)])

    play(tmp_path, act)
    assert not (tmp_path / "runs.db-sounds").exists()


@pytest.mark.parametrize("sync", ["full", "normal"])
def test_sounds_are_on_the_disk_before_anything_refers_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sync: str
) -> None:
    done: list[str] = []
    writev, fdatasync = os.pwritev, os.fdatasync

    def write(fd: int, pieces: Sequence[bytes], at: int) -> int:
        done.append("write")
        return writev(fd, pieces, at)

    def flush(fd: int) -> None:
        done.append("sync")
        fdatasync(fd)

    def trace(statement: str) -> None:
        if statement.startswith("INSERT INTO journal"):
            done.append("keep")

    monkeypatch.setattr(os, "pwritev", write)
    monkeypatch.setattr(os, "fdatasync", flush)

    async def main() -> None:
        store = SqliteStore(tmp_path / "runs.db", sync=sync)
        await store.open()
        store._writer.connection.set_trace_callback(trace)
        of = head()
        for segment in segments(of, 4, 6)[:2]:
            await store.append([segment])
        await store.close()

    asyncio.run(main())
    assert done == ["write", "sync", "keep"] * 2 if sync == "full" else ["write", "keep"] * 2


@pytest.mark.parametrize("harm", ["lost", "short"])
def test_a_lost_file_fails_its_runs_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One that was at work ends where its sound does."""
    monkeypatch.setattr(soundfiles, "FILE_SIZE", 1)
    over, at_work, other = head(), head(), head()

    async def act(store: SqliteStore) -> None:
        await store.append([contract.whole(other, LOG)])
        await store.append([contract.whole(over, LOG)])
        await store.append([Segment(at_work.run, 0, LOG[:4], at_work)])
        await store.append([Segment(at_work.run, 4, LOG[4:6])])

    play(tmp_path, act)
    _, second, _, fourth = on_disk(tmp_path)
    for path in (second, fourth):
        path.unlink() if harm == "lost" else os.truncate(path, 1)

    async def again() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        (orphan,) = await store.open()
        assert orphan.events == LOG[:4]
        with pytest.raises(StoreError, match="sound of this run is lost") as refused:
            await store.get(over.run, "alice")
        assert (refused.value.code, refused.value.status) == ("sound_lost", 500)
        broken = [*LOG[:4], Failed("producer_lost", "lost")]
        await store.append([Segment(at_work.run, 4, broken[4:], None, contract.end(at_work, broken))])
        for of, log in ((other, LOG), (at_work, broken)):
            record = await store.get(of.run, "alice")
            assert record is not None
            assert record.events == log
        assert len(await store.recent("alice", limit=10)) == 3
        assert await store.delete(over.run, "alice")
        await store.close()

    asyncio.run(again())
    assert "only 4 of 6 events are left" in caplog.text


def test_what_is_forgotten_gives_its_room_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file when nobody needs it any more, and before that a hole in it."""
    monkeypatch.setattr(soundfiles, "FILE_SIZE", 2 * sum(map(len, SOUND)))
    heads = [head() for _ in range(5)]

    async def act(store: SqliteStore) -> None:
        for of in heads:
            await store.append([contract.whole(of, LOG, 12.5 if of is heads[1] else None)])
        before = (await store.room()).used
        assert await store.delete(heads[0].run, "alice")
        assert await store.expire(1000.0, 100.0) == 1
        assert await store.delete(heads[2].run, "alice")
        while len(on_disk(tmp_path)) > 2 or rows(tmp_path, "SELECT run FROM sound_leavings"):
            await asyncio.sleep(0.01)
        assert (await store.room()).used < before - 2 * sum(map(len, SOUND))
        record = await store.get(heads[3].run, "alice")
        assert record is not None
        assert record.events == LOG

    play(tmp_path, act)
    kept = b"".join(event.data for event in LOG if isinstance(event, Audio))
    assert bytes_on_disk(tmp_path).replace(b"\x00" * len(kept), b"") == kept + kept


def test_many_that_are_forgotten_together_are_erased_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leavings, "AT_ONCE", 2)

    async def act(store: SqliteStore) -> None:
        await store.append([contract.whole(head(), LOG, 12.5) for _ in range(5)])
        await store.append([contract.whole(head(), LOG)])
        assert await store.expire(1000.0, 100.0) == 5
        while rows(tmp_path, "SELECT run FROM sound_leavings"):
            await asyncio.sleep(0.01)

    play(tmp_path, act)
    assert bytes_on_disk(tmp_path).count(SOUND[5]) == 1


@pytest.mark.parametrize("is_alone", [True, False], ids=["file", "hole"])
def test_what_a_crash_kept_from_being_erased_goes_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_alone: bool
) -> None:
    gone, kept = head(), head()

    async def crash(store: SqliteStore) -> None:
        if not is_alone:
            await store.append([contract.whole(kept, LOG)])
        await store.append([contract.whole(gone, LOG)])
        assert await store.delete(gone.run, "alice")

    with monkeypatch.context() as patch:
        patch.setattr(leavings.Leavings, "_sweep", lambda leavings, connection: None)
        play(tmp_path, crash)
    assert bytes_on_disk(tmp_path).count(SOUND[5]) == 2 - is_alone
    play(tmp_path, nothing)
    assert bytes_on_disk(tmp_path).count(SOUND[5]) == 1 - is_alone
    assert rows(tmp_path, "SELECT * FROM sound_leavings") == []


@contextmanager
def refusing(store: SqliteStore) -> Iterator[None]:
    """Transactions fail, after sounds were written."""

    def refuse(*given: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store._writer, "insert", refuse)
        patch.setattr(store._writer, "transaction", refuse)
        yield


def test_what_is_tried_again_is_written_once(tmp_path: Path) -> None:
    of = head()
    first, second = segments(of, 5)

    async def act(store: SqliteStore) -> None:
        for segment in (first, second):
            batch = [segment]
            for _ in range(3):
                with refusing(store), pytest.raises(StoreError, match="disk is full"):
                    await store.append(batch)
            await store.append(batch)
        record = await store.get(of.run, "alice")
        assert record is not None
        assert record.events == LOG

    play(tmp_path, act)
    assert len(bytes_on_disk(tmp_path)) == sum(len(event.data) for event in LOG if isinstance(event, Audio))


@pytest.mark.parametrize("goes_on", [True, False])
def test_what_was_written_for_nothing_is_erased(tmp_path: Path, goes_on: bool) -> None:
    """When the next commit has succeeded; or by the next owner."""
    kept, refused, other = head(), head(), head()

    async def act(store: SqliteStore) -> None:
        await store.append([contract.whole(kept, LOG)])
        with refusing(store), pytest.raises(StoreError):
            await store.append([contract.whole(refused, LOG)])
        if goes_on:
            await store.append([contract.whole(other, LOG)])

    play(tmp_path, act)
    assert bytes_on_disk(tmp_path).count(SOUND[5]) == 2
    play(tmp_path, nothing)
    assert bytes_on_disk(tmp_path).count(SOUND[5]) == 1 + goes_on
    assert rows(tmp_path, "SELECT * FROM sound_files") == []

    async def look(store: SqliteStore) -> None:
        for of in (kept, other) if goes_on else (kept,):
            record = await store.get(of.run, "alice")
            assert record is not None
            assert record.events == LOG

    play(tmp_path, look)


def test_what_was_written_for_nothing_is_found_in_a_file_that_was_full_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soundfiles, "FILE_SIZE", sum(map(len, SOUND)) + 100)
    kept, refused, other = head(), head(), head()

    async def crash(store: SqliteStore) -> None:
        await store.append([contract.whole(kept, LOG)])
        with refusing(store), pytest.raises(StoreError):
            await store.append([contract.whole(refused, LOG)])
        await store.append([contract.whole(other, LOG)])

    with monkeypatch.context() as patch:
        patch.setattr(SoundFiles, "erase", lambda files, stretches: None)
        play(tmp_path, crash)
    assert [path.read_bytes().count(SOUND[5]) for path in on_disk(tmp_path)] == [2, 1]
    play(tmp_path, nothing)
    assert [path.read_bytes().count(SOUND[5]) for path in on_disk(tmp_path)] == [1, 1]


def test_a_file_that_nothing_refers_to_yet_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep comes between what is written and its transaction."""
    of = head()
    write = SoundFiles.write

    async def act(store: SqliteStore) -> None:
        def swept(files: SoundFiles, pieces: Sequence[bytes]) -> Stretch:
            written = write(files, pieces)
            store._leavings._sweep(store._writer.connection)
            return written

        monkeypatch.setattr(SoundFiles, "write", swept)
        for segment in segments(of, 4, 6):
            await store.append([segment])
        record = await store.get(of.run, "alice")
        assert record is not None
        assert record.events == LOG

    play(tmp_path, act)


def test_what_is_behind_the_last_commit_of_a_run_at_work_goes_and_the_run_goes_on(tmp_path: Path) -> None:
    of = head()

    async def crash(store: SqliteStore) -> None:
        await store.append([Segment(of.run, 0, LOG[:4], of)])
        store._sounds.write([b"never referred to"])

    play(tmp_path, crash)

    async def again() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        (orphan,) = await store.open()
        assert orphan.events == LOG[:4]
        await store.append([Segment(of.run, 4, LOG[4:], None, contract.end(of, LOG))])
        record = await store.get(of.run, "alice")
        assert record is not None
        assert record.events == LOG
        await store.close()

    asyncio.run(again())
    assert b"never" not in bytes_on_disk(tmp_path)


def test_an_owner_that_was_taken_over_writes_where_nobody_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even when the lock failed; what it wrote too late is nothing to anybody."""
    monkeypatch.setattr(Holder, "take", lambda holder: None)
    before, late, after = head(), head(), head()

    async def main() -> None:
        former, latter = SqliteStore(tmp_path / "runs.db"), SqliteStore(tmp_path / "runs.db")
        await former.open()
        await former.append([contract.whole(before, LOG)])
        await latter.open()
        await latter.append([contract.whole(after, LOG)])
        with pytest.raises(Fenced):
            await former.append([contract.whole(late, LOG)])
        await latter.append([contract.whole(head(), LOG)])
        for store in (former, latter):
            for of in (before, after):
                record = await store.get(of.run, "alice")
                assert record is not None
                assert record.events == LOG
        await former.close()
        await latter.close()

    asyncio.run(main())
    assert [path.read_bytes().count(SOUND[5]) for path in on_disk(tmp_path)] == [2, 2]

    async def again(store: SqliteStore) -> None:
        assert await store.get(late.run, "alice") is None
        for of in (before, after):
            assert await store.delete(of.run, "alice")

    play(tmp_path, again)
    assert [path.read_bytes().count(SOUND[5]) for path in on_disk(tmp_path)] == [1]


def test_files_of_another_database_are_left_alone(tmp_path: Path) -> None:
    """One that was in its place before, and will be there again."""

    async def act(store: SqliteStore) -> None:
        await store.append([contract.whole(head(), LOG)])

    play(tmp_path, act)
    moved = {
        path: path.rename(path.with_name(f"kept-{path.name}")) for path in tmp_path.glob("runs.db") if path.is_file()
    }
    for _ in range(3):
        play(tmp_path, act)
    assert bytes_on_disk(tmp_path).count(SOUND[5]) == 4
    for path, kept in moved.items():
        kept.rename(path)

    async def look(store: SqliteStore) -> None:
        (summary,) = await store.recent("alice", limit=10)
        record = await store.get(summary.run, "alice")
        assert record is not None
        assert record.events == LOG

    play(tmp_path, look)


def test_a_run_that_is_forgotten_while_it_is_read_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of being read as silence."""
    of = head()
    put_back = module.put_back

    def slowly(connection: sqlite3.Connection, files: SoundFiles, run: str, events: list[AnyEvent]) -> list[AnyEvent]:
        with sqlite3.connect(tmp_path / "runs.db") as other:
            records.delete(other, run, "alice")
        other.close()
        return list(put_back(connection, files, run, events))

    async def act(store: SqliteStore) -> None:
        await store.append([contract.whole(of, LOG)])
        monkeypatch.setattr(module, "put_back", slowly)
        assert await store.get(of.run, "alice") is None

    play(tmp_path, act)
