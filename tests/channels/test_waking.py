"""How those who listen are woken: at once, in crowds, at a pace of their own, and when nothing is said."""

import asyncio
from itertools import pairwise

import pytest
from typing_extensions import override

from headgate.channels import ALL, NOW, ChannelId, Message, Pace, Place, Subscription
from headgate.channels import beats as beats_module
from headgate.errors import Unavailable
from headgate.runs import crowd
from tests.channels.ears import A, B, Frame, Lines, drain, make_hub, play, read, said, who
from tests.providers.simulated import run as in_no_time
from tests.waiting import turns


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


def test_a_crowd_is_told_together_who_comes_and_goes() -> None:
    """Each of them of every single one would be their number squared."""

    async def main() -> None:
        hub, form = make_hub(), Lines()
        ears = [hub.subscribe({A: NOW}, who(), form, watches=[A]) for _ in range(crowd.FEW + 10)]
        logs: list[list[Frame]] = [[] for _ in ears]
        tasks = [asyncio.create_task(heard(ear, log)) for ear, log in zip(ears, logs, strict=True)]
        await asyncio.sleep(1)
        for log in logs:
            log.clear()
        for number in range(40):
            hub.leave(hub.subscribe({A: NOW}, who(str(number)), form))
            await turns()
        await asyncio.sleep(1)
        # At once, as nobody had come for a while; and all the others in the next round.
        assert [len(log) for log in logs] == [2] * len(ears)
        told = " ".join(said(logs[0], "presence"))
        assert [told.count(f"{sign}{number} ") for sign in "+-" for number in range(40)] == [1] * 80
        assert all(log == logs[0] for log in logs)
        await hub.close()
        await asyncio.gather(*tasks)

    in_no_time(main())
