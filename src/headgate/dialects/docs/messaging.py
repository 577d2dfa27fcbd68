"""The endpoints by which servers speak to pages on channels."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import errors
from headgate.errors import BadRequest, Forbidden, TooLarge, Unavailable
from headgate.formats import messaging as requests
from headgate.formats.messaging import MessageObject, Right
from headgate.web.doc import Answer, Content, Doc, Tag

TAG = Tag(
    "Messaging",
    "Channels: pages listen on them, by a WebSocket or a stream of events, and servers and pages send messages there. "
    "The API is BetterForms' own, as far as that is documented.",
)

KEY = "BFAPI_xxxxxxxx-xxxxxx-xxxxxx"

_KEY_FIELD = "The key, where it does not come in a header."


class AttemptOfCall(msgspec.Struct):
    """One of several attempts that all failed."""

    provider: str
    model: str
    status: int
    code: str
    message: str
    key: str


class FeathersData(msgspec.Struct):
    """What a program can look at."""

    code: Annotated[str, msgspec.Meta(description="What is wrong, in a word that does not change.")]
    number: Annotated[
        int | UnsetType, msgspec.Meta(description="BetterForms' own number, of errors that pages are told of.")
    ] = UNSET
    retryAfter: float | UnsetType = UNSET
    attempts: list[AttemptOfCall] | UnsetType = UNSET


class FeathersError(msgspec.Struct):
    """The body of every answer that is no success."""

    name: str
    message: str
    code: int
    className: str
    data: FeathersData
    errors: Annotated[dict[str, str], msgspec.Meta(description="The field that is wrong, and why.")]


class SendMessageRequest(msgspec.Struct):
    """A message, and where it goes."""

    message: MessageObject
    channels: list[str] | str
    scope: requests.Scope | None = None
    apiKey: str | None = None


class SentMessage(msgspec.Struct):
    """What was sent: the request without its key."""

    message: MessageObject
    channels: list[str] | str
    scope: requests.Scope | None = None


class UserIds(msgspec.Struct):
    """The users that the request named."""

    users: list[str]


class ActiveChannels(msgspec.Struct):
    """The channels that somebody is on."""

    authenticated: list[str]
    anonymous: list[str]


class Person(msgspec.Struct):
    """A user; null for somebody who did not say and prove it."""

    id: str | None
    email: str | None


class PlaceCounts(msgspec.Struct):
    """How many connections there are."""

    anonymous: int
    authenticated: int | list[Person]
    authenticatedCount: int | UnsetType = UNSET


class AllUsers(msgspec.Struct, rename={"total": "_total"}):
    """How many there are, by data centre; there is one."""

    local: PlaceCounts
    total: PlaceCounts


class SubscribeToken(msgspec.Struct):
    """What a page brings in place of a key."""

    token: Annotated[str, msgspec.Meta(description="Goes as `?token=` to the socket and the stream.")]
    expires_at: Annotated[int, msgspec.Meta(description="Unix seconds.")]
    user: str | None
    channels: list[str]
    rights: list[Right]


MESSAGE = {
    "actions": [
        {"action": "showAlert", "options": {"title": "Hello", "text": "From the server.", "type": "information"}}
    ],
    "model": {"unread": 3},
}

_ERRORS = (
    BadRequest("Say in 'channels' which channels the message is for.", code="missing_channel", param="channels"),
    errors.NO_KEY,
    Forbidden("This key may not use the channel 'salesRoom'.", code="channel_not_allowed"),
)

_NAMES = {"apiKey": _KEY_FIELD}


def _doc(
    summary: str, description: str, request: Content, meaning: str, answer: Content, *more: Any, first: Any = _ERRORS
) -> Doc:
    return Doc(
        summary=summary,
        description=description,
        tag=TAG,
        request=request,
        answers=(Answer(status=201, meaning=meaning, contents=(answer,)),),
        errors=(*first, *more),
        error=FeathersError,
    )


SEND = _doc(
    "Send a message",
    (
        "Everybody who is on one of the channels is told, once. A name that somebody belongs to means the channel of "
        "its members, any other the one that is for everybody; `scope` says it expressly. `tab|` and a connection's id "
        "is the channel that one connection has for itself. A channel that nobody is on is no error."
    ),
    Content(
        schema=SendMessageRequest,
        examples={"An alert": {"message": MESSAGE, "channels": ["salesRoom"], "apiKey": KEY}},
        fields={
            **_NAMES,
            "channels": "Their names; a single one may stand without an array.",
            "scope": "Which kind of channels is meant.",
        },
    ),
    "It is on its way.",
    Content(schema=SentMessage, examples={"Sent": {"message": MESSAGE, "channels": ["salesRoom"]}}),
    TooLarge("A message may have 65536 bytes.", code="message_too_large", param="message"),
    Unavailable("There are too many channels.", code="too_many_channels", retry_after=5),
)

_MEMBERS = {"apiKey": KEY, "users": [{"id": "U1", "channels": [{"name": "salesRoom", "mode": "listen"}]}]}

_MEMBERS_REQUEST = Content(schema=requests.MembersRequest, examples={"One user": _MEMBERS}, fields=_NAMES)

_WRONG_MODE = BadRequest(
    "Invalid value for 'users[0].channels[0].mode': invalid enum value 'loud'.",
    param="users[0].channels[0].mode",
    code="invalid_value",
)

ADD = _doc(
    "Have users belong to channels",
    (
        "Only members may be on such a channel. Their connections are on it at once, and from the start whenever they "
        "come again, also after a restart. The mode says what becomes of what the user sends there: `ignore` (to "
        "everybody who is on it), `listen` (to the server as well), `receive` (to the server alone, which may send it "
        "on). The server hears it on the channel's inbox."
    ),
    _MEMBERS_REQUEST,
    "They belong there.",
    Content(schema=UserIds, examples={"One user": {"users": ["U1"]}}),
    _WRONG_MODE,
    errors.STORE_GONE,
)

REMOVE = _doc(
    "Have users belong to channels no longer",
    "Their connections leave the channels at once. The modes do not matter.",
    _MEMBERS_REQUEST,
    "They do not belong there.",
    Content(schema=UserIds, examples={"One user": {"users": ["U1"]}}),
    errors.STORE_GONE,
)

_ONLY_KEY = (errors.NO_KEY,)

CHANNELS = _doc(
    "List active channels",
    "The channels that at least one connection is on, without those that connections have for themselves.",
    Content(schema=requests.ChannelsRequest, examples={"By key": {"apiKey": KEY}}, fields=_NAMES),
    "Their names.",
    Content(
        schema=ActiveChannels, examples={"Some": {"authenticated": ["salesRoom"], "anonymous": ["anonymous", "lobby"]}}
    ),
    first=_ONLY_KEY,
)

USERS = _doc(
    "See who is on channels",
    (
        "By channel: of those for members who is there, of those for everybody how many, and of a connection's own "
        "whose it is."
    ),
    Content(
        schema=requests.UsersRequest,
        examples={"All": {"apiKey": KEY}, "One channel": {"apiKey": KEY, "channel": "salesRoom"}},
        fields={**_NAMES, "channel": "Only this one."},
    ),
    "Who is there.",
    Content(
        schema=dict[str, int | Person | list[Person]],  # type: ignore[arg-type]
        examples={
            "Some": {
                "tab|5Jm4wvXmYbQpGJ6G1qCVzg": {"id": "U1", "email": "ann@example.com"},
                "salesRoom": [{"id": "U1", "email": "ann@example.com"}],
                "anonymous": 3,
            }
        },
    ),
    Forbidden("This key may not use the channel 'salesRoom'.", code="channel_not_allowed"),
    first=_ONLY_KEY,
)

ALL_USERS = _doc(
    "Count connections",
    (
        "All there are, by data centre and together. `includeUsers` tells who they are, each once unless "
        "`dedupeUsers` is false."
    ),
    Content(
        schema=requests.AllUsersRequest,
        examples={"Counts": {"apiKey": KEY}, "Users": {"apiKey": KEY, "includeUsers": True}},
        fields=_NAMES,
    ),
    "How many there are.",
    Content(
        schema=AllUsers,
        examples={
            "Counts": {
                "local": {"authenticated": 12, "anonymous": 4},
                "_total": {"authenticated": 12, "anonymous": 4},
            },
            "Users": {
                "local": {
                    "authenticated": [{"id": "U1", "email": "ann@example.com"}],
                    "authenticatedCount": 1,
                    "anonymous": 4,
                },
                "_total": {"authenticated": 1, "anonymous": 4},
            },
        },
    ),
    Forbidden("This key is for some channels only, and may not see all users.", code="key_restricted"),
    first=_ONLY_KEY,
)

TOKEN = _doc(
    "Make a token for a page",
    (
        "A page must not hold a key. Its own server asks for a token, which says who the page's user is, which "
        "channels it is for and what it allows there; the page opens its socket or stream with it. It is of no "
        "use when it has expired, and cannot be taken back before, other than with the key it was made with."
    ),
    Content(
        schema=requests.TokenRequest,
        examples={
            "To listen": {"apiKey": KEY, "user": "U1", "channels": ["sales*"]},
            "To send too": {
                "apiKey": KEY,
                "user": "U1",
                "email": "ann@example.com",
                "rights": ["subscribe", "publish"],
                "expires_in": 3600,
            },
        },
        fields={
            **_NAMES,
            "user": "Who the page's user is. Without one, the token is good for channels that are for everybody.",
            "email": "Shown to others beside the user's id.",
            "channels": "Names, in which `*` stands for anything. A key's own bounds remain.",
            "rights": "What it allows.",
            "expires_in": "For how many seconds.",
        },
    ),
    "The token.",
    Content(
        schema=SubscribeToken,
        examples={
            "To listen": {
                "token": "eyJleHBpcmVzIjoxNzk1Mjg1MDAwfQ.Q2hlY2tlZC4",
                "expires_at": 1795285000,
                "user": "U1",
                "channels": ["sales*"],
                "rights": ["subscribe"],
            }
        },
    ),
    BadRequest(
        "Invalid value for 'expires_in': expected 'integer' <= 86400.", param="expires_in", code="invalid_value"
    ),
    first=_ONLY_KEY,
)
