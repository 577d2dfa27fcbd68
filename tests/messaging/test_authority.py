"""Who may do what on which channels: keys, tokens, members."""

import json
import time
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from headgate.channels import ChannelId
from headgate.dialects.messaging.tokens import Tokens
from tests.messaging.house import ALICE, BOB, Clock, House, play
from tests.messaging.house import house as made
from tests.messaging.test_pages import said
from tests.waiting import a_while, turns, until

SALES = ChannelId("sales", "authenticated")
KEYS = {ALICE: None, BOB: ("sales*", "tab|*")}
SERVER: dict[str, Any] = {"keys": KEYS}
"""Alice's key is for everything, Bob's for sales."""

BOTH = ["subscribe", "publish"]


async def refusal(house: House, query: str = "", key: str = "") -> tuple[int, str, str]:
    """How a socket is refused, and a stream must be, too."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    with pytest.raises(InvalidStatus) as caught:
        async with house.socket(query, additional_headers=headers):
            pass
    error = json.loads(caught.value.response.body)
    stream = await house.get(f"/message/stream?{query or 'channel=anonymous'}", key)
    assert (stream.status, stream.json["data"]) == (error["code"], error["data"])
    assert not house.hub.connections
    return error["code"], error["name"], error["data"]["code"]


# Coming in.


@pytest.mark.parametrize("key", ["", "wrong-key"])
def test_a_server_with_keys_takes_nobody_without_one(key: str) -> None:
    async def act(house: House) -> None:
        assert await refusal(house, key=key) == (401, "NotAuthenticated", "invalid_api_key")

    play(act, **SERVER)


@pytest.mark.parametrize(
    "key_of", [lambda key: {"authorization": f"Bearer {key}"}, lambda key: {"x-api-key": key}], ids=["bearer", "header"]
)
def test_a_key_opens_a_connection(key_of: Any) -> None:
    async def act(house: House) -> None:
        async with house.socket(additional_headers=key_of(ALICE)) as socket:
            assert json.loads(await socket.recv())["type"] == "connected"

    play(act, **SERVER)


def test_anybody_may_do_what_the_configuration_allows_on_channels_for_everybody() -> None:
    async def listen(house: House) -> None:
        async with house.page() as page:
            assert page.first["channels"]["anonymous"][0] == "anonymous"
            assert (await page.ask("channelJoinAnon", channel="room"))["type"] == "joined"
            refused = await page.ask("messageSendAnonChannel", channels=["room"], model={})
            assert (refused["code"], refused["data"]) == (403, {"code": "right_missing", "number": 10132})
            assert (await page.ask("channelJoin", channel="sales"))["code"] == 401
            assert (await page.ask("channelJoinInbox", channel="sales"))["code"] == 403
        await until(lambda: not house.hub.connections)
        assert (await refusal(house, key="wrong-key"))[0] == 401
        assert (await house.post("sendmessage", {"channels": ["room"], "message": {"model": {}}})).status == 401

    async def send(house: House) -> None:
        async with house.page("channel=room") as page:
            assert (await page.ask("messageSendAnonChannel", channels=["room"], model={"n": 1}))["type"] == "sent"
            assert said(await page.heard()) == [1]
            assert (await page.ask("messageSend", channels=["sales"], model={}))["code"] == 401

    play(listen, anonymous="listen", **SERVER)
    play(send, anonymous="send", **SERVER)


def test_a_key_may_be_for_some_channels_only() -> None:
    async def act(house: House) -> None:
        assert await refusal(house, "channel=room", BOB) == (403, "Forbidden", "channel_not_allowed")
        async with house.page("channel=sales-1", BOB) as page:
            assert page.first["channels"]["anonymous"] == ["sales-1", f"tab|{page.id}"]
            for action, options in (
                ("channelJoinAnon", {"channel": "room"}),
                ("channelJoinInbox", {"channel": "room"}),
                ("messageSendAnonChannel", {"channels": ["sales-1", "room"], "model": {"n": 1}}),
                ("messageSend", {"channels": ["room"], "model": {}}),
            ):
                refused = await page.ask(action, **options)
                assert (refused["code"], refused["data"]["code"]) == (403, "channel_not_allowed"), action
            assert (await page.ask("messageSendAnonChannel", channels=["sales-1"], model={"n": 2}))["type"] == "sent"
            assert said(await page.heard()) == [2]

    play(act, **SERVER)


# Tokens.


def test_a_token_is_what_it_says() -> None:
    """Whose, for which channels, for what; a key's own bounds remain."""

    async def act(house: House) -> None:
        token = await house.token(ALICE, channels=["room*"])
        async with house.page(f"token={token}&channel=room-1") as page:
            assert page.first["channels"]["anonymous"] == ["room-1", f"tab|{page.id}"]
            assert page.first["expires_at"] > time.time()
            assert (await page.ask("channelJoinAnon", channel="other"))["data"]["code"] == "channel_not_allowed"
            assert (await page.ask("messageSendAnonChannel", channels=["room-1"], model={}))["data"] == {
                "code": "right_missing", "number": 10132
            }  # fmt: skip
        token = await house.token(BOB, rights=["publish"])
        assert await until_gone(house)
        assert await refusal(house, f"token={token}&channel=sales-1") == (403, "Forbidden", "right_missing")
        async with house.page(f"token={token}") as page:
            assert page.first["channels"]["anonymous"] == [f"tab|{page.id}"]
            assert (await page.ask("messageSendAnonChannel", channels=["sales-1"], model={}))["type"] == "sent"
            assert (await page.ask("messageSendAnonChannel", channels=["room"], model={}))["code"] == 403

    play(act, **SERVER)


