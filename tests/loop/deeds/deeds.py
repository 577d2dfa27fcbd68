"""Functions for the tests of the loop: each writes down that it was executed, and then behaves as it is named."""

import asyncio
import os
import time
from pathlib import Path

from headgate.tools import Context, function

DIARY = Path(os.environ["DEEDS"])


def _note(what: str) -> None:
    with DIARY.open("a") as diary:
        diary.write(what + "\n")


@function(repeatable=True)
def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    _note(f"add {a} {b}")
    return a + b


@function
async def wait(gate: str, context: Context) -> str:
    """Wait until a gate is opened."""
    _note(f"wait {gate} {context.call_id}")
    while not DIARY.with_name(gate).exists():
        await asyncio.sleep(0.005)
    return f"{gate} is open"


@function(repeatable=True)
async def wait_again(gate: str, context: Context) -> str:
    """Wait until a gate is opened; it may be waited for twice."""
    return await wait(gate, context)


@function(timeout=0.2)
async def hang() -> str:
    """Never come back."""
    _note("hang")
    await asyncio.Event().wait()
    return "never"


@function(timeout=0.2)
def block() -> str:
    """Hold a thread for a second, whatever is done about it."""
    _note("block")
    time.sleep(1)
    return "late"


@function
def fail() -> str:
    """Raise an error."""
    _note("fail")
    raise ValueError("the password is hunter2")


@function
def flood() -> str:
    """Give ten megabytes."""
    _note("flood")
    return "x" * 10_000_000


@function
def odd() -> str:
    """Give what text should not hold."""
    _note("odd")
    return "nul \x00, half \ud800, end \u2028, </script>, data: [DONE]\n\nevent: x"
