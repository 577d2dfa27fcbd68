"""Sounds lie beside the logs that they belong to, written once, and come back in their places."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from headgate.events import AnyEvent, Attempt, Audio, Failed, Finished, Started, Usage
from headgate.formats.voices import SPEECH
from headgate.store.base import Head, Segment
from headgate.store.sqlite import SqliteStore
from headgate.store.sqlite import sounds as module
from tests.store import contract

SOUND = [bytes([number]) * (5000 + number) for number in range(6)]
LOG: list[AnyEvent] = [
    Attempt("up", 503, "overloaded", "full"),
    Started("up", "tts", "", 1, SPEECH),
    *map(Audio, SOUND),
    Audio(b"\x00\x00\x00\x09"),
    Usage(1, 2, 3),
    Finished("stop"),
]


def head(owner: str = "alice", created: float | None = None) -> Head:
    return msgspec.structs.replace(contract.head(owner, created), format=SPEECH)


def play(folder: Path, act: Callable[[SqliteStore], Awaitable[None]]) -> None:
    async def main() -> None:
        store = SqliteStore(folder / "runs.db")
        await store.open()
        await act(store)
        await store.close()

    asyncio.run(main())


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "runs.db")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


async def nothing(store: SqliteStore) -> None:
    """Only be there for a moment."""


def on_disk(folder: Path) -> list[Path]:
    """The files that there are."""
    return sorted((folder / "runs.db-sounds").iterdir()) if (folder / "runs.db-sounds").exists() else []


def bytes_on_disk(folder: Path) -> bytes:
    """What is in them."""
    return b"".join(path.read_bytes() for path in on_disk(folder))


def segments(of: Head, *cuts: int) -> list[Segment]:
    """The log in pieces that begin at these events."""
    pieces = list(zip((0, *cuts), (*cuts, len(LOG)), strict=True))
    return [
        Segment(
            of.run,
            first,
            LOG[first:upto],
            of if first == 0 else None,
            contract.end(of, LOG) if upto == len(LOG) else None,
        )
        for first, upto in pieces
    ]


@pytest.mark.parametrize("cuts", [(), (1,), (2, 5), (1, 2, 3, 4, 5, 6, 7, 8, 9, 10), (4, 10)])
def test_a_speech_is_read_back_as_it_was(tmp_path: Path, cuts: tuple[int, ...]) -> None:
    of, other = head(), contract.head()

    async def act(store: SqliteStore) -> None:
        for segment in segments(of, *cuts):
            await store.append([segment])
        await store.append([contract.whole(other, contract.EVENTS)])
        record = await store.get(of.run, "alice")
        assert record is not None
        assert record.events == LOG
        record = await store.get(other.run, "alice")
        assert record is not None
        assert record.events == contract.EVENTS

    play(tmp_path, act)

    async def again(store: SqliteStore) -> None:
        record = await store.get(of.run, "alice")
        assert record is not None
        assert record.events == LOG

    play(tmp_path, again)


def test_its_bytes_are_written_once_and_words_never_go_there(tmp_path: Path) -> None:
    of = head()

    async def act(store: SqliteStore) -> None:
        for segment in segments(of, 3, 6):
            await store.append([segment])
        await store.append([contract.whole(contract.head(), contract.EVENTS)])

    play(tmp_path, act)
    (file,) = (tmp_path / "runs.db-sounds").iterdir()
    assert file.read_bytes() == b"".join(event.data for event in LOG if isinstance(event, Audio))
    assert [run for (run,) in rows(tmp_path, "SELECT run FROM sound_uses")] == [of.run]
    ((log, journal),) = rows(
        tmp_path, f"SELECT length(log), (SELECT sum(length(segments)) FROM journal) FROM runs WHERE id = '{of.run}'"
    )
    assert isinstance(log, int)
    assert isinstance(journal, int)
    assert log < 500
    assert journal < 2000


def test_a_speech_that_was_left_behind_has_its_sound_and_ends_with_it(tmp_path: Path) -> None:
    of = head()
    left = LOG[:5]
    broken = [*left, Failed("producer_lost", "lost")]

    async def crash() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        await store.open()
        await store.append([Segment(of.run, 0, left[:3], of)])
        await store.append([Segment(of.run, 3, left[3:])])
        await store.close()

    asyncio.run(crash())

    async def recover() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        (record,) = await store.open()
        assert record.events == left
        await store.append([Segment(of.run, 5, broken[5:], None, contract.end(of, broken))])
        await store.close()

    asyncio.run(recover())

    async def read(store: SqliteStore) -> None:
        record = await store.get(of.run, "alice")
        assert record is not None
        assert record.events == broken

    play(tmp_path, read)


def test_a_segment_that_comes_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """Nobody can say of a commit that failed that it left nothing; what comes again may hold more."""
    of = head()

    async def act(store: SqliteStore) -> None:
        await store.append([Segment(of.run, 0, LOG[:3], of)])
        await store.append([Segment(of.run, 3, LOG[3:4])])
        await store.append([Segment(of.run, 3, LOG[3:6])])
        await store.append([Segment(of.run, 6, LOG[6:], None, contract.end(of, LOG))])
        record = await store.get(of.run, "alice")
        assert record is not None
        assert record.events == LOG

    play(tmp_path, act)


def test_what_is_forgotten_leaves_no_sound(tmp_path: Path) -> None:
    kept, deleted, old = head(), head(), head()

    async def act(store: SqliteStore) -> None:
        for of in (kept, deleted):
            await store.append([contract.whole(of, LOG)])
        await store.append([contract.whole(old, LOG, 12.5)])
        assert await store.delete(deleted.run, "alice")
        assert await store.expire(1000.0, 100.0) == 1

    play(tmp_path, act)
    assert rows(tmp_path, "SELECT run FROM sound_uses") == [(kept.run,)]
    assert rows(tmp_path, "SELECT run FROM sound_leavings") == []
    (file,) = (tmp_path / "runs.db-sounds").iterdir()
    assert file.read_bytes().count(SOUND[5]) == 1


OLD = """
DELETE FROM sound_uses; DELETE FROM sound_files; DROP TABLE sound_uses; DROP TABLE sound_files;
DROP TABLE sound_leavings; PRAGMA user_version = 3;
"""


def test_sounds_that_an_older_headgate_kept_are_heard_and_forgotten(tmp_path: Path) -> None:
    """Also by a run that was at work when it was brought up to date, and goes on."""
    over, at_work = head(), head()

    async def write(store: SqliteStore) -> None:
        await store.append([contract.whole(over, LOG)])
        await store.append([Segment(at_work.run, 0, LOG[:4], at_work)])

    with pytest.MonkeyPatch.context() as patch:
        # As it was: only how many there are.
        patch.setattr(module, "_without", older)
        play(tmp_path, write)
    for path in on_disk(tmp_path):
        path.unlink()
    (tmp_path / "runs.db-sounds").rmdir()
    with sqlite3.connect(tmp_path / "runs.db") as old:
        for of, log in ((over, LOG), (at_work, LOG[:4])):
            for number, event in enumerate(log):
                if isinstance(event, Audio):
                    old.execute("INSERT INTO sounds VALUES (?, ?, ?)", (of.run, number, event.data))
        old.executescript(OLD)
    old.close()

    async def again() -> None:
        store = SqliteStore(tmp_path / "runs.db")
        (orphan,) = await store.open()
        assert orphan.events == LOG[:4]
        await store.append([Segment(at_work.run, 4, LOG[4:7])])
        await store.append([Segment(at_work.run, 7, LOG[7:], None, contract.end(at_work, LOG))])
        for of in (over, at_work):
            record = await store.get(of.run, "alice")
            assert record is not None
            assert record.events == LOG
            assert await store.delete(of.run, "alice")
        await store.close()

    asyncio.run(again())
    assert rows(tmp_path, "SELECT * FROM sounds") == []
    assert rows(tmp_path, "PRAGMA user_version") == [(4,)], "an older one would not find those that are in files"
    play(tmp_path, nothing)
    assert on_disk(tmp_path) == []


def older(events: Sequence[AnyEvent], file: int, at: int) -> tuple[list[AnyEvent], int]:
    """What the log of an older Headgate held."""
    return [Audio(len(each.data).to_bytes(4, "big")) if isinstance(each, Audio) else each for each in events], at