async def until_gone(house: House) -> bool:
    """Nobody is connected."""
    await until(lambda: not house.hub.connections)
    return True


def test_a_token_that_is_none_opens_nothing() -> None:
    async def act(house: House) -> None:
        token = await house.token(ALICE, user="U1")
        body, _, signature = token.partition(".")
        for wrong in (
            "",
            "x",
            body,
            f"{body}.",
            f".{signature}",
            f"{body}x.{signature}",
            f"{token[:-2]}xx",
            "." * 5000,
        ):
            code, name, _ = await refusal(house, f"token={wrong}")
            assert (code, name) == (401, "NotAuthenticated")

        async with made(**SERVER) as elsewhere:
            foreign = await elsewhere.token(ALICE)
        assert await refusal(house, f"token={foreign}") == (401, "NotAuthenticated", "invalid_token")

    play(act, **SERVER)


def test_a_token_dies_with_its_key() -> None:
    async def act(house: House) -> None:
        token = await house.token(ALICE)
        _, claims = house.switchboard.authority.tokens.read(token, 0)
        forged = Tokens(lambda: house.parts.engine.store.secret, {"gone": b""}).make("gone", claims)
        assert await refusal(house, f"token={forged}") == (401, "NotAuthenticated", "invalid_token")

    play(act, **SERVER)


def test_a_connection_ends_with_its_token_unless_it_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(house: House) -> None:
        clock = Clock(monkeypatch)
        short, longer = await house.token(user="U1", expires_in=100), await house.token(user="U1", expires_in=500)
        quiet: Any = {"ping_interval": None}
        async with house.page(f"token={short}", **quiet) as page, house.page(f"token={short}", **quiet) as other:
            renewed = await page.ask("authenticate", token=longer)
            assert (renewed["type"], renewed["user"]) == ("authenticated", {"id": "U1", "email": None})
            clock.ahead = 200.0
            assert (await other.next())["type"] == "expired"
            assert await other.ended() == (1008, "The token has expired.")
            assert (await page.ask("ping"))["type"] == "pong"
            clock.ahead = 600.0
            assert (await page.ended())[0] == 1008

    play(act)


