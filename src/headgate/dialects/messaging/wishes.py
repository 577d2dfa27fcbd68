"""What a connection wants, as its address says it: the same for WebSockets and for streams."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from headgate.channels import AT_ONCE, ChannelId, Pace, Place, channel_id
from headgate.dialects.messaging.visitors import INBOX
from headgate.errors import BadRequest

MAX_HISTORY = 1_000_000

MIN_SESSION, MAX_SESSION = 16, 200
"""Characters; a session is a secret, and short ones can be guessed."""

_STEP = 0.01
_MIN_ROLLUP, _MAX_ROLLUP = 0.01, 60.0
"""Seconds; in steps, as there is a clock for each."""

_ROLLUP = re.compile(r"([0-9]{1,6})(ms|s)")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Where a connection wants to be, and how it wants to hear."""

    channels: tuple[ChannelId, ...] = ()
    place: Place = Place()
    pace: Pace = AT_ONCE
    watches: bool = False
    """It wants to be told who comes and goes."""
    session: str | None = None
    token: str | None = None


def read_wish(scope: Any, headers: Mapping[bytes, bytes]) -> Wish:
    """The wish of an address; raises BadRequest."""
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    single = dict(pairs)
    channels = [channel_id(value, param="channel") for name, value in pairs if name == "channel"]
    for name, value in pairs:
        if name == "authenticated":
            channels.append(channel_id(value, "authenticated", param=name))
        elif name == "inbox":
            channels.append(inbox_of(channel_id(value, "authenticated", param=name)))
    cursor = headers.get(b"last-event-id", b"").decode("latin-1") or single.get("last_event_id") or None
    return Wish(
        channels=tuple(dict.fromkeys(channels)),
        place=Place(cursor=cursor, history=read_history(single.get("history", 0))),
        pace=read_pace(single.get("rollup", "")),
        watches=_read_flag(single, "presence"),
        session=_read_session(single.get("session")),
        token=single.get("token"),
    )


def inbox_of(channel: ChannelId) -> ChannelId:
    """Where the server hears what is said on a channel."""
    return ChannelId(INBOX + channel.name, "authenticated")


def read_history(said: object) -> int:
    """How many messages are wanted of the past."""
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 8:
        said = int(said)
    if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said <= MAX_HISTORY:
        raise BadRequest(
            f"'history' is a number of messages, from 0 to {MAX_HISTORY}.", param="history", code="invalid_value"
        )
    return said


def read_pace(said: str) -> Pace:
    """`100ms`, `2s`, `latest`, or both with a comma between; nothing for at once."""
    rollup, latest = 0.0, False
    for part in said.split(",") if said else ():
        found = _ROLLUP.fullmatch(part)
        if part == "latest":
            latest = True
        elif found is not None:
            seconds = int(found[1]) / (1000 if found[2] == "ms" else 1)
            rollup = round(seconds / _STEP) * _STEP
        is_time = found is not None and _MIN_ROLLUP <= rollup <= _MAX_ROLLUP
        if not is_time and part != "latest":
            raise BadRequest(
                "'rollup' is a time from 10ms to 60s, or 'latest', or both with a comma between.",
                param="rollup",
                code="invalid_value",
            )
    return Pace(rollup=rollup, latest=latest)


def _read_flag(single: Mapping[str, str], name: str) -> bool:
    said = single.get(name, "false")
    if said not in ("true", "1", "false", "0"):
        raise BadRequest(f"'{name}' is true or false.", param=name, code="invalid_value")
    return said in ("true", "1")


def _read_session(said: str | None) -> str | None:
    if said is not None and not MIN_SESSION <= len(said) <= MAX_SESSION:
        raise BadRequest(
            f"'session' is a secret of your own, of {MIN_SESSION} to {MAX_SESSION} characters.",
            param="session",
            code="invalid_value",
        )
    return said
