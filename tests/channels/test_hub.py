"""What is said on channels, and who hears it."""

import asyncio
from collections.abc import Callable
from functools import partial
from itertools import chain, pairwise

import pytest
from typing_extensions import override

from headgate.channels import (
    ALL,
    MAX_NAME,
    NOW,
    ChannelId,
    Hub,
    Message,
    Pace,
    Place,
    Subscription,
    channel_id,
    merging,
)
from headgate.channels import beats as beats_module
from headgate.errors import BadRequest, Unavailable
from headgate.metrics import Meters
from headgate.runs import crowd
from headgate.store.memory import MemoryStore
from tests.channels.ears import A, B, C, Clock, Frame, Lines, Words, drain, make_hub, make_run, read, said, say, who
from tests.providers.simulated import run as in_no_time
from tests.waiting import turns


def play(act: Callable[[], None]) -> None:
    """Inside a loop."""

    async def main() -> None:
        act()

    asyncio.run(main())


def test_what_is_said_is_heard_from_now_on_in_order() -> None:
    def act() -> None:
        hub = make_hub()
        hub.publish([A], b"before")
        ear = hub.subscribe({A: NOW}, who(), Lines())
        for word in (b"one", b"two"):
            hub.publish([A], word)
        hub.publish([B], b"elsewhere")
        assert said(drain(ear)) == ["one", "two"]
        assert not ear.has_news

    play(act)


def test_who_is_on_several_channels_hears_once_what_is_said_on_all() -> None:
    """And everything in the order it was said."""

    def act() -> None:
        hub = make_hub()
        ear = hub.subscribe({A: NOW, B: NOW}, who(), Lines())
        hub.publish([A], b"1")
        hub.publish([B, A, B], b"2")
        hub.publish([B], b"3")
        assert [(frame.channel, frame.data) for frame in drain(ear)] == [("a", "1"), ("a", "2"), ("b", "3")]

    play(act)


def test_name_spaces_know_nothing_of_each_other() -> None:
    def act() -> None:
        hub = make_hub()
        ear = hub.subscribe({ChannelId("x", "authenticated"): NOW}, who(), Lines())
        hub.publish([ChannelId("x")], b"1")
        assert not ear.has_news

    play(act)


def test_frames_are_made_once_for_all_of_a_form() -> None:
    def act() -> None:
        hub, form, other = make_hub(), Lines(), Lines("others")
        ears = [hub.subscribe({A: NOW}, who(str(number)), form) for number in range(50)]
        mute = hub.subscribe({A: NOW, B: NOW}, who(), form)
        alone = hub.subscribe({A: NOW}, who(), other)
        for word in (b"1", b"2", b"3"):
            hub.publish([A], word)
        pieces = {id(ear.take()) for ear in ears}
        assert len(pieces) == 1
        assert said(drain(mute)) == said(drain(alone)) == ["1", "2", "3"]
        assert (form.made, other.made) == (3, 3)

    play(act)


# Coming back.


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


# Bounds.


def test_what_is_kept_is_bounded_in_number_bytes_and_age() -> None:
    def act() -> None:
        clock = Clock()
        hub = make_hub(clock, history=5, history_size=1000, history_age=60, total_size=100_000)

        def kept(channel: ChannelId = A) -> list[str]:
            return [message.data.decode()[:2] for _, message in hub.kept(channel)]

        for number in range(8):
            hub.publish([A], b"%02d" % number)
        assert kept() == ["03", "04", "05", "06", "07"]
        hub.publish([A], b"large" + b" " * 700)
        assert kept() == ["07", "la"]
        clock.now += 30
        hub.publish([A], b"young")
        clock.now += 31
        hub.expire()
        assert kept() == ["yo"]
        hub.publish([A], b"x" * 10_000)
        assert len(hub.kept(A)) == 1

    play(act)


def test_all_channels_together_are_bounded() -> None:
    """Each keeps its newest, so that who is on it gets it."""

    def act() -> None:
        hub = make_hub(total_size=5000)
        ear = hub.subscribe({ChannelId("9"): NOW}, who(), Lines())
        for number in range(10):
            for _ in range(3):
                hub.publish([ChannelId(str(number))], b"x" * 400)
        counts = [len(hub.kept(ChannelId(str(number)))) for number in range(10)]
        assert counts == [3, 3, 3, 1, 1, 1, 1, 1, 1, 1]
        assert [frame.kind for frame in drain(ear)] == ["gap", "message"]

    play(act)


