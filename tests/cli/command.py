"""The real command line, as a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parents[2] / "src"
SECONDS = 20


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def environ(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment with nothing in it that configures anything."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "PYTHONUTF8": "1", "HOME": "/", **(extra or {})}


async def start(
    *arguments: str, env: Mapping[str, str] | None = None, before: str = "", cwd: Path | None = None
) -> asyncio.subprocess.Process:
    """Start `headgate ARGUMENTS`; `before` is Python that runs first, to put something in its way."""
    code = f"{before}\nfrom headgate.cli import main\nmain()"
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environ(env),
        cwd=cwd,
    )


@asynccontextmanager
async def running(*arguments: str, cwd: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command that is sure to be gone afterwards."""
    process = await start(*arguments, cwd=cwd)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def finish(process: asyncio.subprocess.Process, text: str = "") -> Done:
    """Type the text, close the input, and wait for the end."""
    try:
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate(text.encode())
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


async def headgate(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    typed: str = "",
    before: str = "",
    cwd: Path | None = None,
) -> Done:
    """Run a command from start to end."""
    return await finish(await start(*arguments, env=env, before=before, cwd=cwd), typed)
