"""What models cost: the file's own section, and the list that comes with Headgate."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from headgate.config.problems import Problems, nearest
from headgate.config.providers import LOCAL, SIMULATOR, ProviderConfig
from headgate.config.reading import table_of
from headgate.providers.registry import COMPATIBLE, SERVICES
from headgate.runs.price import Price

MONEY = ("input", "output", "cached", "cache_write", "cache_write_1h", "reasoning", "audio_input", "audio_output")
OF_SOUNDS = {"characters": "dollars for a million characters", "minute": "dollars for a minute"}
ABOVE, LONG, LIKE = "above", "long", "like"

MOST = 1e6
"""Dollars for a million tokens; whatever is more is a slip."""


@cache
def common_prices() -> Mapping[str, Price]:
    """The list that comes with Headgate: by service and model."""
    text = files("headgate").joinpath("config/prices.toml").read_text(encoding="utf-8")
    problems = Problems()
    prices = {
        f"{service}/{model}": price
        for service, table in tomllib.loads(text).items()
        for model, said in table.items()
        if (price := _price(f"{service}/{model}", said, problems)) is not None
    }
    problems.check(None)
    return prices


def services(providers: Sequence[ProviderConfig]) -> dict[str, str]:
    """Which well-known service each provider is; one at an address of its own may charge what it likes."""
    known = {}
    for provider in providers:
        if provider.is_simulator:
            known[provider.name] = SIMULATOR
        elif provider.service is not None and _is_itself(provider):
            known[provider.name] = provider.service.name
    return known


def read_prices(
    table: Mapping[str, object], providers: Sequence[ProviderConfig], problems: Problems
) -> dict[str, Price]:
    """The prices of the file, by provider and model."""
    prices = {}
    names = [*(provider.name for provider in providers), LOCAL]
    for name, said in table.items():
        provider, slash, model = name.partition("/")
        if not slash or not model or name.count("*") > 1 or "*" in provider:
            problems.add(f'[prices."{name}"] must be named "provider/model"; the model may hold one `*`.')
        elif provider not in names and provider not in SERVICES:
            # One that is known may well be configured elsewhere, by a key in the environment.
            help = nearest(provider, names)
            problems.add(f'[prices."{name}"] is for the provider `{provider}`, which is not configured; {help}')
        elif (price := _price(name, said, problems)) is not None:
            prices[name] = price
    return prices


def _is_itself(provider: ProviderConfig) -> bool:
    service = provider.service
    if service is None or service is COMPATIBLE:
        return False
    # A machine of the user's own stays that wherever it is; a service of the internet is itself at its own address,
    # or under its own name, which is how one writes that it is behind a proxy.
    is_local = not service.key_variable
    return is_local or service.base_url in ("", provider.base_url) or provider.name == service.name


def _price(name: str, said: object, problems: Problems) -> Price | None:
    section = f'prices."{name}"'
    table = table_of(section, said, problems)
    if LIKE in table:
        if len(table) > 1 or not isinstance(table[LIKE], str) or "/" not in str(table[LIKE]):
            problems.add(f'[{section}] `like` must be another name, "provider/model", and stand alone.')
            return None
        return Price(like=str(table[LIKE]))
    if any(name in table for name in OF_SOUNDS):
        return Price(**_of_sounds(section, table, problems))
    values = _money(section, table, problems)
    above, long = table.get(ABOVE), table.get(LONG)
    if (above is None) != (long is None):
        problems.add(f"[{section}] needs both `above` and `long`, or neither.")
    elif above is not None:
        if isinstance(above, bool) or not isinstance(above, int) or above < 1:
            problems.add(f"[{section}] `above` must be a number of tokens.")
        values[ABOVE], values[LONG] = (
            above,
            Price(**_money(f"{section}.long", _table(section, long, problems), problems)),
        )
    known = (*MONEY, *OF_SOUNDS, ABOVE, LONG, LIKE)
    for key in table:
        if key not in known:
            problems.add(f"[{section}] has no setting `{key}`; {nearest(key, known)}")
    return Price(**values)


def _table(section: str, long: object, problems: Problems) -> Mapping[str, object]:
    return table_of(f"{section}.long", long, problems)


def _of_sounds(section: str, table: Mapping[str, object], problems: Problems) -> dict[str, Any]:
    """A price that is not for tokens."""
    for key in table:
        if key not in OF_SOUNDS:
            problems.add(f"[{section}] `{key}` cannot stand beside {' or '.join(f'`{name}`' for name in OF_SOUNDS)}.")
    return {
        name: _dollars(section, name, table[name], what, problems) for name, what in OF_SOUNDS.items() if name in table
    }


def _dollars(section: str, name: str, value: object, what: str, problems: Problems) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
        problems.add(f"[{section}] `{name}` must be {what}, 0 or more.")
        return 0.0
    return float(value)


def _money(section: str, table: Mapping[str, object], problems: Problems) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in MONEY:
        if name in table:
            values[name] = _dollars(section, name, table[name], "dollars for a million tokens", problems)
    if values and ("input" not in values or "output" not in values):
        problems.add(f"[{section}] needs an `input` and an `output`.")
    return values