def test_there_are_only_so_many_channels() -> None:
    """Those that nobody is on and nothing is kept of do not count."""

    def act() -> None:
        clock = Clock()
        hub = make_hub(clock, channels=2, channels_per_connection=2)
        ear = hub.subscribe({A: NOW, B: NOW}, who(), Lines())
        with pytest.raises(Unavailable, match="too many channels"):
            hub.publish([C], b"1")
        with pytest.raises(BadRequest, match="2 channels"):
            hub.join(ear, C)
        with pytest.raises(Unavailable):
            hub.subscribe({A: NOW, C: NOW}, who(), Lines())
        assert hub.count(A) == 1
        hub.part(ear, B)
        hub.join(ear, C)
        assert set(ear.channels) == {A, C}

    play(act)


@pytest.mark.parametrize("name", ["", "x" * (MAX_NAME + 1), "a\nb", "a\x00", "\x7f", "\u2028", "\ud800", None, 5])
def test_names_that_are_none(name: object) -> None:
    with pytest.raises(BadRequest):
        channel_id(name)


def test_names_that_are() -> None:
    assert channel_id("tab|Žluťoučký 🐎") == ChannelId("tab|Žluťoučký 🐎", "anonymous")


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


def test_a_channel_that_is_left_is_silent() -> None:
    """Even when it had something to catch up with."""

    def act() -> None:
        hub = make_hub()
        hub.publish([A], b"old")
        ear = hub.subscribe({A: ALL, B: NOW}, who(), Lines())
        hub.part(ear, A)
        hub.part(ear, A)
        hub.publish([A], b"new")
        assert (ear.has_news, ear.take(), ear.cursor) == (False, b"", hub.cursor)

    play(act)


def test_pieces_are_shared_only_by_those_who_need_the_same() -> None:
    def act() -> None:
        hub, form = make_hub(), Lines()
        ears = [hub.subscribe({A: NOW}, who(), form, pace=Pace(rollup=rollup)) for rollup in (0, 0, 0.1)]
        run = make_run()
        hub.attach([A], run, Words())
        say(run, "1", "2")
        assert said(read(ears[0].take())) == ["1", "2"]
        assert said(read(ears[2].take())) == ["1,2"]
        say(run, "3")
        assert said(read(ears[1].take())) == ["1", "2", "3"]

    play(act)


def test_a_name_that_is_said_twice_is_one_channel() -> None:
    def act() -> None:
        hub = make_hub()
        ear = hub.subscribe({A: NOW}, who(), Lines())
        hub.publish([A, A], b"once")
        assert said(drain(ear)) == ["once"]

    play(act)


# Being woken.


async def heard(ear: Subscription, frames: list[Frame]) -> None:
    """Listen until it is closed."""
    while not ear.is_gone:
        if await ear.news():
            frames += read(ear.take())
        else:
            frames.append(Frame("silence", "", "", ""))
    frames += read(ear.take())


@pytest.mark.parametrize("count", [1, crowd.FEW + 1, 500])
def test_everybody_hears_everything(count: int) -> None:
    async def main() -> None:
        hub = make_hub()
        ears = [hub.subscribe({A: NOW, B: NOW}, who(), Lines()) for _ in range(count)]
        logs: list[list[Frame]] = [[] for _ in ears]
        tasks = [asyncio.create_task(heard(ear, log)) for ear, log in zip(ears, logs, strict=True)]
        for number in range(20):
            hub.publish([(A, B)[number % 2]], b"%d" % number)
            await asyncio.sleep(0.01)
        await asyncio.sleep(1)
        for log in logs:
            assert said(log) == [str(number) for number in range(20)]
        hub.publish([A], b"last words")
        await hub.close()
        await asyncio.gather(*tasks)
        assert all(log[-1].data == "last words" for log in logs)
        with pytest.raises(Unavailable):
            hub.subscribe({A: NOW}, who(), Lines())

    in_no_time(main())


def test_silence_is_told_to_those_who_hear_nothing() -> None:
    """Also when there is a lot said that they do not want to hear."""

    class Deaf(Lines):
        @override
        def message(self, channel: ChannelId, cursor: str, message: Message) -> bytes:
            return b""

    async def main() -> None:
        hub = make_hub(keep_alive=15)
        await hub.open()
        ears = [hub.subscribe({A: NOW}, who(), form) for form in (Lines(), Deaf("deaf"))]
        logs: list[list[Frame]] = [[], []]
        tasks = [asyncio.create_task(heard(ear, log)) for ear, log in zip(ears, logs, strict=True)]
        for _ in range(58):
            hub.publish([A], b"word")
            await asyncio.sleep(1)
        assert [frame.kind for frame in logs[0]] == ["message"] * 58
        assert [frame.kind for frame in logs[1]] == ["silence"] * 3
        await asyncio.sleep(32)
        assert [frame.kind for frame in logs[0][58:]] == ["silence"] * 2
        await hub.close()
        await asyncio.gather(*tasks)

    in_no_time(main())


