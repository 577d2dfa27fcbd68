"""Pages on channels, by streams of events: a whole server, real sockets."""

import json
from typing import Any

import pytest

from headgate.channels import ChannelId
from tests.e2e.wire import Frame
from tests.messaging.house import Clock, House, play
from tests.waiting import until

ROOM, OTHER = ChannelId("room"), ChannelId("other")


def said(frame: Frame) -> Any:
    """What a message says."""
    assert frame.event == ""
    return json.loads(frame.data)["message"]["n"]


def say(house: House, number: int, *channels: ChannelId) -> None:
    """Something that is easy to tell."""
    house.hub.publish(channels or [ROOM], b'{"n":%d}' % number)


def test_a_stream_says_first_who_it_is_and_then_what_is_said() -> None:
    async def act(house: House) -> None:
        async with await house.stream("channel=room&channel=other") as stream:
            assert "content-type: text/event-stream; charset=utf-8" in stream.head
            assert "x-accel-buffering: no" in stream.head
            first = await stream.next()
            told = json.loads(first.data)
            assert first.event == "connected"
            assert first.id
            assert told["channels"]["anonymous"] == ["room", "other", f"tab|{told['connectionId']}"]
            for number, channel in enumerate((ROOM, OTHER, ChannelId(f"tab|{told['connectionId']}"))):
                say(house, number, channel)
                frame = await stream.next()
                assert json.loads(frame.data) == {"channel": channel.name, "message": {"n": number}}
                assert frame.id
        await until(lambda: not house.hub.connections)

    play(act)


def test_a_stream_that_asks_for_no_channel_is_where_a_socket_would_be() -> None:
    async def act(house: House) -> None:
        async with await house.stream() as stream:
            told = json.loads((await stream.next()).data)
            assert told["channels"]["anonymous"] == ["anonymous", f"tab|{told['connectionId']}"]

    play(act)


@pytest.mark.parametrize("way", ["header", "query"])
def test_who_comes_back_misses_nothing(way: str) -> None:
    """Whatever it was told last, on all of its channels."""

    async def act(house: House) -> None:
        told = []
        async with await house.stream("channel=room&channel=other") as stream:
            told.append(await stream.next())
            for number in range(6):
                say(house, number, (ROOM, OTHER)[number % 2])
                told.append(await stream.next())
        for count, frame in enumerate(told):
            query = "channel=room&channel=other" + (f"&last_event_id={frame.id}" if way == "query" else "")
            headers = {"last-event-id": frame.id} if way == "header" else {}
            async with await house.stream(query, headers=headers) as stream:
                assert (await stream.next()).event == "connected"
                assert [said(await stream.next()) for _ in range(count, 6)] == list(range(count, 6))

    play(act)


def test_the_header_is_newer_than_the_address() -> None:
    """An EventSource keeps its address, and sends what it was told last."""

    async def act(house: House) -> None:
        early = house.hub.cursor
        say(house, 1)
        late = house.hub.cursor
        say(house, 2)
        async with await house.stream(f"channel=room&last_event_id={early}", headers={"last-event-id": late}) as stream:
            await stream.next()
            assert said(await stream.next()) == 2

    play(act)


def test_a_gap_is_an_event_with_what_is_still_there() -> None:
    async def act(house: House) -> None:
        say(house, 7)
        async with await house.stream("channel=room", headers={"last-event-id": "old:5"}) as stream:
            await stream.next()
            gap = await stream.next()
            assert gap.event == "gap"
            assert {**json.loads(gap.data), "since": 0} == {
                "channel": "room", "scope": "anonymous", "kept": 1, "since": 0
            }  # fmt: skip
            assert said(await stream.next()) == 7
        async with await house.stream("channel=room", headers={"last-event-id": gap.id}) as stream:
            await stream.next()
            assert said(await stream.next()) == 7

    play(act)


def test_a_history_is_told_first() -> None:
    async def act(house: House) -> None:
        for number in range(5):
            say(house, number)
        async with await house.stream("channel=room&history=2") as stream:
            await stream.next()
            assert [said(await stream.next()) for _ in range(2)] == [3, 4]

    play(act)


def test_presence_is_told_to_who_asks() -> None:
    async def act(house: House) -> None:
        async with await house.stream("channel=room&presence=true") as stream:
            here = {"channel": "room", "scope": "anonymous", "count": 1}
            assert json.loads((await stream.next()).data)["presence"] == [here]
            async with house.page("channel=room"):
                frame = await stream.next()
                assert (frame.event, json.loads(frame.data)["count"], frame.id) == ("presence", 2, "")

    play(act)


def test_a_silence_is_bridged(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a comment that is no event."""
    monkeypatch.setattr("headgate.channels.hub.TICK", 0.01)

    async def act(house: House) -> None:
        async with await house.stream("channel=room") as stream:
            await stream.next()
            assert await stream.line() == b": k\n"
            say(house, 1)
            assert said(await stream.next()) == 1

    play(act, keep_alive=1.0)


QUERIES = {
    "channel=": "invalid_channel",
    "channel=a%0Ab": "invalid_channel",
    "channel=a%00": "invalid_channel",
    "channel=" + "a" * 201: "invalid_channel",
    "authenticated=%7F": "invalid_channel",
    "inbox=": "invalid_channel",
    "history=-1": "invalid_value",
    "history=many": "invalid_value",
    "history=99999999": "invalid_value",
    "rollup=5": "invalid_value",
    "rollup=1ms": "invalid_value",
    "rollup=61s": "invalid_value",
    "rollup=latest,never": "invalid_value",
    "presence=maybe": "invalid_value",
    "session=short": "invalid_value",
    "&".join(f"channel={number}" for number in range(120)): "too_many_channels",
}


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:20])
def test_an_address_that_is_wrong_is_refused(query: str) -> None:
    """As Feathers tells it; nobody is connected."""

    async def act(house: House) -> None:
        answer = await house.get(f"/message/stream?{query}")
        assert (answer.status, answer.json["name"], answer.json["data"]["code"]) == (400, "BadRequest", QUERIES[query])
        assert not house.hub.connections

    play(act)


def test_a_head_is_all_that_is_asked_for() -> None:
    async def act(house: House) -> None:
        answer = await house.get("/message/stream", method="HEAD")
        assert (answer.status, answer.body) == (200, b"")
        await until(lambda: not house.hub.connections)

    play(act)


def test_a_stream_ends_with_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, and an EventSource that comes again with it is told not to."""

    async def act(house: House) -> None:
        clock = Clock(monkeypatch)
        token = await house.token(user="U1", expires_in=100)
        async with await house.stream(f"channel=room&token={token}") as stream:
            await stream.next()
            clock.ahead = 101.0
            assert [frame.event for frame in await stream.rest()] == ["expired"]
        again = await house.get(f"/message/stream?channel=room&token={token}")
        assert (again.status, again.json["data"]["code"]) == (401, "token_expired")

    play(act)


def test_when_the_server_ends_streams_are_told_what_was_said() -> None:
    async def act(house: House) -> None:
        async with await house.stream("channel=room&rollup=60s") as stream:
            await stream.next()
            say(house, 1)
            await house.hub.close()
            (frame,) = await stream.rest()
            assert said(frame) == 1

    play(act)


def test_a_stream_that_is_left_is_gone_at_once() -> None:
    async def act(house: House) -> None:
        stream = await house.stream("channel=room")
        await until(lambda: house.hub.count(ROOM))
        stream.close()
        await until(lambda: not house.hub.connections)
        assert house.hub.count(ROOM) == 0

    play(act)
