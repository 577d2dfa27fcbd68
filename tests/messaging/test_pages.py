"""Pages on channels, by WebSockets: a whole server, real sockets."""

import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from headgate.channels import ChannelId
from headgate.dialects.messaging.connections import MAX_NOTES
from headgate.dialects.messaging.forms import SocketForm
from headgate.dialects.messaging.sockets import FORM
from headgate.dialects.messaging.wishes import Wish
from headgate.web import exchange
from headgate.web.upgrade import MAX_PINGS
from tests.messaging.house import House, play
from tests.waiting import turns, until

ALERT = {"actions": [{"action": "showAlert", "options": {"text": "Hello"}}]}
ROOM = ChannelId("room")


def said(frames: list[Any]) -> list[Any]:
    """What the messages among frames say, in `model`."""
    return [frame["message"]["model"]["n"] for frame in frames if "message" in frame and "type" not in frame]


def test_a_page_is_told_first_who_it_is_and_where() -> None:
    async def act(house: House) -> None:
        async with house.page() as page, house.page() as other:
            assert page.first["type"] == "connected"
            assert page.first["channels"] == {"authenticated": [], "anonymous": ["anonymous", f"tab|{page.id}"]}
            assert (page.first["user"], page.first["expires_at"]) == (None, None)
            assert len(page.id) >= 22
            assert page.id != other.id

    play(act)


def test_what_one_sends_everybody_hears_who_is_there() -> None:
    """In the shape that is documented, once, and the sender too."""

    async def act(house: House) -> None:
        async with house.page() as sender, house.page() as there, house.page() as elsewhere:
            for page in (sender, there):
                assert (await page.ask("channelJoinAnon", channel="room"))["type"] == "joined"
            sent = await sender.ask("messageSendAnonChannel", channels=["room"], **ALERT)
            assert (sent["type"], sent["channels"]) == ("sent", ["room"])
            for page in (sender, there):
                assert await page.heard() == [{"channel": "room", "cursor": sent["cursor"], "message": ALERT}]
            assert await elsewhere.heard() == []

    play(act)


@pytest.mark.parametrize(
    ("join", "leave"),
    [("channelJoinAnon", "channelLeaveAnon"), ("channelJoinAnonymous", "channelLeaveAnonymous")],
)
def test_who_has_left_hears_no_more(join: str, leave: str) -> None:
    async def act(house: House) -> None:
        async with house.page() as page:
            await page.ask(join, channel="room")
            assert house.hub.count(ROOM) == 1
            left = await page.ask(leave, channel="room")
            assert (left["type"], left["channel"]) == ("left", "room")
            house.hub.publish([ROOM], b"{}")
            assert await page.heard() == []
            assert house.hub.count(ROOM) == 0

    play(act)


def test_a_page_that_is_gone_is_on_no_channel() -> None:
    async def act(house: House) -> None:
        async with house.page("channel=room"):
            assert house.hub.count(ROOM) == 1
        await until(lambda: not house.hub.connections)
        assert house.hub.active() == []

    play(act)


def test_a_tab_hears_alone_what_is_sent_to_it() -> None:
    """Others may send there, but not listen; and it cannot leave."""

    async def act(house: House) -> None:
        async with house.page() as page, house.page() as other:
            tab = f"tab|{page.id}"
            refused = await other.ask("channelJoinAnon", channel=tab)
            assert (refused["code"], refused["data"]["code"]) == (403, "channel_not_allowed")
            assert (await page.ask("channelLeaveAnon", channel=tab))["code"] == 403
            await other.ask("messageSendAnonChannel", channels=[tab], model={"n": 1})
            assert said(await page.heard()) == [1]
            assert await other.heard() == []

    play(act)


def test_a_session_brings_back_the_same_tab() -> None:
    """With what was said to it meanwhile; the id does not tell the secret."""

    async def act(house: House) -> None:
        session = "session=0123456789abcdef"
        async with house.page(session) as page:
            id, cursor = page.id, page.first["cursor"]
        await until(lambda: not house.hub.connections)
        house.hub.publish([ChannelId(f"tab|{id}")], b'{"model":{"n":1}}')
        async with house.page(f"{session}&last_event_id={cursor}") as page, house.page("session=" + "x" * 16) as other:
            assert page.id == id
            assert said(await page.heard()) == [1]
            assert other.id != id
            assert "0123456789" not in id

    play(act)


# Coming back.