def test_a_pace_is_kept_by_all_together() -> None:
    """And their piece is made once."""

    async def main() -> None:
        hub, form = make_hub(), Lines()
        ears = [hub.subscribe({A: NOW}, who(), form, pace=Pace(rollup=0.5)) for _ in range(3)]
        pieces: list[list[tuple[float, bytes]]] = [[], [], []]

        async def listen(ear: Subscription, log: list[tuple[float, bytes]]) -> None:
            while await ear.news():
                log.append((asyncio.get_running_loop().time(), ear.take()))

        tasks = [asyncio.create_task(listen(ear, log)) for ear, log in zip(ears, pieces, strict=True)]
        await turns()
        for number in range(20):
            hub.publish([A], b"%d" % number)
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)
        await hub.close()
        await asyncio.gather(*tasks)
        times = [at for at, _ in pieces[0]]
        assert all(later - earlier > 0.49 for earlier, later in pairwise(times))
        assert 4 <= len(times) <= 5
        assert said([frame for _, piece in pieces[0] for frame in read(piece)]) == [str(n) for n in range(20)]
        assert pieces[0] == pieces[1] == pieces[2]
        assert all(one is other for (_, one), (_, other) in zip(pieces[0], pieces[1], strict=True))

    in_no_time(main())


def test_a_pace_holds_up_nobody_who_has_much_to_catch_up_with() -> None:
    """And what came before anybody waited is not forgotten."""

    async def main() -> None:
        hub = make_hub()
        cursor = hub.cursor
        for number in range(700):
            hub.publish([A], b"%d" % number)
        ear = hub.subscribe({A: Place(cursor=cursor)}, who(), Lines(), pace=Pace(rollup=10))
        begun = asyncio.get_running_loop().time()
        pieces = []
        for _ in range(3):
            assert await ear.news()
            pieces.append(len(read(ear.take())))
        assert pieces == [250, 250, 200]
        assert 0 < asyncio.get_running_loop().time() - begun <= 10

    in_no_time(main())


def test_who_wants_the_latest_gets_one_message_of_each_channel() -> None:
    def act() -> None:
        hub = make_hub(history=3)
        cursor = hub.cursor
        ear = hub.subscribe({A: NOW, B: NOW}, who(), Lines(), pace=Pace(latest=True))
        for number in range(9):
            hub.publish([A], b"a%d" % number)
            hub.publish([B], b"b%d" % number)
        assert said(drain(ear)) == ["a8", "b8"]
        back = hub.subscribe({A: Place(cursor=cursor)}, who(), Lines(), pace=Pace(latest=True))
        assert [(frame.kind, frame.data) for frame in drain(back)] == [("message", "a8")]
        late = hub.subscribe({A: ALL, B: NOW}, who(), Lines(), pace=Pace(latest=True))
        assert said(drain(late)) == ["a8"]

    play(act)


def test_a_beat_wakes_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats_module, "SLICE", 10)

    class Sleeper:
        is_awake = False

        def pour(self) -> None:
            self.is_awake = True

    async def main() -> None:
        sleepers = [Sleeper() for _ in range(35)]
        beats_module.in_slices(sleepers, Sleeper.pour, asyncio.get_running_loop())
        counts = []
        for _ in range(4):
            counts.append(sum(sleeper.is_awake for sleeper in sleepers))
            await asyncio.sleep(0)
        assert counts == [10, 20, 30, 35]

    asyncio.run(main())


# Who is here.


def test_who_watches_is_told_who_comes_and_goes() -> None:
    """From when it came itself; others are told nothing."""

    def act() -> None:
        hub = make_hub()
        first = hub.subscribe({A: NOW}, who("first"), Lines())
        watcher = hub.subscribe({A: NOW}, who("watcher"), Lines(), watches=[A])
        assert drain(watcher) == []
        hub.subscribe({A: NOW}, who("third"), Lines())
        hub.leave(first)
        hub.leave(first)
        assert said(drain(watcher), "presence") == ["+third -first =2"]
        assert not first.has_news
        assert [each.connection for each in hub.presence(A)] == ["watcher", "third"]
        assert (hub.count(A), hub.active(), len(hub.connections)) == (2, [A], 2)
        for number in range(300):
            hub.leave(hub.subscribe({A: NOW}, who(str(number)), Lines()))
        assert said(drain(watcher), "presence") == [" =2"]

    play(act)


def test_what_goes_on_can_be_measured() -> None:
    def act() -> None:
        meters = Meters()
        hub = Hub(MemoryStore(), meters=meters)
        hub.leave(hub.subscribe({C: NOW}, who(), Lines()))
        hub.subscribe({A: NOW, B: NOW}, who(), Lines())
        hub.publish([A, B], b"x" * 100)
        families = (meters.channels, meters.listeners, meters.messages, meters.history)
        assert [value for family in families for _, value in family.snapshot().readings] == [2, 1, 1, 400]

    play(act)
