"""What is kept of channels, and how many there may be."""

import tracemalloc

import pytest

from headgate.channels import NOW, ChannelId, Place
from headgate.errors import BadRequest, Unavailable
from tests.channels.ears import A, B, C, Clock, Lines, drain, make_hub, play, said, who


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
    """Those that nobody is on are let go, the oldest first; of the others each keeps its newest at least."""

    def act() -> None:
        hub = make_hub(total_size=5000)
        ear = hub.subscribe({ChannelId("0"): NOW, ChannelId("1"): NOW}, who(), Lines())
        for number in range(10):
            for _ in range(3):
                hub.publish([ChannelId(str(number))], b"x" * 400)
        counts = [len(hub.kept(ChannelId(str(number)))) for number in range(10)]
        assert counts == [3, 3, 0, 0, 0, 0, 0, 0, 0, 3]
        cursor = hub.cursor
        ears = [hub.subscribe({ChannelId(str(number)): NOW}, who(), Lines()) for number in range(2, 20)]
        for number in range(2, 20):
            hub.publish([ChannelId(str(number))], b"x" * 400)
        assert [len(drain(each)) for each in ears] == [1] * 18
        assert [frame.kind for frame in drain(ear)] == ["message"] * 6
        missed = hub.subscribe({ChannelId("2"): Place(read_first(cursor))}, who(), Lines())
        assert [frame.kind for frame in drain(missed)] == ["gap", "message"]

    play(act)


def read_first(cursor: str) -> str:
    """The place of who has only the first message of all."""
    return f"{cursor.split(':')[0]}:1"


def test_who_is_there_comes_before_what_is_kept() -> None:
    """When there are as many channels as there may be, those that nobody is on make room."""

    def act() -> None:
        hub = make_hub(channels=10)
        ear = hub.subscribe({A: NOW}, who(), Lines())
        hub.publish([ChannelId(str(number)) for number in range(9)], b"1")
        hub.publish([ChannelId("0"), B, A], b"2")
        others = [hub.subscribe({ChannelId(str(number)): NOW}, who(), Lines()) for number in range(20, 28)]
        with pytest.raises(Unavailable):
            hub.publish([C, ChannelId("d")], b"3")
        assert said(drain(ear)) == ["2"]
        assert len(hub.active()) == 1 + len(others)

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


def test_what_is_made_of_messages_is_bounded_as_well() -> None:
    """Frames are kept for those who come after, but not longer than the messages, and not all."""

    def act() -> None:
        clock = Clock()
        hub, form = make_hub(clock), Lines()
        ear = hub.subscribe({A: NOW}, who(), form)
        tracemalloc.start()
        try:
            for number in range(200):
                hub.publish([A], b"%d" % number + b"x" * 64_000)
                drain(ear)
            assert tracemalloc.get_traced_memory()[0] < 4_000_000
            clock.now += 301
            hub.expire()
            assert tracemalloc.get_traced_memory()[0] < 100_000
        finally:
            tracemalloc.stop()

    play(act)
