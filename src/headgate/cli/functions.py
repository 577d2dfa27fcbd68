"""`headgate functions`: what the server would execute for models, and a try of it, without a server."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from headgate.cli.check import complain_about
from headgate.cli.printing import INTERRUPTED, print_json, print_table
from headgate.cli.screen import complain, safe
from headgate.config import ConfigError, load, read_environment
from headgate.errors import HeadgateError

if TYPE_CHECKING:
    from headgate.tools import Toolbox

MAX_WORDS = 80
"""Characters of a description in a list."""


def list_all(path: Path | None, owner: str, *, as_json: bool) -> int:
    """Print what there is; returns the exit code, as all of these do."""

    async def work(toolbox: "Toolbox") -> int:
        found = toolbox.functions(owner)
        if as_json:
            told = [{"name": each.name, "description": each.description, "parameters": each.schema} for each in found]
            print_json({"object": "list", "data": told})
        else:
            rows = [(each.name, each.source, _words(each.description)) for each in found]
            print_table([("NAME", "FROM", "WHAT FOR"), *rows])
        return 0

    return _with_toolbox(path, work)


def call(path: Path | None, name: str, arguments: str, owner: str) -> int:
    """Call one, and print what a model would be told."""

    async def work(toolbox: "Toolbox") -> int:
        from headgate.tools import Context

        outcome = await toolbox.call(name, arguments, Context(owner=owner, call_id=f"try_{uuid4().hex}"))
        if outcome.is_error:
            complain(safe(outcome.result))
            return 1
        print(safe(outcome.result))
        return 0

    return _with_toolbox(path, work)


def _with_toolbox(path: Path | None, work: Callable[["Toolbox"], Awaitable[int]]) -> int:
    try:
        config = load(path, read_environment())
    except ConfigError as error:
        complain_about(error)
        return 2
    logging.basicConfig(level="WARNING", format="headgate: %(message)s")
    from headgate.app.functions import open_toolbox

    async def do() -> int:
        async with open_toolbox(config) as toolbox:
            return await work(toolbox)

    try:
        return asyncio.run(do())
    except HeadgateError as error:
        complain(error.message)
        return 2 if error.code == ConfigError.code else 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _words(description: str) -> str:
    line = safe(description.strip().partition("\n")[0])
    return line if len(line) <= MAX_WORDS else f"{line[: MAX_WORDS - 3]}..."
