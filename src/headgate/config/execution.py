"""Reads what the server executes for models."""

from collections.abc import Mapping
from pathlib import Path

from headgate.config.expanding import Expander
from headgate.config.functions import PYTHON_SECTION, Functions, Python
from headgate.config.mcp import McpConfig, find_servers
from headgate.config.problems import Problems
from headgate.config.reading import Overrides, read_section, table_of
from headgate.config.secret import Secret
from headgate.config.services import HttpConfig, find_services
from headgate.config.settings import FUNCTIONS_SETTINGS, PYTHON_SETTINGS
from headgate.tools import Limits

PYTHON = "python"
"""The section of [functions] that is no service's."""


class FunctionsConfig(Functions, frozen=True, kw_only=True):
    """All of it."""

    python: Python = Python()
    services: tuple[HttpConfig, ...] = ()
    servers: tuple[McpConfig, ...] = ()
    secrets: tuple[Secret, ...] = ()
    """What no model may be told, whoever says it."""
    folder: Path = Path()
    """The configuration's own, from which others are meant."""

    @property
    def limits(self) -> Limits:
        """What functions may take, in the words of those who keep it."""
        return Limits(**{name: getattr(self, name) for name in Limits.__struct_fields__})

    @property
    def folders(self) -> tuple[str, ...]:
        """Where Python modules are looked for, too."""
        return tuple(str(self.folder / each) for each in self.python.folders)


def read_functions(
    table: Mapping[str, object],
    servers: Mapping[str, object],
    environ: Mapping[str, str],
    overrides: Overrides,
    source: Path | None,
    problems: Problems,
) -> FunctionsConfig:
    """Everything that the file and the environment say of functions."""
    own = {name: value for name, value in table.items() if not isinstance(value, dict)}
    sections = {name: value for name, value in table.items() if isinstance(value, dict) and name != PYTHON}
    python = table_of(PYTHON_SECTION, table.get(PYTHON, {}), problems)
    expander, folder = Expander(environ, problems), (Path() if source is None else source.parent).resolve()
    return FunctionsConfig(
        **read_section("functions", FUNCTIONS_SETTINGS, own, problems, overrides),
        python=Python(**read_section(PYTHON_SECTION, PYTHON_SETTINGS, python, problems, overrides)),
        services=find_services(sections, expander, problems),
        servers=find_servers(servers, environ, expander, folder, problems),
        secrets=expander.secrets(),
        folder=folder,
    )
