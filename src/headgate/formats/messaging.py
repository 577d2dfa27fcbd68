"""What is said to the messaging API of BetterForms: messages, the requests of servers, the frames of pages."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from headgate.errors import BadRequest
from headgate.formats import strict

MAX_ID = 100
"""Characters of a frame's id, which comes back with what it is answered with."""

MAX_PATTERNS = 50
"""Of one token, which has to fit into an address."""

MAX_LIFE = 24 * 3600
"""Seconds that a token may last: it cannot be taken back before."""

MAX_TEXT = 200
"""Characters of what names a user or a channel."""

Scope: TypeAlias = Literal["anonymous", "authenticated"]
Right: TypeAlias = Literal["subscribe", "publish"]
Mode: TypeAlias = Literal["ignore", "listen", "receive"]
Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]


class MessageObject(msgspec.Struct):
    """A message: what pages do with it."""

    actions: Annotated[
        list[dict[str, Any]] | None, msgspec.Meta(description="Actions that the page does, in their order.")
    ] = None
    model: Annotated[dict[str, Any] | None, msgspec.Meta(description="Merged into the page's own data.")] = None
    app: Annotated[dict[str, Any] | None, msgspec.Meta(description="Merged into the data of the whole app.")] = None


class SendRequest(msgspec.Struct):
    """A message, and where it goes."""

    message: msgspec.Raw
    channels: Any = None
    scope: Scope | None = None
    apiKey: Any = None


class ChannelEntry(msgspec.Struct, omit_defaults=True):
    """A channel, and what becomes of what its member says there."""

    name: str
    mode: Mode = "ignore"


class UserEntry(msgspec.Struct):
    """Somebody, and where it belongs."""

    id: Text
    channels: list[ChannelEntry]


class MembersRequest(msgspec.Struct):
    """Who belongs where, or does no longer."""

    users: list[UserEntry]
    apiKey: Any = None


class ChannelsRequest(msgspec.Struct):
    """Nothing but a key."""

    apiKey: Any = None


class UsersRequest(msgspec.Struct):
    """Whom to see."""

    channel: str | None = None
    apiKey: Any = None


class AllUsersRequest(msgspec.Struct, omit_defaults=True):
    """How much to see of whom."""

    includeUsers: bool = False
    dedupeUsers: bool = True
    apiKey: Any = None


class TokenRequest(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a token shall say."""

    user: Text | None = None
    email: Text | None = None
    channels: Annotated[list[Text], msgspec.Meta(min_length=1, max_length=MAX_PATTERNS)] | None = None
    rights: Annotated[list[Right], msgspec.Meta(min_length=1)] | None = None
    expires_in: Annotated[int, msgspec.Meta(ge=1, le=MAX_LIFE)] = 900
    apiKey: Any = None


class Frame(msgspec.Struct):
    """A frame of a client."""

    action: Annotated[str, msgspec.Meta(description="What to do.")]
    options: msgspec.Raw = msgspec.Raw(b"{}")
    id: int | Annotated[str, msgspec.Meta(max_length=MAX_ID)] | None = None
    """Comes back with the answer."""


class JoinOptions(msgspec.Struct):
    """Where to be."""

    channel: Any = None
    cursor: str | None = None
    history: Any = 0
    presence: bool = False
    token: str | None = None
    apiKey: str | None = None


class RenewOptions(msgspec.Struct):
    """Who somebody is from now on."""

    token: str | None = None
    apiKey: str | None = None


class RollupOptions(msgspec.Struct):
    """How often somebody wants to hear."""

    rollup: str


PARTS = ("actions", "model", "app")
_message = msgspec.json.Decoder(MessageObject)


def read_message(said: bytes | msgspec.Raw) -> bytes:
    """A message as it is told: JSON on one line; raises BadRequest for what is none."""
    message = strict.decode(_message, said)
    if all(part is None for part in (message.actions, message.model, message.app)):
        raise BadRequest("A message has 'actions', 'model' or 'app'.", code="empty_message", param="message")
    fields = {name: value for name in PARTS if (value := getattr(message, name)) is not None}
    return msgspec.json.encode(fields)
