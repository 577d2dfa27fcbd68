"""What is said on channels, who hears it, and who is there."""

import asyncio

import pytest

from headgate.channels import ALL, MAX_NAME, NOW, ChannelId, Hub, Pace, channel_id
from headgate.channels.hub import SLICE
from headgate.errors import BadRequest
from headgate.metrics import Meters
from headgate.store.memory import MemoryStore
from tests.channels.ears import A, B, C, Lines, Words, drain, make_hub, make_run, play, read, said, say, who
from tests.waiting import turns


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


@pytest.mark.parametrize("name", ["", "x" * (MAX_NAME + 1), "a\nb", "a\x00", "\x7f", "\u2028", "\ud800", None, 5])
def test_names_that_are_none(name: object) -> None:
    with pytest.raises(BadRequest):
        channel_id(name)


def test_names_that_are() -> None:
    assert channel_id("tab|Žluťoučký 🐎") == ChannelId("tab|Žluťoučký 🐎", "anonymous")


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


def test_who_comes_back_while_channels_are_looked_through_stays() -> None:
    """The channel that it had left is gone, but not the one of the same name that it is on now."""

    async def main() -> None:
        hub = make_hub()
        ear = hub.subscribe({A: NOW}, who(), Lines())
        for number in range(SLICE):
            hub.subscribe({ChannelId(str(number)): NOW}, who(), Lines())
        hub.expire()
        hub.part(ear, A)
        hub.join(ear, A)
        await turns()
        hub.publish([A], b"still there")
        assert said(drain(ear)) == ["still there"]
        hub.leave(ear)
        assert A not in hub.active()

    asyncio.run(main())
