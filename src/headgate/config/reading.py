"""Reads one section: from the file's table, with what the environment and the command line say instead."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from headgate.config.problems import Problems, nearest
from headgate.config.settings import Setting


class Override(NamedTuple):
    """A value that wins over the file's."""

    label: str
    """Where it came from: the variable or the option."""
    text: str


Overrides = Mapping[tuple[str, str], Override]
"""By section and name."""


def read_section(
    section: str,
    settings: Sequence[Setting],
    table: Mapping[str, object],
    problems: Problems,
    overrides: Overrides,
) -> dict[str, Any]:
    """The values that were given and are right; the others are left out, and become problems."""
    values = {}
    for setting in settings:
        given = _given(section, setting, table, overrides)
        if given is None:
            continue
        label, value = given
        try:
            values[setting.name] = setting.kind.read(value)
        except ValueError:
            shown = "" if setting.kind.is_secret else f", not {_shown(value)}"
            problems.add(f"{label} must be {setting.kind.words}{shown}.")
    known = [setting.name for setting in settings]
    for name in table:
        if name not in known:
            problems.add(f"[{section}] has no setting `{name}`; {nearest(name, known)}")
    return values


def table_of(section: str, value: object, problems: Problems) -> Mapping[str, object]:
    """What should be a table, as one; anything else is a problem, and empty."""
    if isinstance(value, dict):
        return value
    problems.add(f"[{section}] must be a section, not {_shown(value)}.")
    return {}


def _given(
    section: str, setting: Setting, table: Mapping[str, object], overrides: Overrides
) -> tuple[str, object] | None:
    override = overrides.get((section, setting.name))
    if override is not None:
        return override.label, setting.kind.parse(override.text)
    if setting.name in table:
        return f"[{section}] `{setting.name}`", table[setting.name]
    return None


def _shown(value: object) -> str:
    """A wrong value, short, as it was written."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a section"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
