"""`headgate check`: is the configuration right, and what does it come to?"""

from pathlib import Path

from headgate.cli.screen import complain
from headgate.cli.summary import facts
from headgate.config import Config, ConfigError, load, read_environment


def run(path: Path | None) -> int:
    """Print what was found; returns the exit code."""
    try:
        config = load(path, read_environment())
    except ConfigError as error:
        complain_about(error)
        return 2
    if config.functions.python.is_used and (problem := _python_problem(config)):
        complain(problem)
        return 2
    print(f"{'file':12}{config.source or 'none: there is no headgate.toml in this folder'}")
    for label, sentence in facts(config):
        print(f"{label:12}{sentence}")
    others = {name: target for name, target in config.aliases.items() if name != "default"}
    for number, (name, target) in enumerate(others.items()):
        print(f"{'' if number else 'aliases':12}{name} = {target}")
    for note in config.notes:
        print(f"{'note':12}{note}")
    return 0


def _python_problem(config: Config) -> str:
    """What is wrong with functions in Python, which have to be loaded to be known; "" when nothing is."""
    from headgate.tools.python import CannotLoad, Threads, load_functions

    python = config.functions.python
    try:
        load_functions(python.modules, python.entry_points, config.functions.folders, Threads(1))
    except CannotLoad as error:
        return error.message
    return ""


def complain_about(error: ConfigError) -> None:
    """Print every problem, and which file they are in when one was read."""
    complain(error.message)
    if error.source is not None and str(error.source) not in error.message:
        complain(f"The file is {error.source}.")
