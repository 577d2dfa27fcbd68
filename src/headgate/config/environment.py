"""
What the environment says. The one place in the program that looks at it.

Everything that is ours begins with HEADGATE_, so that a wrong name can be told from a stranger's.
"""

import os
import re
from collections.abc import Mapping

from headgate.config.problems import Problems, nearest
from headgate.config.reading import Override
from headgate.config.settings import SINGLE_SETTINGS

CONFIG_VARIABLE = "HEADGATE_CONFIG"
KEY_VARIABLE = "HEADGATE_API_KEY"
URL_VARIABLE = "HEADGATE_URL"

VARIABLES: Mapping[str, str] = {
    CONFIG_VARIABLE: "The file to read instead of headgate.toml in the current folder.",
    KEY_VARIABLE: "A key named `default` that clients must send; the commands that are clients send it.",
    URL_VARIABLE: "The server that `headgate chat`, `runs` and `webhooks` talk to.",
}
"""The variables that are no setting of a section."""

_PREFIX = "HEADGATE_"
_BY_VARIABLE = {setting.variable: setting for setting in SINGLE_SETTINGS}
_LINK = re.compile(r"(tcp|udp|sctp)://")


def read_environment() -> Mapping[str, str]:
    """This process's environment, as it is now."""
    return dict(os.environ)


def overrides_in(environ: Mapping[str, str], problems: Problems) -> dict[tuple[str, str], Override]:
    """The settings that the environment gives; an empty variable gives none."""
    found = {}
    for name, text in environ.items():
        if not name.startswith(_PREFIX) or name in VARIABLES or _is_service_link(name, environ):
            continue
        setting = _BY_VARIABLE.get(name)
        if setting is None:
            problems.add(f"There is no variable {name}; {nearest(name, [*_BY_VARIABLE, *VARIABLES], '{}')}")
        elif text.strip():
            found[setting.section, setting.name] = Override(name, text.strip())
    return found


def _is_service_link(name: str, environ: Mapping[str, str]) -> bool:
    """
    Whether Kubernetes or Docker put it there.

    For a service called `headgate` every pod beside it gets HEADGATE_PORT=tcp://..., and with it
    HEADGATE_SERVICE_HOST, HEADGATE_PORT_8080_TCP_ADDR and more; none of them means us.
    """
    return any(
        name == link or name.startswith((f"{link}_", f"{link.removesuffix('_PORT')}_SERVICE_"))
        for link, text in environ.items()
        if link.startswith(_PREFIX) and link.endswith("_PORT") and _LINK.match(text)
    )
