"""Coming back to channels: what was missed, in order and nothing twice; or a gap."""

from functools import partial
from itertools import chain

import pytest

from headgate.channels import ALL, NOW, Place, merging
from tests.channels.ears import A, B, C, Clock, Lines, drain, make_hub, play, read, said, who


def test_who_comes_back_gets_what_it_missed_and_nothing_twice() -> None:
    """Wherever it was cut, on one channel or on several."""

    def act() -> None:
        hub = make_hub()
        ear = hub.subscribe({A: NOW, B: NOW}, who(), Lines())
        opening = ear.cursor
        for number in range(10):
            hub.publish([(A, B)[number % 2]], b"%d" % number)
        frames = drain(ear)
        hub.leave(ear)
        for cut, cursor in enumerate([opening, *(frame.cursor for frame in frames)]):
            back = hub.subscribe({A: Place(cursor=cursor), B: Place(cursor=cursor)}, who(), Lines())
            assert said(drain(back)) == [str(number) for number in range(cut, 10)]

    play(act)


def test_a_history_is_caught_up_with_exactly() -> None:
    """Also when it is cut in the middle of it, while another channel goes on."""

    def act() -> None:
        hub = make_hub()
        for number in range(5):
            hub.publish([A], b"a%d" % number)
            hub.publish([B], b"b%d" % number)
        ear = hub.subscribe({A: NOW, B: Place(history=3)}, who(), Lines())
        hub.publish([A], b"live")
        frames = drain(ear)
        assert said(frames) == ["b2", "b3", "b4", "live"]
        for cut, frame in enumerate(frames, 1):
            back = hub.subscribe({A: Place(cursor=frame.cursor), B: Place(cursor=frame.cursor)}, who(), Lines())
            assert said(drain(back)) == said(frames[cut:])
            assert len(frame.cursor) < 100

    play(act)


def test_a_channel_that_is_joined_later_brings_nothing_old() -> None:
    """Unless it is asked for; and a cursor of that channel's own is as good."""

    def act() -> None:
        hub = make_hub()
        ear = hub.subscribe({A: NOW}, who(), Lines())
        cursor = hub.publish([B], b"old")
        hub.publish([B], b"newer")
        hub.join(ear, B)
        assert drain(ear) == []
        hub.part(ear, B)
        hub.join(ear, B, Place(cursor=cursor))
        assert said(drain(ear)) == ["newer"]
        hub.part(ear, B)
        hub.publish([A], b"waiting")
        hub.publish([B], b"newest")
        hub.join(ear, B)
        hub.publish([B], b"live")
        assert said(drain(ear)) == ["waiting", "live"]

    play(act)


@pytest.mark.parametrize(
    "cursor", ["", "garbage", "-1", "other:5", "{epoch}:99999", "{epoch}:1:!", "{epoch}:1:AAAA", "{epoch}:" + "9" * 30]
)
def test_a_cursor_that_is_not_ours_is_told_of_a_gap(cursor: str) -> None:
    """And gets everything there is."""

    def act() -> None:
        hub = make_hub()
        hub.publish([A], b"1")
        epoch = hub.cursor.partition(":")[0]
        ear = hub.subscribe({A: Place(cursor=cursor.format(epoch=epoch))}, who(), Lines())
        assert [(frame.kind, frame.data) for frame in drain(ear)] == [("gap", "1"), ("message", "1")]
        assert drain(hub.subscribe({A: Place(cursor=ear.cursor)}, who(), Lines())) == []

    play(act)


def test_who_was_away_for_too_long_is_told_of_a_gap_once() -> None:
    def act() -> None:
        hub = make_hub(history=3)
        ear = hub.subscribe({A: NOW}, who(), Lines())
        cursor = ear.cursor
        for number in range(10):
            hub.publish([A], b"%d" % number)
        # The slow one that never left is told as well.
        for each in (ear, hub.subscribe({A: Place(cursor=cursor)}, who(), Lines())):
            frames = drain(each)
            assert [(frame.kind, frame.data) for frame in frames] == [
                ("gap", "3"), ("message", "7"), ("message", "8"), ("message", "9")
            ]  # fmt: skip
            after = hub.subscribe({A: Place(cursor=frames[0].cursor)}, who(), Lines())
            assert said(drain(after)) == ["7", "8", "9"]

    play(act)


def test_a_channel_that_was_gone_meanwhile_makes_no_false_alarm() -> None:
    """Nor does it hide a real one."""

    def act() -> None:
        clock = Clock()
        hub = make_hub(clock, history_age=10)
        ear = hub.subscribe({A: NOW}, who(), Lines())
        early = ear.cursor
        hub.publish([A], b"1")
        late = drain(ear)[-1].cursor
        hub.leave(ear)
        clock.now += 11
        hub.expire()
        assert (hub.active(), hub.kept(A)) == ([], [])
        assert drain(hub.subscribe({A: Place(cursor=late)}, who(), Lines())) == []
        missed = drain(hub.subscribe({A: Place(cursor=early)}, who(), Lines()))
        assert [frame.kind for frame in missed] == ["gap"]

    play(act)


