"""What servers ask for: messages, members, who is there. A whole server, real sockets."""

import json
from typing import Any

import pytest

from headgate.channels import ChannelId
from headgate.dialects import feathers
from headgate.errors import HeadgateError, Tried
from tests.messaging.house import ALICE, BOB, House, play
from tests.messaging.test_pages import ALERT, said

NAMES = ["sendmessage", "adduser", "removeuser", "channels", "users", "allusers", "tokens"]
BODIES: dict[str, Any] = {
    "sendmessage": {"message": ALERT, "channels": ["room"]},
    "adduser": {"users": [{"id": "U1", "channels": [{"name": "room", "mode": "ignore"}]}]},
    "removeuser": {"users": [{"id": "U1", "channels": [{"name": "room"}]}]},
}
KEYS: Any = {ALICE: None, BOB: ("sales*",)}
NONE = ChannelId("room")


@pytest.mark.parametrize("name", NAMES)
def test_a_key_may_stand_in_the_body_or_in_the_head(name: str) -> None:
    """A wrong one is refused as Feathers does it, whatever else is wrong."""

    async def act(house: House) -> None:
        body = BODIES.get(name, {})
        assert (await house.post(name, {**body, "apiKey": ALICE})).status == 201
        assert (await house.post(name, body, ALICE)).status == 201
        for wrong in ({**body, "apiKey": "wrong"}, body, {"apiKey": 5}, {"apiKey": {"a": 1}}, {"channels": 5}):
            answer = await house.post(name, wrong)
            error = answer.json
            assert (answer.status, error["name"], error["code"]) == (401, "NotAuthenticated", 401)
            assert error["className"] == "not-authenticated"
            assert (error["data"], error["errors"]) == ({"code": "invalid_api_key"}, {})
            assert "www-authenticate" in answer.head

    play(act, keys=KEYS)


