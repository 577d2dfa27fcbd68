"""What is looked at in the requests of servers, beyond their form."""

import re
from collections.abc import Sequence

from headgate.channels import channel_id
from headgate.dialects.messaging.visitors import INBOX, TAB
from headgate.errors import BadRequest, TooLarge
from headgate.formats.messaging import MembersRequest
from headgate.store.base import Member

MAX_PAIRS = 10_000
"""Users times channels in one request; they are kept in one transaction."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def members_of(asked: MembersRequest) -> list[Member]:
    """All pairs of users and channels; raises BadRequest, TooLarge."""
    if sum(len(user.channels) for user in asked.users) > MAX_PAIRS:
        raise TooLarge(f"A request may name {MAX_PAIRS} channels of users.", code="too_many_members", param="users")
    return [
        Member(_channel_of(entry.name), check_text(user.id, "users.id"), entry.mode)
        for user in asked.users
        for entry in user.channels
    ]


def check_text(said: str, param: str) -> str:
    """A user's id, which is shown to others; raises BadRequest for one that is no plain text."""
    if _CONTROL.search(said):
        raise BadRequest(f"'{param}' holds control characters.", code="invalid_value", param=param)
    return said


def check_patterns(patterns: Sequence[str]) -> tuple[str, ...]:
    """The channels that a token is for, each once."""
    return tuple(dict.fromkeys(channel_id(pattern).name for pattern in patterns))


def _channel_of(name: str) -> str:
    if name.startswith((TAB, INBOX)):
        raise BadRequest(f"Nobody belongs to '{name}': such names are not for members.", code="invalid_channel")
    return channel_id(name, "authenticated", param="users.channels.name").name
