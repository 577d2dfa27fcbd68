"""`headgate check`: is the configuration right, and what does it come to?"""

from pathlib import Path

from headgate.cli.screen import complain
from headgate.cli.summary import facts
from headgate.config import Config, ConfigError, load, read_environment
from headgate.config.assistants import TODOS, unknown_functions


def run(path: Path | None) -> int:
    """Print what was found; returns the exit code."""
    try:
        config = load(path, read_environment())
    except ConfigError as error:
        complain_about(error)
        return 2
    if problem := _problem(config):
        complain(problem)
        return 2
    print(f"{'file':12}{config.source or 'none: there is no headgate.toml in this folder'}")
    for label, sentence in facts(config):
        print(f"{label:12}{sentence}")
    others = {name: target for name, target in config.aliases.items() if name != "default"}
    for number, (name, target) in enumerate(others.items()):
        brought = config.assistants[name].functions if name in config.assistants else ()
        functions = f", with {', '.join(brought)}" if brought else ""
        print(f"{'' if number else 'aliases':12}{name} = {target}{functions}")
    for note in config.notes:
        print(f"{'note':12}{note}")
    return 0


def _problem(config: Config) -> str:
    """What is wrong with functions, some of which have to be loaded to be known; "" when nothing is."""
    known = [*TODOS, *(service.name for service in config.functions.services)]
    if config.functions.python.is_used:
        from headgate.tools.python import CannotLoad, Threads, load_functions

        python = config.functions.python
        try:
            loaded = load_functions(python.modules, python.entry_points, config.functions.folders, Threads(1))
        except CannotLoad as error:
            return error.message
        known += [function.name for function in loaded]
    prefixes = tuple(server.prefix for server in config.functions.servers)
    return "\n".join(unknown_functions(config.assistants, known, prefixes))


def complain_about(error: ConfigError) -> None:
    """Print every problem, and which file they are in when one was read."""
    complain(error.message)
    if error.source is not None and str(error.source) not in error.message:
        complain(f"The file is {error.source}.")
