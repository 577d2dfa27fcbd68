"""Servers that speak MCP, as they are configured."""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import msgspec

from headgate.config.expanding import Expander
from headgate.config.functions import McpSection
from headgate.config.problems import Problems
from headgate.config.reading import read_section, table_of
from headgate.config.secret import Secret
from headgate.config.settings import MCP_SETTINGS
from headgate.net import Target

EXTRA = "the package mcp: scripts/extras mcp"

BASICS = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SYSTEMROOT")
"""What a program needs of its environment to begin at all; everything else of ours is none of its business."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")


class McpConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A server, with everything that is needed to reach it."""

    name: str
    command: str
    """"" for one that is reached by its URL."""
    args: tuple[Secret, ...]
    env: Mapping[str, Secret]
    """All of it."""
    folder: str
    url: str
    headers: Mapping[str, Secret]
    prefix: str
    tools: tuple[str, ...]
    repeatable: tuple[str, ...]
    is_lazy: bool
    start_timeout: float
    timeout: float | None
    max_parallel: int | None


def find_servers(
    tables: Mapping[str, object], environ: Mapping[str, str], expander: Expander, folder: Path, problems: Problems
) -> tuple[McpConfig, ...]:
    """Those of the file, in its order."""
    if tables and find_spec("mcp") is None:
        problems.add(f"[mcp] needs {EXTRA}.")
    basics = {name: Secret(environ[name]) for name in BASICS if name in environ}
    found = (_server(name, value, basics, expander, folder, problems) for name, value in tables.items())
    return tuple(server for server in found if server is not None)


def _server(
    name: str, value: object, basics: Mapping[str, Secret], expander: Expander, folder: Path, problems: Problems
) -> McpConfig | None:
    section = f"mcp.{name}"
    if not _NAME.fullmatch(name):
        problems.add(f"[{section}]: a server's name may hold letters, digits, underscores and hyphens only, up to 32.")
        return None
    given = McpSection(**read_section(section, MCP_SETTINGS, table_of(section, value, problems), problems, {}))
    config = McpConfig(
        name=name,
        command=given.command or "",
        args=expander.texts(f"[{section}] `args`", given.args),
        env={**basics, **expander.table(f"[{section}] `env`", given.env)},
        folder=str(folder / (given.folder or ".")),
        url=expander.expand(f"[{section}] `url`", "", given.url or ""),
        headers=expander.table(f"[{section}] `headers`", given.headers),
        prefix=f"{name}_" if given.prefix == "" else given.prefix or "",
        tools=given.tools,
        repeatable=given.repeatable,
        is_lazy=given.start == "when asked",
        start_timeout=given.start_timeout,
        timeout=given.timeout,
        max_parallel=given.max_parallel,
    )
    _check(section, given, config, problems)
    return config


def _check(section: str, given: McpSection, config: McpConfig, problems: Problems) -> None:
    if (given.command is None) == (given.url is None):
        problems.add(f"[{section}] must have either a `command` or a `url`.")
        return
    for setting in ("headers",) if given.url is None else ("args", "env", "folder"):
        if getattr(given, setting):
            other = "a `url`" if given.url is None else "a `command`"
            problems.add(f"[{section}] has `{setting}`, which is for servers with {other}.")
    if given.folder is not None and not Path(config.folder).is_dir():
        problems.add(f"[{section}] `folder` is no folder: {config.folder}.")
    if config.url:
        try:
            Target("POST", config.url, {name: secret.reveal() for name, secret in config.headers.items()})
        except ValueError as error:
            problems.add(f"[{section}] `url` or `headers`: {error}")
