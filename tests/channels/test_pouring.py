"""News handed straight to a sink: the same as what one takes, in the same order."""

import asyncio

import pytest
from typing_extensions import override

from headgate.channels import NOW, ChannelId, Hub, Message, Pace, Place, Subscription
from headgate.runs import crowd
from tests.channels.ears import A, B, Lines, Words, make_hub, make_run, read, said, say, who
from tests.providers.simulated import run as in_no_time
from tests.waiting import turns


class Cup:
    """A sink, and a task beside it that takes what is not poured."""

    def __init__(self, hub: Hub, pace: Pace | None = None, form: Lines | None = None) -> None:
        self.is_free = True
        self.pieces: list[tuple[str, bytes]] = []
        places = {A: NOW, B: NOW}
        self.ear = hub.subscribe(places, who(), form or Lines(), pace=pace or Pace())
        self.ear.pour_into(self)
        self.task = asyncio.create_task(self._listen(self.ear))

    def write_now(self, piece: bytes) -> None:
        """Take it."""
        assert self.is_free
        assert piece
        self.pieces.append(("poured", piece))

    async def _listen(self, ear: Subscription) -> None:
        while await ear.news():
            if piece := ear.take():
                self.pieces.append(("taken", piece))

    @property
    def how(self) -> list[str]:
        """How the pieces came."""
        return [how for how, _ in self.pieces]

    @property
    def heard(self) -> list[str]:
        """What they said."""
        return [text for _, piece in self.pieces for text in said(read(piece))]


@pytest.mark.parametrize("count", [1, crowd.FEW + 1, 300])
def test_a_message_is_poured_to_everybody_who_waits(count: int) -> None:
    async def main() -> None:
        hub = make_hub()
        cups = [Cup(hub) for _ in range(count)]
        await turns()
        hub.publish([A, B], b"1")
        await asyncio.sleep(1)
        hub.publish([B], b"2")
        await asyncio.sleep(1)
        assert all(cup.heard == ["1", "2"] and cup.how == ["poured"] * 2 for cup in cups)
        assert len({id(piece) for cup in cups for _, piece in cup.pieces}) == 2
        await hub.close()
        await asyncio.gather(*(cup.task for cup in cups))

    in_no_time(main())


def test_who_cannot_be_given_more_takes_it_in_its_own_time() -> None:
    async def main() -> None:
        hub = make_hub()
        cup = Cup(hub)
        await turns()
        cup.is_free = False
        hub.publish([A], b"1")
        hub.publish([A], b"2")
        cup.is_free = True
        hub.publish([A], b"3")
        await turns()
        hub.publish([A], b"4")
        assert (cup.heard, cup.how) == (["1", "2", "3", "4"], ["taken", "poured"])
        await hub.close()
        await cup.task

    in_no_time(main())


def test_what_is_more_than_a_piece_is_taken() -> None:
    async def main() -> None:
        hub = make_hub()
        cup, run = Cup(hub), make_run()
        await turns()
        hub.attach([A], run, Words())
        say(run, *map(str, range(600)))
        await turns()
        assert cup.heard == [str(number) for number in range(600)]
        assert cup.how == ["poured", "taken", "taken"]
        await hub.close()
        await cup.task

    in_no_time(main())


def test_a_beat_pours_as_well() -> None:
    async def main() -> None:
        hub = make_hub()
        cup = Cup(hub, Pace(rollup=0.5))
        await turns()
        for number in range(10):
            hub.publish([A], b"%d" % number)
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)
        assert cup.heard == [str(number) for number in range(10)]
        assert set(cup.how) == {"poured"}
        assert len(cup.how) <= 4
        await hub.close()
        await cup.task

    in_no_time(main())


def test_who_wants_the_latest_is_left_to_itself() -> None:
    async def main() -> None:
        hub = make_hub()
        cup = Cup(hub, Pace(latest=True))
        await turns()
        for number in range(5):
            hub.publish([A], b"%d" % number)
        await turns()
        assert (cup.heard, cup.how) == (["4"], ["taken"])
        await hub.close()
        await cup.task

    in_no_time(main())


def test_whoever_has_a_connection_join_may_say_so_first() -> None:
    async def main() -> None:
        hub = make_hub()
        hub.publish([ChannelId("d")], b"history")
        cup = Cup(hub)
        await turns()
        hub.join(cup.ear, ChannelId("d"), Place(history=1))
        assert cup.pieces == []
        await turns()
        assert (cup.heard, cup.how) == (["history"], ["taken"])
        await hub.close()
        await cup.task

    in_no_time(main())


def test_a_form_that_breaks_hurts_nobody_else() -> None:
    class Broken(Lines):
        @override
        def message(self, channel: ChannelId, cursor: str, message: Message) -> bytes:
            raise ValueError("broken")

    async def main() -> None:
        hub = make_hub()
        broken, sound = Cup(hub, form=Broken("broken")), Cup(hub)
        await turns()
        hub.publish([A], b"1")
        await turns()
        assert sound.heard == ["1"]
        with pytest.raises(ValueError, match="broken"):
            await broken.task
        await hub.close()
        await sound.task

    in_no_time(main())


def test_silence_is_counted_from_what_was_poured() -> None:
    async def main() -> None:
        hub = make_hub(keep_alive=15)
        await hub.open()
        cup = Cup(hub)
        for _ in range(30):
            hub.publish([A], b"word")
            await asyncio.sleep(1)
        assert not cup.task.done()
        assert len(cup.pieces) == 30
        await asyncio.sleep(17)
        await cup.task
        await hub.close()

    in_no_time(main())