def test_who_comes_back_with_its_cursor_misses_nothing() -> None:
    async def act(house: House) -> None:
        async with house.page("channel=room") as page:
            await page.ask("messageSendAnonChannel", channels=["room"], model={"n": 0})
            cursor = (await page.heard())[-1]["cursor"]
        for number in (1, 2):
            house.hub.publish([ROOM], b'{"model":{"n":%d}}' % number)
        async with house.page(f"channel=room&last_event_id={cursor}") as page, house.page() as late:
            assert said(await page.heard()) == [1, 2]
            joined = await late.ask("channelJoinAnon", channel="room", cursor=cursor)
            assert (joined["type"], said(await late.heard())) == ("joined", [1, 2])
            await late.ask("channelLeaveAnon", channel="room")
            await late.ask("channelJoinAnon", channel="room", history=1)
            assert said(await late.heard()) == [2]
            await late.ask("channelLeaveAnon", channel="room")
            await late.ask("channelJoinAnon", channel="room")
            assert await late.heard() == []

    play(act)


def test_a_gap_is_told() -> None:
    """With what is still there after it."""

    async def act(house: House) -> None:
        house.hub.publish([ROOM], b'{"model":{"n":1}}')
        async with house.page("channel=room&last_event_id=of-another-server:7") as page:
            told = [frame for frame in await page.heard() if frame["channel"] != "anonymous"]
            assert {**told[0], "cursor": "", "since": 0} == {
                "type": "gap", "channel": "room", "scope": "anonymous", "kept": 1, "since": 0, "cursor": ""
            }  # fmt: skip
            assert said(told) == [1]

    play(act)


def test_who_wants_the_latest_only_gets_no_more() -> None:
    async def act(house: House) -> None:
        async with house.page("channel=room&rollup=latest") as page, house.page() as other:
            for number in range(5):
                house.hub.publish([ROOM], b'{"model":{"n":%d}}' % number)
            assert said(await page.heard()) == [4]
            assert await other.ask("rollup", rollup="50ms,latest") == {
                "type": "rollup", "every": 0.05, "latest": True, "id": 1
            }  # fmt: skip
            await other.ask("channelJoinAnon", channel="room", history=5)
            assert said([await other.next()]) == [4]
            assert (await other.ask("rollup", rollup="soon"))["data"]["code"] == "invalid_value"

    play(act)


def test_who_asks_is_told_who_comes_and_goes() -> None:
    """Of channels that are for everybody, only how many."""

    async def act(house: House) -> None:
        async with house.page() as page:
            await page.ask("channelJoinAnon", channel="room", presence=True)
            async with house.page("channel=room"):
                assert await page.next() == {"type": "presence", "channel": "room", "scope": "anonymous", "count": 2}
            assert (await page.next())["count"] == 1

    play(act)


# What goes wrong.

JOINS: dict[str, tuple[Any, str]] = {
    "nothing": ({}, "missing_channel"),
    "empty": ({"channel": ""}, "invalid_channel"),
    "a_number": ({"channel": 5}, "invalid_channel"),
    "a_newline": ({"channel": "a\nb"}, "invalid_channel"),
    "a_null": ({"channel": "a\0"}, "invalid_channel"),
    "a_line_separator": ({"channel": "a\u2028"}, "invalid_channel"),
    "too_long": ({"channel": "a" * 201}, "invalid_channel"),
    "a_history_too_long": ({"channel": "a", "history": 1_000_001}, "invalid_value"),
    "a_history_of_words": ({"channel": "a", "history": "much"}, "invalid_value"),
    "a_cursor_of_numbers": ({"channel": "a", "cursor": 5}, "invalid_value"),
}


@pytest.mark.parametrize("name", JOINS)
def test_a_join_that_is_wrong_is_refused_and_the_page_stays(name: str) -> None:
    options, code = JOINS[name]

    async def act(house: House) -> None:
        async with house.page() as page:
            refused = await page.ask("channelJoinAnon", **options)
            assert (refused["type"], refused["name"], refused["className"]) == ("error", "BadRequest", "bad-request")
            assert refused["data"]["code"] == code
            assert (await page.ask("channelJoinAnon", channel="room"))["type"] == "joined"

    play(act)


SENDS: dict[str, tuple[Any, int, int]] = {
    "no_channels": (ALERT, 10130, 400),
    "empty_channels": ({**ALERT, "channels": []}, 10130, 400),
    "channels_as_text": ({**ALERT, "channels": "room"}, 10131, 400),
    "a_channel_that_is_none": ({**ALERT, "channels": ["a\nb"]}, 10132, 400),
    "too_many_channels": ({**ALERT, "channels": [str(n) for n in range(101)]}, 10132, 400),
    "no_message": ({"channels": ["room"]}, 10132, 400),
    "actions_as_text": ({"channels": ["room"], "actions": "alert"}, 10132, 400),
    "a_model_that_is_none": ({"channels": ["room"], "model": []}, 10132, 400),
    "too_large": ({"channels": ["room"], "model": {"n": "x" * 1024}}, 10132, 413),
}


