"""Who is told of every run's end, and how messages are signed."""

import re
from collections.abc import Mapping

import msgspec

from headgate.config.kinds import SIGNING_SECRET
from headgate.config.problems import Problems
from headgate.config.reading import read_section, table_of
from headgate.config.secret import Secret
from headgate.config.settings import ENDPOINT_SETTINGS, EndpointSection, Webhooks
from headgate.errors import BadRequest
from headgate.net.guard import Guard
from headgate.store.base import Hook
from headgate.webhooks.checking import check_hook

ENDPOINTS = "endpoints"
"""The name of the table in [webhooks] that holds a section for each."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class EndpointConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A receiver of messages about all runs."""

    name: str
    url: str
    events: frozenset[str]
    secrets: tuple[Secret, ...]
    """What its messages are signed with, at least one."""


def secrets_of(webhooks: Webhooks) -> tuple[Secret, ...]:
    """What is configured for all messages: the secret, and the one before while there is one."""
    return tuple(secret for secret in (webhooks.secret, webhooks.previous_secret) if secret is not None)


def find_endpoints(
    tables: Mapping[str, object], webhooks: Webhooks, environ: Mapping[str, str], problems: Problems
) -> tuple[EndpointConfig, ...]:
    """The endpoints of the file, in its order."""
    found = (_endpoint(name, value, webhooks, environ, problems) for name, value in tables.items())
    return tuple(endpoint for endpoint in found if endpoint is not None)


def _endpoint(
    name: str, value: object, webhooks: Webhooks, environ: Mapping[str, str], problems: Problems
) -> EndpointConfig | None:
    section = f"webhooks.{ENDPOINTS}.{name}"
    if not _NAME.fullmatch(name):
        problems.add(f"[{section}]: an endpoint's name may hold letters, digits, dots, hyphens and underscores only.")
        return None
    table = table_of(section, value, problems)
    given = EndpointSection(**read_section(section, ENDPOINT_SETTINGS, table, problems, {}))
    if not given.url:
        if "url" not in table:
            problems.add(f"[{section}] needs a `url`.")
        return None
    try:
        check_hook(Guard(webhooks.allow), Hook(given.url, ""))
    except BadRequest as error:
        problems.add(f"[{section}] `url`: {error.message}")
        return None
    secret = _secret(section, given, environ, problems)
    secrets = secrets_of(webhooks) if secret is None else (secret,)
    if not secrets:
        problems.add(
            f"[{section}] needs a `secret`, or one for all under [webhooks]: whsec_ and the output of "
            "`openssl rand -base64 32`."
        )
    return EndpointConfig(name=name, url=given.url, events=given.events, secrets=secrets)


def _secret(section: str, given: EndpointSection, environ: Mapping[str, str], problems: Problems) -> Secret | None:
    if given.secret is not None and given.secret_env is not None:
        problems.add(f"[{section}] must have `secret` or `secret_env`, not both.")
    if given.secret is not None or given.secret_env is None:
        return given.secret
    if not environ.get(given.secret_env):
        problems.add(f"[{section}] reads its secret from the variable {given.secret_env}, which is not set.")
        return None
    try:
        return SIGNING_SECRET.read(environ[given.secret_env])
    except ValueError:
        problems.add(f"{given.secret_env} must be {SIGNING_SECRET.words}.")
        return None
