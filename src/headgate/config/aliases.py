"""Short names for models."""

import re
from collections.abc import Mapping, Sequence

from headgate.config.assistants import AGENT, MODELS, is_section
from headgate.config.kinds import WEIGHTS
from headgate.config.problems import Problems, nearest
from headgate.config.providers import LOCAL, ProviderConfig
from headgate.providers.registry import SERVICES
from headgate.runs import Several

DEFAULT = "default"

_NAME = re.compile(r"[^\s/]+")
_MODEL = re.compile(r"[^\s/]+/\S+")
_WORDS = '"provider/model", a list of them in the order to ask them, or a table that gives each a weight'


def read_aliases(
    table: Mapping[str, object], providers: Sequence[ProviderConfig], problems: Problems
) -> dict[str, str | Several]:
    """
    The file's aliases, each checked to lead to a provider, and `default` and `agent`.

    `default` is the first provider's default model; when no provider has one, there is no such
    alias. `agent` is what `default` is, and so is a section that names no models.
    """
    aliases: dict[str, str | Several] = {}
    targets = {name: _models(target) for name, target in table.items()}
    for name, target in targets.items():
        if target is not None and (alias := _read(name, target, providers, problems)) is not None:
            aliases[name] = alias
    first = next((provider for provider in providers if provider.default_model), None)
    if first is not None and targets.get(DEFAULT) is None:
        aliases[DEFAULT] = f"{first.name}/{first.default_model}"
    for name in {**targets, AGENT: targets.get(AGENT)}:
        if targets.get(name) is None and name != DEFAULT:
            _stand_in(name, name in table, aliases, problems)
    return aliases


def _stand_in(name: str, is_said: bool, aliases: dict[str, str | Several], problems: Problems) -> None:
    """An alias that names no models means what `default` means."""
    if not _is_name(name, problems):
        return
    if DEFAULT in aliases:
        aliases[name] = aliases[DEFAULT]
    elif is_said:
        problems.add(f"[aliases.{name}] needs `{MODELS}`, for there is no alias `{DEFAULT}`.")


def _is_name(name: str, problems: Problems) -> bool:
    if _NAME.fullmatch(name):
        return True
    problems.add(f"[aliases] `{name}`: an alias must be a word without slashes.")
    return False


def _models(target: object) -> object:
    """What an alias names, however it is written; None for a section that names nothing."""
    return target.get(MODELS) if isinstance(target, dict) and is_section(target) else target


def _read(name: str, target: object, providers: Sequence[ProviderConfig], problems: Problems) -> str | Several | None:
    """The alias, or None when there was a problem with it."""
    if not _is_name(name, problems):
        return None
    label = f"[aliases] `{name}`"
    weights = _weights(target)
    names = list(target) if isinstance(target, list | dict) else [target]
    if weights is None or not names or not all(isinstance(one, str) and _MODEL.fullmatch(one) for one in names):
        problems.add(f"{label} must be {_WORDS}.")
        return None
    known = [*(other.name for other in providers), LOCAL]
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