@pytest.mark.parametrize("name", SENDS)
def test_a_message_that_is_wrong_is_refused_by_number(name: str) -> None:
    """Those of BetterForms; nobody hears it, and the page stays."""
    options, number, status = SENDS[name]

    async def act(house: House) -> None:
        async with house.page("channel=room") as page:
            refused = await page.ask("messageSendAnonChannel", **options)
            assert (refused["type"], refused["data"]["number"], refused["code"]) == ("error", number, status)
            assert (await page.ask("messageSendAnonChannel", channels=["room"], model={"n": 1}))["type"] == "sent"
            assert said(await page.heard()) == [1]

    play(act, max_message=1024)


@pytest.mark.parametrize(
    "junk",
    [
        "junk", "[]", "5", '"ping"', "{}", '{"action": 5}', b"\x00\x01", b'{"action":"ping"}', '{"action":"fly"}',
        "[" * 5000, '{"action":"ping","id":[]}', '{"action":"ping","id":"%s"}' % ("x" * 101),
    ],
    ids=lambda junk: repr(junk[:20]),
)  # fmt: skip
def test_junk_is_answered_and_too_much_of_it_ends_the_connection(junk: str | bytes) -> None:
    async def act(house: House) -> None:
        async with house.page() as page:
            await page.socket.send(junk)
            refused = await page.next()
            assert (refused["type"], refused["code"]) == ("error", 400)
            assert (await page.ask("ping"))["type"] == "pong"
            for _ in range(30):
                await page.socket.send(junk)
            assert await page.ended() == (1008, "Too many frames that cannot be understood.")
        await until(lambda: not house.hub.connections)

    play(act)


def test_what_is_wrong_but_no_junk_may_be_said_often() -> None:
    async def act(house: House) -> None:
        async with house.page() as page:
            for _ in range(40):
                assert (await page.ask("channelJoinAnon"))["type"] == "error"

    play(act)


def test_a_frame_over_the_limit_ends_the_connection() -> None:
    async def act(house: House) -> None:
        async with house.page() as page:
            await page.socket.send(json.dumps({"action": "ping", "options": {"x": "x" * 20_000}}))
            assert (await page.ended())[0] == 1009

    play(act, max_message=1024)


def test_a_page_may_send_so_many_messages_a_second() -> None:
    """Each channel counts; others may go on."""

    async def act(house: House) -> None:
        async with house.page() as page, house.page() as other:
            asked = [await page.ask("messageSendAnonChannel", channels=["a"], model={}) for _ in range(4)]
            refused = asked[-1]
            assert [frame["type"] for frame in asked] == ["sent", "sent", "sent", "error"]
            assert (refused["code"], refused["name"]) == (429, "TooManyRequests")
            assert (refused["data"]["code"], refused["data"]["number"]) == ("too_many_messages", 10132)
            assert 0 < refused["data"]["retryAfter"] < 1
            many = await other.ask("messageSendAnonChannel", channels=[f"c{n}" for n in range(30)], model={})
            assert many["type"] == "sent"
            assert (await other.ask("messageSendAnonChannel", channels=["a"], model={}))["data"]["retryAfter"] > 5

    play(act, messages_per_second=3)


def test_a_flood_of_frames_ends_the_connection() -> None:
    async def act(house: House) -> None:
        async with house.page() as page:
            for _ in range(400):
                await page.socket.send('{"action":"channelLeaveAnon","options":{"channel":"nowhere"}}')
            assert await page.ended() == (1008, "Too many frames.")

    play(act)


def test_a_connection_may_be_on_so_many_channels() -> None:
    """Its own two count."""

    async def act(house: House) -> None:
        async with house.page("channel=a") as page:
            await page.ask("channelJoinAnon", channel="b")
            assert (await page.ask("channelJoinAnon", channel="c"))["data"]["code"] == "too_many_channels"
        with pytest.raises(InvalidStatus) as caught:
            async with house.socket("channel=a&channel=b&channel=c&channel=d"):
                pass
        assert caught.value.response.status_code == 400
        await until(lambda: not house.hub.connections)

    play(act, channels_per_connection=4)


