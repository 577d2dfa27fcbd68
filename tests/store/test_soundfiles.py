"""The files that sounds are in: never written over, and gone from where they were erased."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.errors import StoreError
from headgate.store.sqlite import holes, soundfiles
from headgate.store.sqlite.soundfiles import SoundFiles, Stretch, gaps, joined
from tests.store.test_sounds import bytes_on_disk, on_disk

SECRET = bytes(32)


def files(folder: Path, *, is_synced: bool = True, epoch: int = 1) -> SoundFiles:
    found = SoundFiles(folder / "runs.db", is_synced=is_synced)
    found.take_possession(epoch, SECRET)
    return found


def read(of: SoundFiles, stretch: Stretch) -> bytes:
    with of.reading() as reading:
        return reading.read(stretch)


def taken(folder: Path) -> int:
    """How much room the files take."""
    return sum(path.stat().st_blocks * 512 for path in on_disk(folder))


def test_what_is_written_is_read_where_it_was_said_to_be(tmp_path: Path) -> None:
    of = files(tmp_path)
    first, second = of.write([b"one", b"", b"two"]), of.write([b"three"])
    assert (read(of, first), read(of, second), second.at) == (b"onetwo", b"three", 6)
    assert read(of, Stretch(second.file, 3, 5)) == b"twoth"
    assert read(of, Stretch(99, 3, 0)) == b"", "nothing is everywhere"


def test_they_are_their_owners_alone(tmp_path: Path) -> None:
    files(tmp_path).write([b"one"])
    assert (tmp_path / "runs.db-sounds").stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in on_disk(tmp_path)] == [0o600]


def test_thousands_of_pieces_are_written_together(tmp_path: Path) -> None:
    of = files(tmp_path)
    pieces = [b"%d" % number for number in range(2500)]
    assert read(of, of.write(pieces)) == b"".join(pieces)


def test_a_write_that_takes_only_a_part_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, writev = os.pwrite, os.pwritev
    monkeypatch.setattr(os, "pwritev", lambda fd, some, at: writev(fd, [b"".join(some)[:5]], at))
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: write(fd, data[:3], at))
    of = files(tmp_path)
    assert read(of, of.write([b"one", b"two", b"three", b"four"])) == b"onetwothreefour"
    assert read(of, of.write([b"five", b"sixes"])) == b"fivesixes"


def test_there_is_another_when_one_is_large_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundfiles, "FILE_SIZE", 10)
    of = files(tmp_path)
    written = [of.write([bytes([number]) * 6]) for number in range(5)]
    assert [stretch.file - written[0].file for stretch in written] == [0, 0, 1, 1, 2]
    assert [read(of, stretch) for stretch in written] == [bytes([number]) * 6 for number in range(5)]
    assert sorted(of.numbers()) == sorted({stretch.file for stretch in written})


def test_one_that_is_there_is_never_written_to(tmp_path: Path) -> None:
    """Whoever it belongs to: an owner that was taken over, or a database from before it was restored."""
    earlier, again, later = files(tmp_path), files(tmp_path), files(tmp_path, epoch=2)
    written = [(of, of.write([name])) for of, name in ((earlier, b"earlier"), (again, b"again"), (later, b"later"))]
    more = [(of, of.write([b"more"])) for of, _ in written]
    assert [read(of, stretch) for of, stretch in written + more] == [b"earlier", b"again", b"later", *[b"more"] * 3]
    assert len(on_disk(tmp_path)) == 3


def test_names_are_on_the_disk_before_what_is_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    fsync, fdatasync = os.fsync, os.fdatasync

    def watch(sync: Callable[[int], None]) -> Callable[[int], None]:
        def watched(fd: int) -> None:
            synced.append(Path(os.readlink(f"/proc/self/fd/{fd}")).name)
            sync(fd)

        return watched

    monkeypatch.setattr(os, "fsync", watch(fsync))
    monkeypatch.setattr(os, "fdatasync", watch(fdatasync))
    of = files(tmp_path)
    of.write([b"one"])
    (name,) = [path.name for path in on_disk(tmp_path)]
    assert synced == [tmp_path.name, "runs.db-sounds", name]
    of.write([b"two"])
    assert synced[3:] == [name]
    files(tmp_path, is_synced=False).write([b"three"])
    assert len(synced) == 4


def test_a_full_disk_leaves_nothing_of_what_it_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = files(tmp_path)
    kept = of.write([b"kept"])

    def refuse(fd: int, data: bytes, at: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        writev = os.pwritev
        patch.setattr(os, "pwritev", lambda fd, some, at: writev(fd, [some[0][:2]], at))
        patch.setattr(os, "pwrite", refuse)
        with pytest.raises(StoreError, match="No space left on device"):
            of.write([b"refused"])
    assert bytes_on_disk(tmp_path) == b"kept"
    again = of.write([b"again"])
    assert (again.at, read(of, kept), read(of, again)) == (4, b"kept", b"again")


def test_a_file_whose_sync_failed_is_not_trusted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = files(tmp_path)
    kept = of.write([b"kept"])

    def fail(fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(StoreError, match="Input/output error"):
            of.write([b"unknown"])
    again = of.write([b"again"])
    assert again.file > kept.file
    assert (read(of, kept), read(of, again)) == (b"kept", b"again")


def test_a_file_that_could_not_be_named_is_not_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = files(tmp_path)

    def fail(fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        for _ in range(3):
            with pytest.raises(StoreError):
                of.write([b"lost"])
    assert read(of, of.write([b"kept"])) == b"kept"
    assert bytes_on_disk(tmp_path) == b"kept"


@pytest.mark.parametrize("has_holes", [True, False])
def test_what_is_erased_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_holes: bool) -> None:
    if not has_holes:
        monkeypatch.setattr(holes, "_fallocate", lambda: None)
        monkeypatch.setattr(holes, "BLANK", bytes(1000))
    of = files(tmp_path)
    one, gone, other = (of.write([letter * 100_001]) for letter in (b"a", b"b", b"c"))
    before = taken(tmp_path)
    of.erase([gone, Stretch(7, 0, 100)])
    assert read(of, gone) == bytes(100_001)
    assert read(of, one) + read(of, other) == b"a" * 100_001 + b"c" * 100_001
    assert (taken(tmp_path) < before - 90_000) is has_holes
    assert of.length(one.file) == 300_003


def test_their_size_is_the_room_that_they_take(tmp_path: Path) -> None:
    of = files(tmp_path)
    assert of.size() == 0
    written = of.write([b"x" * 100_000])
    assert 100_000 <= of.size() <= 110_000
    of.erase([written])
    assert of.size() <= 8192
    of.remove([written.file])
    assert of.size() == 0


def test_stretches_are_put_together_and_their_gaps_found() -> None:
    some = [Stretch(1, 10, 5), Stretch(1, 0, 3), Stretch(1, 3, 1), Stretch(1, 12, 1), Stretch(2, 15, 5)]
    assert joined(some) == [Stretch(1, 0, 4), Stretch(1, 10, 5), Stretch(2, 15, 5)]
    assert gaps(some[:4], 1, 20) == [Stretch(1, 4, 6), Stretch(1, 15, 5)]
    assert gaps([], 1, 20) == [Stretch(1, 0, 20)]
    assert gaps(some[:4], 1, 15) == [Stretch(1, 4, 6)]
