"""Aliases that bring functions, held against the functions that there are."""

from headgate.config import Config
from headgate.config.problems import Problems, nearest
from headgate.tools import Toolbox


def check_assistants(config: Config, toolbox: Toolbox) -> None:
    """Raise ConfigError where one brings a function that will never be here."""
    problems, known = Problems(), toolbox.names("")
    # What MCP servers have is known only once they are there; their prefixes are known before.
    prefixes = tuple(server.prefix for server in config.functions.servers)
    for alias, assistant in config.assistants.items():
        for name in assistant.functions:
            if name not in known and not name.startswith(prefixes):
                problems.add(
                    f"[aliases.{alias}] brings the function `{name}`, which there is not; {nearest(name, known)}"
                )
    problems.check(config.source)