def test_who_is_sent_away_is_not_listened_to_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes to read what came before the goodbye."""

    async def act(house: House) -> None:
        clock = Clock(monkeypatch)
        token = await house.token(rights=BOTH, expires_in=100)
        quiet: Any = {"ping_interval": None}
        async with house.page("channel=room", **quiet) as other, house.page(f"token={token}", **quiet) as page:
            page.socket.transport.pause_reading()
            for _ in range(400):
                house.hub.publish([ChannelId(f"tab|{page.id}")], json.dumps({"model": {"x": "x" * 60_000}}).encode())
                await turns(2)
            await other.heard()
            clock.ahead = 101.0
            await until(lambda: any(each.is_expired for each in house.switchboard.connections))
            await page.socket.send(
                '{"action":"messageSendAnonChannel","options":{"channels":["room"],"model":{"n":1}}}'
            )
            await page.socket.send('{"action":"channelJoinAnon","options":{"channel":"another"}}')
            await a_while()
            assert said(await other.heard()) == []
            assert house.hub.count(ChannelId("another")) == 0
            page.socket.transport.abort()

    play(act)


def test_a_connection_stays_its_users() -> None:
    async def act(house: House) -> None:
        one, other = await house.token(user="U1"), await house.token(user="U2")
        async with house.page() as page:
            assert (await page.ask("authenticate"))["data"]["code"] == "missing_required_parameter"
            assert (await page.ask("authenticate", token="x"))["code"] == 401
            assert (await page.ask("authenticate", token=one))["user"]["id"] == "U1"
            assert (await page.ask("authenticate", token=other))["data"]["code"] == "other_user"
            assert (await page.ask("channelJoinAnon", channel="room", token=other))["type"] == "error"
            assert len(house.switchboard.connections) == 1

    play(act)


def test_a_token_for_less_takes_the_page_off_the_rest() -> None:
    async def act(house: House) -> None:
        async with house.page("channel=a&channel=b", ALICE) as page:
            answer = await page.ask("authenticate", token=await house.token(ALICE, channels=["b"]))
            assert answer["type"] == "authenticated"
            left = [frame["channel"] for frame in await page.heard() if frame["type"] == "left"]
            assert left == ["a", "anonymous"]
            assert house.hub.count(ChannelId("b")) == 1
            assert house.hub.count(ChannelId(f"tab|{page.id}")) == 1

    play(act, **SERVER)


def test_a_key_may_come_in_a_frame() -> None:
    """As BetterForms' own pages did it once; whoever is nobody yet becomes somebody."""

    async def act(house: House) -> None:
        async with house.page() as page:
            assert (await page.ask("channelJoinAnonymous", channel="room", apiKey="wrong-key"))["code"] == 401
            assert (await page.ask("channelJoinAnonymous", channel="room", apiKey=ALICE))["type"] == "joined"
            assert (await page.ask("messageSendAnonChannel", channels=["room"], model={}))["type"] == "sent"

    play(act, anonymous="listen", **SERVER)


# Members.


def test_only_members_are_on_a_channel_for_members() -> None:
    async def act(house: House) -> None:
        await house.add(U1=["sales"])
        member, other = await house.token(user="U1"), await house.token(user="U2")
        nobody = await house.token()
        assert await refusal(house, "authenticated=sales") == (401, "NotAuthenticated", "user_needed")
        assert await refusal(house, f"authenticated=sales&token={nobody}") == (401, "NotAuthenticated", "user_needed")
        assert await refusal(house, f"authenticated=sales&token={other}") == (403, "Forbidden", "not_a_member")
        async with house.page(f"token={other}") as page:
            assert (await page.ask("channelJoin", channel="sales"))["data"]["code"] == "not_a_member"
        async with house.page(f"token={member}") as page:
            assert page.first["channels"]["authenticated"] == ["sales"]
            house.hub.publish([ChannelId("sales")], b'{"model":{"n":0}}')
            house.hub.publish([SALES], b'{"model":{"n":1}}')
            told = await page.heard()
            assert (said(told), told[0]["scope"]) == ([1], "authenticated")

    play(act)


def test_a_token_in_a_frame_makes_somebody_of_a_page() -> None:
    """It is on all channels that its user belongs to, at once."""

    async def act(house: House) -> None:
        await house.add(U1=["sales", "support"])
        token = await house.token(user="U1", email="ann@example.com")
        async with house.page() as page:
            assert (await page.ask("channelJoin", channel="sales"))["code"] == 401
            joined = await page.ask("channelJoin", channel="sales", token=token)
            assert (joined["type"], joined["scope"]) == ("joined", "authenticated")
            assert {frame["channel"] for frame in await page.heard()} == {"sales", "support"}
            users = (await house.post("users", {"channel": "sales"})).json
            assert users == {"sales": [{"id": "U1", "email": "ann@example.com"}]}

    play(act)


