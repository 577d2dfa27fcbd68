"""Short names for models."""

import re
from collections.abc import Mapping, Sequence

from headgate.config.kinds import WEIGHTS
from headgate.config.problems import Problems, nearest
from headgate.config.providers import ProviderConfig
from headgate.providers.registry import SERVICES
from headgate.runs import Several

DEFAULT = "default"
AGENT = "agent"

_NAME = re.compile(r"[^\s/]+")
_MODEL = re.compile(r"[^\s/]+/\S+")
_WORDS = '"provider/model", a list of them in the order to ask them, or a table that gives each a weight'


def read_aliases(
    table: Mapping[str, object], providers: Sequence[ProviderConfig], problems: Problems
) -> dict[str, str | Several]:
    """
    The file's aliases, each checked to lead to a provider, and `default` and `agent`.

    `default` is the first provider's default model; when no provider has one, there is no such
    alias. `agent` is what `default` is.
    """
    aliases: dict[str, str | Several] = {}
    for name, target in table.items():
        if (alias := _read(name, target, providers, problems)) is not None:
            aliases[name] = alias
    first = next((provider for provider in providers if provider.default_model), None)
    if first is not None and DEFAULT not in table:
        aliases[DEFAULT] = f"{first.name}/{first.default_model}"
    if DEFAULT in aliases and AGENT not in table:
        aliases[AGENT] = aliases[DEFAULT]
    return aliases


def _read(name: str, target: object, providers: Sequence[ProviderConfig], problems: Problems) -> str | Several | None:
    """The alias, or None when there was a problem with it."""
    label = f"[aliases] `{name}`"
    if not _NAME.fullmatch(name):
        problems.add(f"{label}: an alias must be a word without slashes.")
        return None
    weights = _weights(target)
    names = list(target) if isinstance(target, list | dict) else [target]
    if weights is None or not names or not all(isinstance(one, str) and _MODEL.fullmatch(one) for one in names):
        problems.add(f"{label} must be {_WORDS}.")
        return None
    known = [other.name for other in providers]
    for provider in (str(one).partition("/")[0] for one in names):
        if provider not in known:
            help = _help(provider, known)
            problems.add(f"{label} leads to the provider `{provider}`, which is not configured; {help}")
            return None
    return str(names[0]) if len(names) == 1 else Several(tuple(map(str, names)), weights)


def _weights(target: object) -> tuple[float, ...] | None:
    """Those of a table, none for anything else; None when one is no weight."""
    if not isinstance(target, dict):
        return ()
    try:
        return WEIGHTS.read(list(target.values()))
    except ValueError:
        return None


def _help(provider: str, names: Sequence[str]) -> str:
    service = SERVICES.get(provider)
    if service is None:
        return nearest(provider, names)
    variable = service.key_variable or service.url_variable
    return f"set {variable}, or add [providers.{provider}]."
