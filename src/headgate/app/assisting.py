"""Aliases that bring functions, held against the functions that there are."""

from headgate.config import Config, ConfigError
from headgate.config.assistants import unknown_functions
from headgate.tools import Toolbox


def check_assistants(config: Config, toolbox: Toolbox) -> None:
    """Raise ConfigError where one brings a function that will never be here."""
    # What MCP servers have is known only once they are there; their prefixes are known before.
    prefixes = tuple(server.prefix for server in config.functions.servers)
    if problems := list(unknown_functions(config.assistants, toolbox.names(""), prefixes)):
        raise ConfigError(problems, config.source)