def test_who_is_added_is_there_at_once_and_who_is_removed_is_gone() -> None:
    async def act(house: House) -> None:
        token = await house.token(user="U1")
        narrow = await house.token(user="U1", channels=["other"])
        async with house.page(f"token={token}") as page, house.page(f"token={narrow}") as kept_out:
            async with await house.stream(f"channel=room&token={token}") as stream:
                await stream.next()
                await house.add(U1=["sales"])
                assert (await page.next())["type"] == "joined"
                assert house.hub.count(SALES) == 1
                await house.remove(U1=["sales"])
                left = await page.next()
                assert (left["type"], left["channel"], left["scope"]) == ("left", "sales", "authenticated")
                assert house.hub.count(SALES) == 0
                house.hub.publish([ChannelId("room")], b'{"n":1}')
                assert (await stream.next()).event == ""
            assert (await page.ask("channelJoin", channel="sales"))["data"]["code"] == "not_a_member"
            assert await kept_out.heard() == []

    play(act)


def test_whose_message_it_is_says_the_server() -> None:
    """To others, as it knows it by the token, whatever the page says."""

    async def act(house: House) -> None:
        await house.add(U1=["sales"], U2=["sales"])
        sender = await house.token(user="U1", email="ann@example.com", rights=BOTH)
        async with house.page(f"token={sender}") as page, house.page(f"token={await house.token(user='U2')}") as other:
            narrow = await house.token(user="U1", channels=["other"])
            async with house.page(f"token={narrow}") as kept_out:
                assert kept_out.first["channels"]["authenticated"] == []
            await page.ask("messageSend", channels=["sales"], model={"n": 1}, **{"from": {"id": "U9"}})
            (told,) = await other.heard()
            assert told["from"] == {"id": "U1", "email": "ann@example.com"}
            refused = await other.ask("messageSend", channels=["sales"], model={"n": 2})
            assert (refused["code"], refused["data"]["number"]) == (403, 10132)
            refused = await page.ask("messageSend", channels=["sales", "support"], model={"n": 3})
            assert refused["data"]["code"] == "not_a_member"
            assert said(await other.heard()) == []

    play(act)


@pytest.mark.parametrize(
    ("mode", "page_hears", "server_hears"), [("ignore", [1], []), ("listen", [1], [1]), ("receive", [], [1])]
)
def test_a_members_mode_says_who_hears_it(mode: str, page_hears: list[int], server_hears: list[int]) -> None:
    async def act(house: House) -> None:
        await house.add(ALICE, mode, U1=["sales"])
        await house.add(ALICE, U2=["sales"])
        sender = await house.token(ALICE, user="U1", rights=BOTH)
        other = await house.token(ALICE, user="U2", rights=BOTH)
        async with (
            house.page("inbox=sales", ALICE) as server,
            house.page(f"token={sender}") as page,
            house.page(f"token={other}") as reader,
        ):
            assert (await page.ask("channelJoinInbox", channel="sales"))["data"]["code"] == "key_needed"
            await page.ask("messageSend", channels=["sales"], model={"n": 1})
            assert said(await reader.heard()) == page_hears
            told = await server.heard()
            assert said(told) == server_hears
            assert all((frame["channel"], frame["from"]["id"]) == ("inbox|sales", "U1") for frame in told)
            sent = await house.post(
                "sendmessage", {"apiKey": ALICE, "channels": ["sales"], "message": {"model": {"n": 2}}}
            )
            assert sent.status == 201
            assert said(await reader.heard()) == [2]
            await server.ask("channelLeaveInbox", channel="sales")
            await page.ask("messageSend", channels=["sales"], model={"n": 3})
            assert said(await server.heard()) == []

    play(act, **SERVER)


def test_a_page_is_on_as_many_of_its_users_channels_as_there_is_room_for() -> None:
    async def act(house: House) -> None:
        await house.add(U1=[f"c{number}" for number in range(9)])
        async with house.page(f"token={await house.token(user='U1')}&channel=room") as page:
            assert sum(len(names) for names in page.first["channels"].values()) == 5
            await house.add(U1=["late"])
            assert await page.heard() == []

    play(act, channels_per_connection=5)


def test_members_see_who_comes_and_goes() -> None:
    async def act(house: House) -> None:
        await house.add(U1=["sales"], U2=["sales"])
        one, two = await house.token(user="U1"), await house.token(user="U2")
        async with house.page(f"token={one}&authenticated=sales&presence=true") as page:
            async with house.page(f"token={two}"):
                came = await page.next()
                assert (came["count"], came["joined"], came["left"]) == (2, [{"id": "U2", "email": None}], [])
            assert (await page.next())["left"] == [{"id": "U2", "email": None}]

    play(act)
