"""What clients say: the options of their frames, and messages."""

from typing import Any

import msgspec

from headgate.calls import Fields
from headgate.channels import ChannelId, Scope, channel_id
from headgate.errors import BadRequest
from headgate.formats import messaging
from headgate.formats.messaging import Frame

MISSING_CHANNEL = "missing_channel"
NOT_AN_ARRAY = "channels_not_an_array"

NUMBERS = {MISSING_CHANNEL: 10130, NOT_AN_ARRAY: 10131}
MESSAGE_ERROR = 10132
"""BetterForms' own numbers for what goes wrong when somebody sends; the last is for all the rest."""

MAX_CHANNELS = 100
"""Of one message: each may be one that has to be made for it."""

_frame = msgspec.json.Decoder(Frame)


def read_frame(text: str | bytes) -> Frame:
    """A client's frame; raises BadRequest."""
    if isinstance(text, bytes):
        raise BadRequest("Frames must be text.", code="invalid_frame")
    try:
        return _frame.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadRequest(
            f'A frame is a JSON object such as {{"action": "ping"}}: {error}.', code="invalid_frame"
        ) from None


def read_channels(said: Any, scope: Scope) -> list[ChannelId]:
    """The channels that a message is for, as the client names them."""
    if said is None or said in ("", []):
        raise BadRequest("Say in 'channels' which channels the message is for.", code=MISSING_CHANNEL, param="channels")
    if not isinstance(said, list):
        raise BadRequest("'channels' must be an array of names.", code=NOT_AN_ARRAY, param="channels")
    if len(said) > MAX_CHANNELS:
        raise BadRequest(f"A message may be for {MAX_CHANNELS} channels.", code="too_many_channels", param="channels")
    return list(dict.fromkeys(channel_id(name, scope) for name in said))


def read_channel(said: Any, scope: Scope) -> ChannelId:
    """The channel to join, or to leave."""
    if said is None:
        raise BadRequest("Say in 'channel' which channel you mean.", code=MISSING_CHANNEL, param="channel")
    return channel_id(said, scope, param="channel")


def message_of(options: Fields) -> bytes:
    """The message that stands among the options of a frame."""
    parts = {name: options[name] for name in messaging.PARTS if name in options}
    return messaging.read_message(msgspec.json.encode(parts))
