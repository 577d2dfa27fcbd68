"""GET /message/socket and GET /message/stream."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import errors, messaging
from headgate.errors import BadRequest, Forbidden, Unauthorized, Unavailable
from headgate.formats.messaging import MessageObject
from headgate.web.doc import EVENT_STREAM, Answer, Content, Doc, Parameter

CURSOR = "t0hVv2uc:41"


class Sender(msgspec.Struct):
    """Whose message it is, as the server knows it."""

    id: str
    email: str | None


class Told(msgspec.Struct):
    """A frame of the server: a message on a channel, or something else, which has a `type`."""

    type: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    from_: Sender | UnsetType = msgspec.field(default=UNSET, name="from")
    cursor: str | UnsetType = UNSET
    """Who comes back with it gets what came after."""
    message: MessageObject | str | UnsetType = UNSET
    connectionId: str | UnsetType = UNSET
    channels: messaging.ActiveChannels | list[str] | UnsetType = UNSET
    user: messaging.Person | UnsetType | None = UNSET
    expires_at: int | UnsetType | None = UNSET
    count: int | UnsetType = UNSET
    joined: list[messaging.Person] | UnsetType = UNSET
    left: list[messaging.Person] | UnsetType = UNSET
    kept: int | UnsetType = UNSET
    since: float | UnsetType | None = UNSET
    name: str | UnsetType = UNSET
    code: int | UnsetType = UNSET
    className: str | UnsetType = UNSET
    data: messaging.FeathersData | UnsetType = UNSET
    errors: dict[str, str] | UnsetType = UNSET
    id: str | int | UnsetType = UNSET


_WORD: dict[str, Any] = {
    "actions": [
        {
            "action": "namedAction",
            "name": "assistantReceiveResultsStream",
            "options": {"type": "delta", "content": "Chuck"},
        }
    ]
}

_CONNECTED = {
    "connectionId": "5Jm4wvXmYbQpGJ6G1qCVzg",
    "channels": {"authenticated": [], "anonymous": ["anonymous", "tab|5Jm4wvXmYbQpGJ6G1qCVzg"]},
    "user": None,
    "expires_at": None,
}


def _query(name: str, description: str, type: Any = str) -> Parameter:
    return Parameter(name=name, place="query", description=description, type=type)


_PARAMETERS = (
    _query("channel", "A channel for everybody to be on; may be said several times."),
    _query("authenticated", "The same for a channel of members, with a token of one."),
    _query("inbox", "The same for what members of a channel say to the server, with a key."),
    _query("token", "A token, in place of a key."),
    _query("last_event_id", "A cursor that was told before: what came after it is told first, or that there is a gap."),
    _query("history", "How many of the last messages of each channel to be told, without a cursor.", int),
    _query(
        "rollup",
        "`100ms` for at most one piece in that time, with neighbouring words of one answer as one message; `latest` "
        "for only the newest message of each channel; or both with a comma between.",
    ),
    _query("presence", "`true` to be told who comes and goes on the channels that were asked for.", bool),
    _query(
        "session",
        "A secret of your own, of 16 characters or more: a connection that comes back with it has the same id, and "
        "the same channel for itself.",
    ),
)

_ERRORS = (
    BadRequest("A channel's name holds no control characters.", code="invalid_channel", param="channel"),
    errors.NO_KEY,
    Unauthorized("This token has expired.", code="token_expired"),
    Forbidden("You do not belong to the channel 'salesRoom'.", code="not_a_member"),
    Unavailable(
        "There are 100 connections with this key already.", code="too_many_connections", status=429, retry_after=5
    ),
    Unavailable("There are too many channels.", code="too_many_channels", retry_after=5),
)

SOCKET = Doc(
    summary="Be on channels, by a WebSocket",
    description=(
        "Many channels on one connection. It is on `anonymous` and on `tab|` and its own id from the start, and on all "
        "channels that its token's user belongs to. The client sends frames such as `"
        '{"action": "channelJoinAnon", "options": {"channel": "lobby"}, "id": 1}`; the actions are `channelJoinAnon`, '
        "`channelLeaveAnon`, `channelJoin`, `channelLeave`, `channelJoinInbox`, `channelLeaveInbox`, `messageSend`, "
        "`messageSendAnonChannel`, `authenticate`, `rollup` and `ping`. Joining takes a `cursor` or a `history`, and "
        "`presence`. An `id` comes back with the answer.\n\n"
        "The server sends messages as `{\"channel\", \"cursor\", \"message\"}`; whatever else it says has a `type`: "
        "`connected` (first of all), `joined`, `left`, `sent`, `gap`, `presence`, `authenticated`, `rollup`, `pong`, "
        "`expired`, `error`. Who sends much that cannot be understood, or does not read, is sent away."
    ),
    tag=messaging.TAG,
    parameters=_PARAMETERS,
    answers=(
        Answer(
            status=101,
            meaning="The connection is a WebSocket. Each of these is one frame of the server.",
            contents=(
                Content(
                    schema=Told,
                    examples={
                        "The first": {"type": "connected", **_CONNECTED, "cursor": "t0hVv2uc:40"},
                        "A message": {"channel": "anonymous", "cursor": CURSOR, "message": _WORD},
                        "A gap": {
                            "type": "gap", "channel": "lobby", "scope": "anonymous", "cursor": CURSOR, "kept": 3,
                            "since": 1795284000.5,
                        },
                        "An error": {
                            "type": "error",
                            "name": "BadRequest",
                            "message": "'channels' must be an array of names.",
                            "code": 400,
                            "className": "bad-request",
                            "data": {"code": "channels_not_an_array", "number": 10131},
                            "errors": {"channels": "'channels' must be an array of names."},
                            "id": 1,
                        },
                    },
                ),
            ),
        ),
    ),
    errors=(
        *_ERRORS,
        Forbidden("Pages of this origin may not open sockets here.", code="origin_not_allowed"),
        BadRequest(
            "This is a WebSocket: ask with 'Connection: Upgrade' and 'Upgrade: websocket'.",
            status=426,
            code="upgrade_required",
        ),
    ),
    error=messaging.FeathersError,
)  # fmt: skip

_STREAMED = (
    f"event: connected\nid: t0hVv2uc:40\ndata: {msgspec.json.encode(_CONNECTED).decode()}\n\n"
    f'id: {CURSOR}\ndata: {{"channel":"anonymous","message":{msgspec.json.encode(_WORD).decode()}}}\n\n'
)

STREAM = Doc(
    summary="Be on channels, by a stream of events",
    description=(
        "The same for an `EventSource`, or for curl. It is on the channels that are asked for and on `tab|` and its "
        "own id; without any on those that a socket would be on. Messages are events without a name; `connected` comes "
        "first, and there are `gap`, `presence`, `joined`, `left` and `expired`. The `id` of an event says where the "
        "stream is on all of its channels: an `EventSource` that lost its connection misses nothing."
    ),
    tag=messaging.TAG,
    parameters=(
        *_PARAMETERS,
        Parameter(name="Last-Event-ID", place="header", description="The same as `last_event_id`, and before it."),
    ),
    answers=(
        Answer(
            meaning="The events; the stream ends with the token, or the server.",
            contents=(Content(kind=EVENT_STREAM, schema=Told, examples={"A word": _STREAMED}),),
        ),
    ),
    errors=_ERRORS,
    error=messaging.FeathersError,
)