def test_of_channels_long_gone_a_gap_is_told_rather_than_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.channels.hub.MAX_GONE", 1)

    def act() -> None:
        clock = Clock()
        hub = make_hub(clock, history_age=10)
        early = hub.cursor
        for channel in (A, B):
            hub.publish([channel], b"1")
            clock.now += 11
            hub.expire()
        missed = drain(hub.subscribe({A: Place(cursor=early), B: Place(cursor=early)}, who(), Lines()))
        assert [(frame.kind, frame.channel) for frame in missed] == [("gap", "a"), ("gap", "b")]

    play(act)


def test_who_comes_late_gets_it_in_pieces() -> None:
    """Neither long nor large ones; and on several channels, with nothing lost between two pieces."""

    def act() -> None:
        hub = make_hub(history_size=10_000_000)
        cursor = hub.cursor
        for number in range(700):
            hub.publish([A, B][: 1 + number % 2], b"%d" % number)
        for channels in ((A,), (A, B)):
            ear = hub.subscribe({channel: Place(cursor=cursor) for channel in channels}, who(), Lines())
            pieces = []
            while ear.has_news:
                pieces.append(read(ear.take()))
                back = hub.subscribe({each: Place(cursor=ear.cursor) for each in channels}, who(), Lines())
                assert len(drain(back)) == 700 - sum(map(len, pieces))
            assert [len(piece) for piece in pieces] == [250, 250, 200]
            assert said(list(chain.from_iterable(pieces))) == [str(number) for number in range(700)]
        large = hub.cursor
        for _ in range(5):
            hub.publish([A], b"x" * 100_000)
        ear = hub.subscribe({A: Place(cursor=large)}, who(), Lines())
        assert len(read(ear.take())) == 2

    play(act)


def test_nothing_is_lost_behind_a_gap_of_another_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Although what was lost there, and is still kept here, has the number with which the gap ends."""

    def act(most: int) -> None:
        monkeypatch.setattr(merging, "MOST", most)
        hub = make_hub(history=2)
        start = hub.cursor
        hub.publish([A, B], b"on both")
        for number in range(2):
            hub.publish([B], b"%d" % number)
        ear = hub.subscribe({B: Place(cursor=start), A: Place(cursor=start)}, who(), Lines())
        frames = drain(ear)
        assert [frame.data for frame in frames] == ["2", "on both", "0", "1"]
        for cut, frame in enumerate(frames, 1):
            back = hub.subscribe({B: Place(cursor=frame.cursor), A: Place(cursor=frame.cursor)}, who(), Lines())
            assert said(drain(back)) == said(frames[cut:])

    for most in (250, 1):
        play(partial(act, most))


def test_a_history_that_is_lost_before_it_was_taken_is_a_gap() -> None:
    """Up to where the connection is, or further."""

    def act() -> None:
        hub = make_hub(history=3)
        for word in (b"1", b"2", b"3"):
            hub.publish([B], word)
        ear = hub.subscribe({A: NOW, B: ALL}, who(), Lines())
        cursor = ear.cursor
        hub.publish([B], b"4")
        assert [(frame.kind, frame.data) for frame in drain(ear)] == [
            ("gap", "3"), ("message", "2"), ("message", "3"), ("message", "4")
        ]  # fmt: skip
        for word in (b"5", b"6", b"7"):
            hub.publish([B], word)
        back = hub.subscribe({A: Place(cursor=cursor), B: Place(cursor=cursor)}, who(), Lines())
        assert [(frame.kind, frame.data) for frame in drain(back)] == [
            ("gap", "3"), ("message", "5"), ("message", "6"), ("message", "7")
        ]  # fmt: skip

    play(act)


def test_a_long_history_comes_in_pieces_before_anything_else() -> None:
    def act() -> None:
        hub = make_hub()
        for number in range(600):
            hub.publish([A], b"a%d" % number)
        hub.publish([B], b"b")
        ear = hub.subscribe({A: ALL, B: ALL, C: NOW}, who(), Lines())
        hub.publish([C], b"live")
        pieces = []
        while ear.has_news:
            pieces.append(said(read(ear.take())))
        assert [len(piece) for piece in pieces] == [250, 250, 100, 2]
        assert pieces[3] == ["b", "live"]

    play(act)


def test_channels_that_are_joined_one_after_another_keep_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """A history that was asked for comes, and what was said before comes not, however small the pieces."""
    monkeypatch.setattr(merging, "MOST", 1)

    def act() -> None:
        hub = make_hub()
        hub.publish([B], b"asked for")
        ear = hub.subscribe({A: NOW}, who(), Lines())
        hub.join(ear, B, ALL)
        hub.publish([C], b"too old")
        hub.join(ear, C)
        assert said(drain(ear)) == ["asked for"]
        hub.part(ear, C)
        for word in (b"1", b"2"):
            hub.publish([A], word)
        hub.publish([C], b"too old as well")
        hub.join(ear, C)
        hub.publish([C], b"live")
        assert said(drain(ear)) == ["1", "2", "live"]

    play(act)


def test_nothing_is_lost_where_one_channel_has_more_than_a_piece() -> None:
    """What was said later on another channel waits for it."""

    def act() -> None:
        hub = make_hub(history_size=1 << 22)
        ear = hub.subscribe({A: NOW, B: NOW}, who(), Lines())
        for number in range(12):
            hub.publish([A], b"%02d" % number + b"x" * 60_000)
        hub.publish([B], b"12")
        assert [text[:2] for text in said(drain(ear))] == [f"{number:02d}" for number in range(13)]

    play(act)
