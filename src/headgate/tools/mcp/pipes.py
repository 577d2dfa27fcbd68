"""
A server that is a process of ours, and speaks over its pipes: a line for each message.

The package has such a transport too. This one bounds a line, gives the process no other environment than the one
that is meant for it, and keeps what it complains about.
"""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import (
    METHOD_NOT_FOUND,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCRequest,
    JSONRPCResponse,
    jsonrpc_message_adapter,
)

MAX_MESSAGE = 32 << 20
"""Bytes of one message: what a server may make us hold. A result of 10 MB fits, also told twice, to be cut later."""

MAX_LINE = 8 * 1024
"""Bytes of a line of its complaints; longer ones are cut."""

AT_ONCE, HASTE, REST = 50, 0.1, 0.01
"""Lines, and seconds: after so many in less time than this it is not listened to for a moment. Who talks without end
would have all of our time."""

PATIENCE = 2.0
"""Seconds that it has to end by itself, and again after it was asked to."""

_Reading = MemoryObjectReceiveStream[SessionMessage | Exception]
_Writing = MemoryObjectSendStream[SessionMessage]


@asynccontextmanager
async def pipes(
    command: Sequence[str],
    env: Mapping[str, str],
    folder: str,
    *,
    on_complaint: Callable[[str], None],
    on_end: Callable[[], None],
) -> AsyncIterator[tuple[_Reading, _Writing]]:
    """Start it, and end it; raises OSError where it cannot be started."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=env, cwd=folder, limit=MAX_MESSAGE, start_new_session=True
    )
    heard, hearing = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    saying, said = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_read, process, heard, on_end)
            group.start_soon(_write, process, said, on_end)
            group.start_soon(_listen, process, on_complaint)
            try:
                yield hearing, saying
            finally:
                group.cancel_scope.cancel()
    finally:
        for stream in (heard, hearing, saying, said):
            stream.close()
        with anyio.CancelScope(shield=True):
            await _surely(asyncio.create_task(_end(process)))


async def _read(
    process: Process, heard: MemoryObjectSendStream[SessionMessage | Exception], on_end: Callable[[], None]
) -> None:
    assert process.stdout is not None
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        async with heard:
            # ValueError: the line is too long, and what comes next is in the middle of it.
            with suppress(ValueError, OSError, RuntimeError):
                pace = _Pace()
                while line := await process.stdout.readline():
                    await pace.keep()
                    message = _message(line)
                    if message is None:
                        continue
                    if isinstance(message.message, JSONRPCRequest):
                        await _refuse(process, message.message)
                    else:
                        await heard.send(message)
    on_end()


class _Pace:
    """How fast it is listened to."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._count, self._since = 0, self._clock()

    async def keep(self) -> None:
        """One more line."""
        self._count += 1
        if self._count >= AT_ONCE:
            if self._clock() - self._since < HASTE:
                await asyncio.sleep(REST)
            self._count, self._since = 0, self._clock()


async def _refuse(process: Process, asked: JSONRPCRequest) -> None:
    """
    Answer what it asks of us, which is nothing that we have, but for whether we are there.

    Here, before it asks anything more: a task for each would be as many as it likes.
    """
    answer: JSONRPCResponse | JSONRPCError
    if asked.method == "ping":
        answer = JSONRPCResponse(jsonrpc="2.0", id=asked.id, result={})
    else:
        error = ErrorData(code=METHOD_NOT_FOUND, message="Nobody is here who could do that.")
        answer = JSONRPCError(jsonrpc="2.0", id=asked.id, error=error)
    await _say(process, answer)


async def _say(process: Process, message: JSONRPCMessage) -> None:
    assert process.stdin is not None
    process.stdin.write(message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
    await process.stdin.drain()


def _message(line: bytes) -> SessionMessage | None:
    """Nothing for what is none: many print a greeting."""
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        return None


async def _write(process: Process, said: MemoryObjectReceiveStream[SessionMessage], on_end: Callable[[], None]) -> None:
    # RuntimeError: uvloop's word for a pipe that was closed meanwhile.
    with suppress(OSError, RuntimeError):
        async with said:
            async for message in said:
                await _say(process, message.message)
        return
    on_end()


async def _listen(process: Process, on_complaint: Callable[[str], None]) -> None:
    assert process.stderr is not None
    rest = b""
    while data := await process.stderr.read(MAX_LINE):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            on_complaint(line[:MAX_LINE].decode("utf-8", "replace").rstrip())
        rest = rest[:MAX_LINE]


async def _surely(work: asyncio.Task[None]) -> None:
    """Wait for its end, whoever cancels: a process that nobody ends any more would stay for good."""
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


async def _end(process: Process) -> None:
    """As the protocol has it: close its input, then ask it to end, then make it; and all that it started."""
    if process.stdin is not None:
        process.stdin.close()
    if not await _has_ended(process):
        _signal(process, signal.SIGTERM)
        await _has_ended(process)
    _signal(process, signal.SIGKILL)
    await _has_ended(process)


async def _has_ended(process: Process) -> bool:
    # Its pipes may be held open by others, for which `wait` would wait, too.
    for _ in range(int(PATIENCE / 0.02)):
        if process.returncode is not None:
            return True
        await asyncio.sleep(0.02)
    return False


def _signal(process: Process, which: signal.Signals) -> None:
    """To it and to all that it started, which are a group of their own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, which)
