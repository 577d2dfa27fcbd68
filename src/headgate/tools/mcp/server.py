"""
An MCP server: begun, listened to, and begun again when it has died.

One task holds its connection from the beginning to the end. Functions are in the toolbox from when they were first
listed, also while the server is away: a call waits for it a moment, and then says that it is not there.
"""

import asyncio
import logging
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Any

import mcp_types as types
from mcp import Client, ClientSession
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from headgate import __version__
from headgate.tools.base import ToolError
from headgate.tools.mcp.function import Line
from headgate.tools.mcp.listing import list_functions
from headgate.tools.mcp.pipes import pipes
from headgate.tools.mcp.settings import Settings
from headgate.tools.mcp.web import streams
from headgate.tools.names import may_begin
from headgate.tools.toolbox import Toolbox

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before it is begun again: twice as many every time, until it has lasted for the longest."""

AWAY_SECONDS = 5.0
"""How long a call waits for a server that is not there: one that has died is back by then, or will not be for long."""

LIST_PAUSE = 0.5
"""Seconds between two lists, however often it says that there is a new one."""

MAX_WORDS = 300
"""Characters of what goes into a line of the log."""

END_SECONDS = 8.0
"""How long its end may take, when ours has come."""

_logger = logging.getLogger(__name__)

for _name, _level in (("mcp", logging.CRITICAL), ("client", logging.CRITICAL), ("httpx2", logging.WARNING)):
    # What they say has addresses, sessions and whole messages in it, where there may be secrets.
    logging.getLogger(_name).setLevel(_level)


class McpServer:
    """A Source."""

    def __init__(self, settings: Settings) -> None:
        self.name = f"mcp {settings.name}"
        self._settings = settings
        self._toolbox = Toolbox()
        self._task: asyncio.Task[None] | None = None
        self._session: ClientSession | None = None
        self._is_there, self._is_tried = asyncio.Event(), asyncio.Event()
        self._is_lost, self._is_doubted = asyncio.Event(), asyncio.Event()
        self._is_over = False
        self._complaint = ""
        """The last line that it wrote to its standard error."""

    def open(self, toolbox: Toolbox) -> None:
        """As `Source.open`."""
        self._toolbox = toolbox
        if not self._settings.is_lazy:
            self._begin()

    async def prepare(self, names: Collection[str] | None) -> None:
        """As `Source.prepare`: only for its first list, since a function that was listed once stays known."""
        if names is not None and not any(may_begin(name, self._settings.prefix) for name in names):
            return
        self._begin()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_tried.wait(), self._settings.start_timeout)

    async def close(self) -> None:
        """As `Source.close`."""
        self._is_over = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=END_SECONDS)

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._live())

    async def _live(self) -> None:
        loop, pause = asyncio.get_running_loop(), FIRST_PAUSE
        while True:
            began = loop.time()
            try:
                await self._connect()
                why = "it ended"
            except Exception as error:
                why = _words(error)
            self._is_tried.set()
            if self._is_over:
                # Being cancelled became another exception on its way out of a connection.
                return
            pause = FIRST_PAUSE if loop.time() - began > LONGEST_PAUSE else pause
            _logger.warning(
                "The MCP server %s: %s. It is begun again in %g seconds.",
                self._settings.name,
                self._toolbox.discretion.clean(f"{why}{self._last_words()}"),
                pause,
            )
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _connect(self) -> None:
        """Until it is lost, which may be an exception."""
        self._is_lost.clear()
        self._is_doubted.clear()
        self._complaint = ""
        client = Client(
            self._transport(),
            client_info=types.Implementation(name="headgate", version=__version__),
            message_handler=self._hear,
            cache=None,
        )
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._settings.start_timeout):
                    await stack.enter_async_context(client)
            except TimeoutError:
                raise TimeoutError(f"it did not begin within {self._settings.start_timeout:g} seconds") from None
            await self._list(client.session)
            self._session = client.session
            stack.callback(self._leave)
            self._is_there.set()
            self._is_tried.set()
            await self._stay(client)

    def _leave(self) -> None:
        self._session = None
        self._is_there.clear()

    async def _stay(self, client: Client) -> None:
        """Look after it whenever something has changed, or it is doubted."""
        following = asyncio.create_task(self._follow(client))
        try:
            while await self._is_wanted():
                await asyncio.sleep(LIST_PAUSE)
                self._is_doubted.clear()
                await self._list(client.session)
        finally:
            following.cancel()

    async def _is_wanted(self) -> bool:
        """Wait until it should be listed again; False when it is lost."""
        waits = [asyncio.create_task(event.wait()) for event in (self._is_lost, self._is_doubted)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return not self._is_lost.is_set()

    async def _follow(self, client: Client) -> None:
        """Newer servers tell of new lists only those who have asked to be told."""
        if client.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            return
        with suppress(MCPError, RuntimeError, TimeoutError):
            async with client.listen(tools_list_changed=True) as subscription:
                async for _ in subscription:
                    self._is_doubted.set()

    async def _hear(self, message: object) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            self._is_doubted.set()

    async def _list(self, session: ClientSession) -> None:
        try:
            async with asyncio.timeout(self._settings.start_timeout):
                functions = await list_functions(session, self._settings, Line(self._reach, self._is_doubted.set))
        except TimeoutError:
            raise TimeoutError("it does not answer any more") from None
        self._toolbox.put(self.name, functions)

    async def _reach(self) -> ClientSession:
        """As `Line.session`."""
        if self._session is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_there.wait(), AWAY_SECONDS)
        if self._session is None:
            raise ToolError("The server of this function is not there at the moment. Try again later.")
        return self._session

    def _transport(self) -> AbstractAsyncContextManager[Any]:
        settings = self._settings
        if settings.url:
            return streams(settings.url, settings.headers, settings.proxies)
        return pipes(settings.command, settings.env, settings.folder, on_complaint=self._note, on_end=self._is_lost.set)

    def _note(self, line: str) -> None:
        if line.strip():
            self._complaint = line.strip()
            _logger.debug("The MCP server %s: %s", self._settings.name, self._toolbox.discretion.clean(line))

    def _last_words(self) -> str:
        return f" ({self._complaint[:MAX_WORDS]})" if self._complaint else ""


def _words(error: BaseException) -> str:
    """What went wrong, of an exception that may be a group of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, FileNotFoundError | PermissionError | NotADirectoryError):
        return f"it cannot be started: {error.strerror}"
    return " ".join(str(error).split())[:MAX_WORDS] or type(error).__name__
