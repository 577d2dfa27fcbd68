"""Parts for models to play: a prompt, and who plays it."""

import re
from collections.abc import Collection, Mapping, Sequence

import msgspec

from headgate.config.problems import Problems, nearest
from headgate.config.providers import ProviderConfig
from headgate.config.reading import read_section, table_of
from headgate.config.settings import PERSONALITY_SETTINGS, PersonalitySection
from headgate.errors import BadRequest
from headgate.formats import openai_chat
from headgate.formats.purai import Personality

PERSONALITIES = "personalities"
"""The name of the table in [purai] that holds a section for each."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_NOT_DEFAULTS = ("model", "messages", "stream", "fallbacks")
"""Fields that are the request's own to say."""


def find_personalities(
    table: Mapping[str, object], providers: Sequence[ProviderConfig], aliases: Collection[str], problems: Problems
) -> dict[str, Personality]:
    """The personalities of the file, in its order."""
    for name in table:
        if name != PERSONALITIES:
            problems.add(f"[purai] has no setting `{name}`; {nearest(name, [PERSONALITIES])}")
    tables = table_of(f"purai.{PERSONALITIES}", table.get(PERSONALITIES, {}), problems)
    known = [provider.name for provider in providers]
    found = (_personality(name, value, known, aliases, problems) for name, value in tables.items())
    return {personality.name: personality for personality in found if personality is not None}


def _personality(
    name: str, value: object, providers: Collection[str], aliases: Collection[str], problems: Problems
) -> Personality | None:
    section = f"purai.{PERSONALITIES}.{name}"
    if not _NAME.fullmatch(name):
        problems.add(f"[{section}]: a personality's name may hold letters, digits, dots, hyphens and underscores only.")
        return None
    table = table_of(section, value, problems)
    given = PersonalitySection(**read_section(section, PERSONALITY_SETTINGS, table, problems, {}))
    if not given.prompt and "prompt" not in table:
        problems.add(f"[{section}] needs a `prompt`.")
    for model in given.models:
        first, _, rest = model.partition("/")
        if rest and model not in aliases and first not in providers:
            problems.add(f"[{section}] `models`: the provider of `{model}` is not configured.")
    _check_defaults(section, given.defaults, problems)
    return Personality(
        name=name,
        prompt=given.prompt,
        models=given.models,
        blocked=frozenset(given.blocked_models),
        owner=given.owner,
        is_nsfw=given.nsfw,
        defaults=given.defaults,
    )


def _check_defaults(section: str, defaults: Mapping[str, object], problems: Problems) -> None:
    """They must be what a request may say."""
    for name in _NOT_DEFAULTS:
        if name in defaults:
            problems.add(f"[{section}] `defaults` must not have `{name}`.")
            return
    request = {"model": "m", "messages": [{"role": "user", "content": ""}], **defaults}
    try:
        openai_chat.read(msgspec.json.encode(request))
    except BadRequest as error:
        problems.add(f"[{section}] `defaults`: {error.message}")
