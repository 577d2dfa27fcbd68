"""Short names for models."""

import re
from collections.abc import Mapping, Sequence

from headgate.config.problems import Problems, nearest
from headgate.config.providers import ProviderConfig
from headgate.providers.registry import SERVICES

DEFAULT = "default"
AGENT = "agent"

_NAME = re.compile(r"[^\s/]+")


def read_aliases(
    table: Mapping[str, object], providers: Sequence[ProviderConfig], problems: Problems
) -> dict[str, str]:
    """
    The file's aliases, each checked to lead to a provider, and `default` and `agent`.

    `default` is the first provider's default model; when no provider has one, there is no such
    alias. `agent` is what `default` is.
    """
    aliases = {}
    for name, target in table.items():
        if _is_right(name, target, providers, problems):
            aliases[name] = str(target)
    first = next((provider for provider in providers if provider.default_model), None)
    if first is not None and DEFAULT not in table:
        aliases[DEFAULT] = f"{first.name}/{first.default_model}"
    if DEFAULT in aliases and AGENT not in table:
        aliases[AGENT] = aliases[DEFAULT]
    return aliases


def _is_right(name: str, target: object, providers: Sequence[ProviderConfig], problems: Problems) -> bool:
    label = f"[aliases] `{name}`"
    if not _NAME.fullmatch(name):
        problems.add(f"{label}: an alias must be a word without slashes.")
        return False
    if not isinstance(target, str) or not re.fullmatch(r"[^\s/]+/\S+", target):
        problems.add(f'{label} must be "provider/model".')
        return False
    provider = target.partition("/")[0]
    names = [other.name for other in providers]
    if provider not in names:
        problems.add(f"{label} leads to the provider `{provider}`, which is not configured; {_help(provider, names)}")
        return False
    return True


def _help(provider: str, names: Sequence[str]) -> str:
    service = SERVICES.get(provider)
    if service is None:
        return nearest(provider, names)
    variable = service.key_variable or service.url_variable
    return f"set {variable}, or add [providers.{provider}]."
