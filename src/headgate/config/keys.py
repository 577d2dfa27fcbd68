"""The keys that clients must send."""

from collections.abc import Mapping

import msgspec

from headgate.config.environment import KEY_VARIABLE
from headgate.config.kinds import SECRET
from headgate.config.problems import Problems, nearest
from headgate.config.secret import Secret
from headgate.keys import ANYBODY

MIN_LENGTH = 8
"""Shorter ones can be guessed over a network in days."""

DEFAULT_NAME = "default"

SETTINGS = ("key", "key_env", "channels", "functions")


class Key(msgspec.Struct, frozen=True):
    """A key, and the name that its runs belong to."""

    name: str
    secret: Secret
    channels: tuple[str, ...] | None = None
    """The patterns of the channels it may use; None for all."""
    functions: tuple[str, ...] | None = None
    """The same for functions."""


def read_keys(table: Mapping[str, object], environ: Mapping[str, str], problems: Problems) -> tuple[Key, ...]:
    """
    The keys of the file and the environment, in that order.

    Whatever is wrong with one is a problem: a key that was silently left out could leave the
    server open.
    """
    found: dict[str, Secret] = {}
    channels: dict[str, tuple[str, ...] | None] = {}
    functions: dict[str, tuple[str, ...] | None] = {}
    if ANYBODY in table:
        problems.add(f"[keys] `{ANYBODY}` is how a server without keys calls its clients; give the key another name.")
    for name, value in table.items():
        label = f"[keys] `{name}`"
        text = _text_of(label, value, environ, problems)
        if text is not None and (secret := _secret(label, text, problems)) is not None:
            found[name] = secret
        channels[name] = _patterns_of(label, value, "channels", "sales-*", problems)
        functions[name] = _patterns_of(label, value, "functions", "get_*", problems)
    if KEY_VARIABLE in environ and (secret := _secret(KEY_VARIABLE, environ[KEY_VARIABLE], problems)) is not None:
        found[DEFAULT_NAME] = secret
    _check_different(found, problems)
    return tuple(Key(name, secret, channels.get(name), functions.get(name)) for name, secret in found.items())


def _text_of(label: str, value: object, environ: Mapping[str, str], problems: Problems) -> object | None:
    """The key's text, whichever way it was written; None when that was a problem."""
    if not isinstance(value, dict):
        return value
    for name in value:
        if name not in SETTINGS:
            problems.add(f"{label} has no setting `{name}`; {nearest(name, SETTINGS)}")
    if ("key" in value) == ("key_env" in value):
        problems.add(f"{label} must have either `key` or `key_env`.")
        return None
    if "key" in value:
        text: object = value["key"]
        return text
    variable = value["key_env"]
    if not isinstance(variable, str) or not environ.get(variable):
        problems.add(f"{label} reads its key from the variable {variable}, which is not set.")
        return None
    return environ[variable]


def _patterns_of(label: str, value: object, setting: str, example: str, problems: Problems) -> tuple[str, ...] | None:
    """The patterns of what a key is for; a problem where they are none, as it would be for all otherwise."""
    if not isinstance(value, dict) or setting not in value:
        return None
    said = value[setting]
    if not isinstance(said, list) or not said or not all(isinstance(each, str) and each for each in said):
        problems.add(f'{label} must have `{setting}` as a list of names or patterns, such as ["{example}"].')
        return ()
    return tuple(said)


def _secret(label: str, text: object, problems: Problems) -> Secret | None:
    try:
        secret = SECRET.read(text)
    except ValueError:
        problems.add(f"{label} must be {SECRET.words}, of at least {MIN_LENGTH} characters.")
        return None
    if len(secret.reveal()) < MIN_LENGTH:
        problems.add(f"{label} must have at least {MIN_LENGTH} characters.")
        return None
    return secret


def _check_different(keys: Mapping[str, Secret], problems: Problems) -> None:
    names: dict[Secret, str] = {}
    for name, secret in keys.items():
        other = names.setdefault(secret, name)
        if other != name:
            problems.add(f"The keys `{other}` and `{name}` are the same, so nobody could tell whose a run is.")