def test_a_key_is_a_text() -> None:
    async def act(house: House) -> None:
        assert (await house.post("channels", {"apiKey": 12345678})).status == 401
        assert (await house.post("channels", {"apiKey": "12345678"})).status == 201

    play(act, keys={"12345678": None})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", [b"junk", b"[]", b"5", b"\xff\xfe", b'{"a":', b"[" * 3000])
def test_a_body_that_is_none_is_refused(name: str, body: bytes) -> None:
    async def act(house: House) -> None:
        answer = await house.post(name, body)
        assert (answer.status, answer.json["name"]) == (400, "BadRequest")

    play(act)


# Sending.


def test_a_message_reaches_everybody_who_is_there() -> None:
    """It is answered with what was asked, but not with the key."""

    async def act(house: House) -> None:
        async with (
            house.page("channel=room", ALICE) as page,
            await house.stream("channel=room&channel=lobby", ALICE) as stream,
        ):
            await stream.next()
            body = {"message": ALERT, "channels": ["room", "lobby"], "apiKey": ALICE, "domain": "my.domain.com"}
            answer = await house.post("sendmessage", body)
            assert (answer.status, answer.json) == (201, {key: body[key] for key in body if key != "apiKey"})
            (told,) = await page.heard()
            assert (told["channel"], told["message"]) == ("room", ALERT)
            assert "from" not in told
            assert json.loads((await stream.next()).data) == {"channel": "room", "message": ALERT}
            assert ALICE.encode() not in answer.body

    play(act, keys=KEYS)


def test_a_message_is_told_on_one_line_whatever_it_was_written_on() -> None:
    """And without what no message has."""

    async def act(house: House) -> None:
        async with await house.stream("channel=room") as stream:
            await stream.next()
            message = b'{"model": {"a\\u2028": "b\\n\\u2029"},\n\n "evil": 1, "app": null}'
            body = b'{\n"channels": "room",\r\n "message": %b}' % message
            assert (await house.post("sendmessage", body)).status == 201
            told = json.loads((await stream.next()).data)
            assert told["message"] == {"model": {"a\u2028": "b\n\u2029"}}

    play(act)


def test_a_name_that_somebody_belongs_to_means_the_members_channel() -> None:
    """Unless it is said which kind is meant."""

    async def act(house: House) -> None:
        await house.add(U1=["room"])
        token = await house.token(user="U1")
        async with house.page("channel=room") as stranger, house.page(f"token={token}") as member:
            for number, scope in enumerate((None, "anonymous", "authenticated")):
                body = {"message": {"model": {"n": number}}, "channels": ["room"], "scope": scope}
                assert (await house.post("sendmessage", body)).status == 201
            assert said(await stranger.heard()) == [1]
            assert said(await member.heard()) == [0, 2]
            await house.remove(U1=["room"])
            await house.post("sendmessage", {"message": {"model": {"n": 3}}, "channels": ["room"]})
            assert said(await stranger.heard()) == [3]

    play(act)


SENDS: dict[str, tuple[Any, int, str]] = {
    "no_channels": ({"message": ALERT}, 400, "missing_channel"),
    "empty_channels": ({"message": ALERT, "channels": []}, 400, "missing_channel"),
    "an_empty_channel": ({"message": ALERT, "channels": [""]}, 400, "invalid_channel"),
    "a_control_character": ({"message": ALERT, "channels": ["a\x7f"]}, 400, "invalid_channel"),
    "half_a_character": ({"message": ALERT, "channels": ["a\x85"]}, 400, "invalid_channel"),
    "too_many_channels": ({"message": ALERT, "channels": [str(n) for n in range(101)]}, 400, "too_many_channels"),
    "a_long_name": ({"message": ALERT, "channels": ["a" * 201]}, 400, "invalid_channel"),
    "channels_as_an_object": ({"message": ALERT, "channels": {"a": 1}}, 400, "channels_not_an_array"),
    "channels_as_numbers": ({"message": ALERT, "channels": [1]}, 400, "invalid_channel"),
    "no_message": ({"channels": ["room"]}, 400, "missing_required_parameter"),
    "a_message_of_text": ({"message": "hello", "channels": ["room"]}, 400, "invalid_value"),
    "an_empty_message": ({"message": {}, "channels": ["room"]}, 400, "empty_message"),
    "an_unknown_scope": ({"message": ALERT, "channels": ["room"], "scope": "all"}, 400, "invalid_value"),
    "too_large": ({"message": {"model": {"a": "x" * 1024}}, "channels": ["room"]}, 413, "message_too_large"),
}


@pytest.mark.parametrize("name", SENDS)
def test_a_message_that_is_wrong_is_refused(name: str) -> None:
    body, status, code = SENDS[name]

    async def act(house: House) -> None:
        answer = await house.post("sendmessage", body)
        assert (answer.status, answer.json["data"]["code"]) == (status, code)
        assert house.hub.kept(NONE) == []

    play(act, max_message=1024)


def test_a_key_for_some_channels_sends_and_sees_no_others() -> None:
    async def act(house: House) -> None:
        async with house.page("channel=room&channel=sales-1", ALICE) as page:
            for body in (
                {"message": ALERT, "channels": ["sales-1", "room"]},
                {"message": ALERT, "channels": [f"tab|{page.id}"]},
            ):
                answer = await house.post("sendmessage", body, BOB)
                assert (answer.status, answer.json["name"]) == (403, "Forbidden")
            assert await page.heard() == []
            for name in ("adduser", "removeuser"):
                assert (await house.post(name, BODIES[name], BOB)).status == 403
            assert (await house.post("channels", {}, BOB)).json == {"authenticated": [], "anonymous": ["sales-1"]}
            assert (await house.post("users", {}, BOB)).json == {"sales-1": 1}
            assert (await house.post("users", {"channel": "room"}, BOB)).status == 403
            assert (await house.post("allusers", {"includeUsers": True}, BOB)).json["data"]["code"] == "key_restricted"
            assert (await house.post("allusers", {}, BOB)).json["_total"] == {"authenticated": 0, "anonymous": 1}

    play(act, keys=KEYS)


# Members.

MEMBERS: dict[str, tuple[Any, str]] = {
    "no_users": ({}, "missing_required_parameter"),
    "users_as_text": ({"users": "U1"}, "invalid_value"),
    "an_empty_id": ({"users": [{"id": "", "channels": []}]}, "invalid_value"),
    "a_long_id": ({"users": [{"id": "x" * 201, "channels": []}]}, "invalid_value"),
    "a_control_character_in_an_id": ({"users": [{"id": "U\n1", "channels": [{"name": "a"}]}]}, "invalid_value"),
    "a_control_character_in_a_name": ({"users": [{"id": "U1", "channels": [{"name": "a\n"}]}]}, "invalid_channel"),
    "no_name": ({"users": [{"id": "U1", "channels": [{"mode": "ignore"}]}]}, "missing_required_parameter"),
    "an_unknown_mode": ({"users": [{"id": "U1", "channels": [{"name": "a", "mode": "loud"}]}]}, "invalid_value"),
    "a_tab": ({"users": [{"id": "U1", "channels": [{"name": "tab|x"}]}]}, "invalid_channel"),
    "an_inbox": ({"users": [{"id": "U1", "channels": [{"name": "inbox|x"}]}]}, "invalid_channel"),
    "too_many": (
        {"users": [{"id": f"U{user}", "channels": [{"name": f"{n}"} for n in range(101)]} for user in range(100)]},
        "too_many_members",
    ),
}


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("path", ["adduser", "removeuser"])
def test_members_that_are_wrong_are_refused(path: str, name: str) -> None:
    """All of them, or none are added."""
    body, code = MEMBERS[name]

    async def act(house: House) -> None:
        if "users" in body and isinstance(body["users"], list):
            good = {"id": "U9", "channels": [{"name": "room"}]}
            answer = await house.post(path, {"users": [good, *body["users"]]})
        else:
            answer = await house.post(path, body)
        assert (answer.status in (400, 413), answer.json["data"]["code"]) == (True, code)
        assert not house.hub.members.has("room")

    play(act)


def test_users_are_told_back_each_once() -> None:
    async def act(house: House) -> None:
        entry = {"id": "U1", "channels": [{"name": "a", "mode": "listen"}]}
        body = {"users": [entry, {"id": "U2", "channels": []}, {**entry, "channels": [{"name": "b"}]}]}
        assert (await house.post("adduser", body)).json == {"users": ["U1", "U2"]}
        assert house.hub.members.channels("U1") == {"a": "listen", "b": "ignore"}
        assert (await house.post("removeuser", {"users": [entry]})).json == {"users": ["U1"]}
        assert house.hub.members.channels("U1") == {"b": "ignore"}

    play(act)


# Who is there.


def test_who_is_there_is_told() -> None:
    """Of members who they are, of anybody else how many; and each tab is somebody's."""

    async def act(house: House) -> None:
        await house.add(U1=["sales"])
        token = await house.token(user="U1", email="ann@example.com")
        ann = {"id": "U1", "email": "ann@example.com"}
        async with (
            house.page(f"token={token}") as first,
            house.page(f"token={token}") as second,
            house.page("channel=lobby") as third,
            house.page("inbox=sales") as server,
        ):
            channels = (await house.post("channels", {})).json
            assert channels == {"authenticated": ["sales"], "anonymous": ["anonymous", "lobby"]}
            nobody = {"id": None, "email": None}
            tabs: dict[str, Any] = {f"tab|{page.id}": ann for page in (first, second)}
            tabs.update({f"tab|{page.id}": nobody for page in (third, server)})
            assert (await house.post("users", {})).json == {"sales": [ann, ann], "anonymous": 4, "lobby": 1, **tabs}
            assert (await house.post("users", {"channel": "lobby"})).json == {"lobby": 1}
            assert (await house.post("users", {"channel": f"tab|{first.id}"})).json == {f"tab|{first.id}": ann}
            assert (await house.post("users", {"channel": "nowhere"})).json == {}
            assert (await house.post("users", {"channel": "a\n"})).status == 400
            counts = {"authenticated": 2, "anonymous": 2}
            assert (await house.post("allusers", {})).json == {"local": counts, "_total": counts}
            known = {"authenticated": 1, "anonymous": 2}
            assert (await house.post("allusers", {"includeUsers": True})).json == {
                "local": {"authenticated": [ann], "authenticatedCount": 1, "anonymous": 2}, "_total": known
            }  # fmt: skip
            twice = (await house.post("allusers", {"includeUsers": True, "dedupeUsers": False})).json
            assert twice["local"]["authenticated"] == [ann, ann]
            assert twice["_total"] == counts

    play(act)


def test_members_are_told_of_where_both_kinds_have_a_name() -> None:
    async def act(house: House) -> None:
        await house.add(U1=["room"])
        async with house.page(f"token={await house.token(user='U1')}&channel=room"):
            assert (await house.post("users", {"channel": "room"})).json == {"room": [{"id": "U1", "email": None}]}

    play(act)


# Tokens.

TOKENS: dict[str, Any] = {
    "an_unknown_field": {"users": "U1"},
    "too_long_a_life": {"expires_in": 86401},
    "no_life": {"expires_in": 0},
    "an_unknown_right": {"rights": ["delete"]},
    "no_rights": {"rights": []},
    "no_channels": {"channels": []},
    "an_empty_channel": {"channels": [""]},
    "a_control_character": {"channels": ["a\n"]},
    "too_many_channels": {"channels": ["a"] * 51},
    "a_user_of_numbers": {"user": 1},
    "an_empty_user": {"user": ""},
    "a_user_with_a_newline": {"user": "U\n1"},
    "an_address_with_a_newline": {"user": "U1", "email": "a\nb"},
    "more_than_fits": {"channels": ["x" * 198 + str(number) for number in range(10, 50)]},
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_that_is_wrong_is_not_made(name: str) -> None:
    async def act(house: House) -> None:
        answer = await house.post("tokens", TOKENS[name])
        assert answer.status in (400, 413)
        assert "token" not in answer.json

    play(act)


def test_a_token_is_told_with_what_it_says() -> None:
    async def act(house: House) -> None:
        asked = {"user": "U1", "channels": ["b*", "a", "a"], "rights": ["publish", "publish"], "expires_in": 60}
        answer = await house.post("tokens", asked)
        assert "cache-control: no-store" in answer.head
        told = answer.json
        assert (told["user"], told["channels"], told["rights"]) == ("U1", ["b*", "a"], ["publish"])
        owner, claims = house.switchboard.authority.tokens.read(told["token"], told["expires_at"] - 1)
        assert (owner, claims.user, claims.channels) == ("anybody", "U1", ("b*", "a"))

    play(act)


def test_an_error_tells_what_was_tried_and_when_to_come_again() -> None:
    tried = Tried("openai", "m", 500, "server_error", "It broke.")
    told = {
        "provider": "openai",
        "model": "m",
        "status": 500,
        "code": "server_error",
        "message": "It broke.",
        "key": "",
    }
    error = HeadgateError("No.", status=504, code="gone", param="a.b", retry_after=2, attempts=(tried,))
    assert feathers.error_object(error) == {
        "name": "GeneralError",
        "message": "No.",
        "code": 504,
        "className": "general-error",
        "data": {
            "code": "gone",
            "retryAfter": 2,
            "attempts": [told],
        },
        "errors": {"a.b": "No."},
    }  # fmt: skip
