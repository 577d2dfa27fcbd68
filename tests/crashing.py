"""
Something that lives in a process of its own, to be killed there at any moment.

The processes are forks of one that has everything imported, so that a hundred of them cost a second.
"""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Awaitable, Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

Servant: TypeAlias = Callable[..., Awaitable[Any]]
"""Does what it is asked: a verb, and what belongs to it."""

_forks = get_context("forkserver")
_forks.set_forkserver_preload(["__main__", "tests.store.servant", "tests.store.streams_servant", "tests.runs.servant"])

NEVER = 1 << 30

FILE_CALLS = ("pwritev", "fdatasync", "fsync", "mkdir", "unlink")
"""What is done to files beside a database."""


class Died(Exception):
    """It was killed before it answered, so nobody knows how far it came."""


class Child:
    """A process that serves until it is killed."""

    def __init__(self, make: Callable[..., Servant], *given: Any) -> None:
        self._pipe, theirs = _forks.Pipe()
        self._process = _forks.Process(target=_live, args=(theirs, make, given), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, verb: str, *given: Any, dies: int = NEVER) -> Any:
        """
        Have it do something; raises Died, or what it raised.

        With `dies` it is killed before its database does the statement of that number, or something is done to a file
        beside it, or else before it answers.
        """
        try:
            self._pipe.send((dies, verb, given))
            answer = self._pipe.recv()
        except (EOFError, ConnectionError):
            self.kill()
            raise Died from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def kill(self) -> None:
        """kill -9, if it still lives."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._pipe.close()


class Doom:
    """Counts the statements of all databases of this process, and kills it when it is time."""

    def __init__(self) -> None:
        self.left = NEVER

    def __call__(self, statement: str = "") -> None:
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _live(pipe: Connection, make: Callable[..., Servant], given: tuple[Any, ...]) -> None:
    doom = Doom()
    plain = sqlite3.connect

    def connect(*values: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = plain(*values, **named)
        connection.set_trace_callback(doom)
        return connection

    sqlite3.connect = connect  # type: ignore[assignment]
    for name in FILE_CALLS:
        setattr(os, name, _doomed(getattr(os, name), doom))
    asyncio.run(_serve(pipe, make(*given), doom))


def _doomed(call: Callable[..., Any], doom: Doom) -> Callable[..., Any]:
    def called(*values: Any, **named: Any) -> Any:
        doom()
        return call(*values, **named)

    return called


async def _serve(pipe: Connection, servant: Servant, doom: Doom) -> None:
    while True:
        try:
            doom.left, verb, values = await asyncio.to_thread(pipe.recv)
        except EOFError:
            return
        answer: Any
        try:
            answer = await servant(verb, *values)
        except Exception as error:
            answer = error
        if doom.left < NEVER // 2:
            doom.left = 0
            doom()
        pipe.send(answer)