def test_there_may_be_so_many_connections_with_a_key() -> None:
    async def act(house: House) -> None:
        async with house.page(), house.page():
            with pytest.raises(InvalidStatus) as caught:
                async with house.socket():
                    pass
            response = caught.value.response
            assert (response.status_code, json.loads(response.body)["name"]) == (429, "TooManyRequests")
            assert (await house.get("/message/stream")).status == 429
        await until(lambda: not house.hub.connections)
        async with house.page():
            pass

    play(act, connections_per_key=2)


def test_pages_of_other_origins_are_turned_away() -> None:
    async def act(house: House) -> None:
        with pytest.raises(InvalidStatus) as caught:
            async with house.socket(origin=Origin("https://elsewhere.example")):
                pass
        error = json.loads(caught.value.response.body)
        assert (error["code"], error["name"], error["data"]["code"]) == (403, "Forbidden", "origin_not_allowed")
        async with house.page(origin=Origin("https://here.example")) as page:
            assert (await page.ask("ping"))["type"] == "pong"
        assert not house.hub.connections or len(house.hub.connections) == 1

    play(act, origins=("https://here.example",))


def test_who_asks_without_the_upgrade_is_told_of_it() -> None:
    async def act(house: House) -> None:
        answer = await house.get("/message/socket")
        assert (answer.status, answer.json["data"]["code"]) == (426, "upgrade_required")

    play(act)


def test_who_never_reads_is_sent_away() -> None:
    """And is on no channel any more; others are told everything meanwhile."""

    async def act(house: House) -> None:
        loop = asyncio.get_running_loop()
        async with house.page("channel=room") as reader, house.socket("channel=room", close_timeout=0) as mute:
            mute.transport.pause_reading()
            await until(lambda: house.hub.count(ROOM) == 2)
            for number in range(400):
                house.hub.publish([ROOM], json.dumps({"model": {"n": number, "x": "x" * 60_000}}).encode())
                assert said([await reader.next()]) == [number]
            house.check(loop.time())
            house.check(loop.time() + exchange.WRITE_LIMIT + 1)
            await until(lambda: house.hub.count(ROOM) == 1)
            assert (await reader.ask("ping"))["type"] == "pong"

    play(act)


def test_who_asks_for_signs_of_life_and_reads_none_is_sent_away() -> None:
    """Who reads them may ask as often as it likes."""
    ping = b"\x89\xfd\0\0\0\0" + b"x" * 125

    async def act(house: House) -> None:
        async with house.page() as reader, house.socket("channel=room", close_timeout=0) as mute:
            for _ in range(MAX_PINGS + 10):
                reader.socket.transport.write(ping)
            assert (await reader.ask("ping"))["type"] == "pong"
            mute.transport.pause_reading()
            for _ in range(500):
                mute.transport.write(ping * 1000)
                await turns()
                if house.hub.count(ROOM) == 0:
                    break
            assert house.hub.count(ROOM) == 0
            assert (await reader.ask("ping"))["type"] == "pong"

    play(act)


def test_what_is_said_to_one_page_alone_does_not_pile_up() -> None:
    async def act(house: House) -> None:
        switchboard = house.switchboard
        visitor = switchboard.authority.visitor({}, None)
        connection = switchboard.connect(visitor, Wish(), FORM, with_own=True)
        for _ in range(MAX_NOTES - 1):
            connection.note("pong", {})
        before = connection.is_over
        connection.note("pong", {})
        assert (before, connection.is_over) == (False, True)
        switchboard.disconnect(connection)

    play(act)


def test_what_breaks_ends_the_connection_and_is_in_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame that breaks us is answered; a message that cannot be told would leave a page waiting in vain."""

    def broken(*args: object, **more: object) -> None:
        raise ZeroDivisionError

    async def act(house: House) -> None:
        async with house.page("channel=room") as page:
            monkeypatch.setattr(house.switchboard, "join", broken)
            refused = await page.ask("channelJoinAnon", channel="lobby")
            assert (refused["code"], refused["name"]) == (500, "GeneralError")
            monkeypatch.setattr(SocketForm, "message", broken)
            house.hub.publish([ROOM], b"{}")
            assert (await page.ended())[0] == 1011
        assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError] * 2
        await until(lambda: not house.hub.connections)

    play(act)


def test_when_the_server_ends_pages_are_told_what_was_said_and_then_goodbye() -> None:
    async def act(house: House) -> None:
        async with house.page("channel=room&rollup=60s") as page:
            house.hub.publish([ROOM], b'{"model":{"n":1}}')
            await house.hub.close()
            assert said([await page.next()]) == [1]
            assert (await page.ended())[0] == 1001
            with pytest.raises(InvalidStatus) as caught:
                async with house.socket():
                    pass
            assert caught.value.response.status_code == 503

    play(act)
