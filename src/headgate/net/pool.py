"""
The connections to one origin: kept for reuse, counted, and shared out in fair order.

Each open or opening connection takes a place. A fetch that finds neither an idle connection nor
a free place waits in line; whatever comes free goes to the first in line, so nobody who came
later can pass. Everything here but waiting and dialling is synchronous: there is no moment
between looking and taking.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from headgate.net.connection import Connection
from headgate.net.dial import Route, dial
from headgate.net.errors import ClientClosed
from headgate.net.sweeper import Sweeper

Turn: TypeAlias = asyncio.Future[Connection | None]
"""Brings a connection that came free, or None: a place, to open one."""


class Pool:
    """Keeps the connections to one origin; the Keeper of each of them."""

    def __init__(
        self,
        route: Route,
        *,
        max_open: int | None,
        max_idle: int,
        idle: Sweeper[Connection],
        draining: Sweeper[Connection],
        on_empty: Callable[["Pool"], None],
    ) -> None:
        self.route = route
        self._max_open = max_open
        self._max_idle = max_idle
        self._idle_limit = idle
        self._drain_limit = draining
        self._on_empty = on_empty
        self._connections: set[Connection] = set()
        self._dialling = 0
        # The last one used is taken first: it is the least likely to have been closed by the
        # upstream, and those that are not needed grow old and go.
        self._idle: list[Connection] = []
        self._waiting: deque[Turn] = deque()
        self._is_closed = False

    @property
    def places(self) -> int:
        """How many are taken: connections that are open, and those being opened."""
        return len(self._connections) + self._dialling

    @property
    def idle(self) -> int:
        """How many wait for a request."""
        return len(self._idle)

    def take(self) -> Connection | None:
        """An idle connection, now the caller's, or None."""
        if not self._idle:
            return None
        connection = self._idle.pop()
        self._idle_limit.discard(connection)
        connection.is_held = True
        return connection

    async def open(self, seconds: float) -> Connection:
        """Wait for a turn, and return what came free or a new connection; `seconds` are for the dialling alone."""
        if self._is_closed:
            raise _closed()
        if not self._has_place():
            connection = await self._wait_turn()
            if connection is not None:
                return connection
        else:
            self._dialling += 1
        return await self._dial(seconds)

    async def replace(self, connection: Connection, seconds: float) -> Connection:
        """A new connection in the place of one that turned out stale."""
        self._connections.discard(connection)
        self._dialling += 1
        return await self._dial(seconds)

    def put_back(self, connection: Connection) -> None:
        if self._drain_limit.due:
            self._drain_limit.discard(connection)
        turn = self._next_turn() if self._waiting else None
        if turn is not None:
            connection.is_held = True
            turn.set_result(connection)
        elif len(self._idle) >= self._max_idle:
            connection.close()
        else:
            self._idle.append(connection)
            self._idle_limit.add(connection)

    def drain(self, connection: Connection) -> None:
        self._drain_limit.add(connection)

    def forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._drain_limit.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
            self._idle_limit.discard(connection)
        self._share_places()

    def let_go(self) -> list[Connection]:
        """Close those that are idle, and say which they were."""
        idle = list(self._idle)
        for connection in idle:
            connection.close()
        return idle

    async def close(self) -> None:
        """Close every connection, whatever it is doing, and wait until the sockets are gone."""
        self._is_closed = True
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(_closed())
        closing = list(self._connections)
        for connection in closing:
            connection.close()
        for connection in closing:
            await connection.wait_lost()

    def _has_place(self) -> bool:
        return self._max_open is None or self.places < self._max_open

    def _next_turn(self) -> Turn | None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                return turn
        return None

    def _share_places(self) -> None:
        while self._has_place() and (turn := self._next_turn()) is not None:
            self._dialling += 1
            turn.set_result(None)
        if not self.places and not self._waiting:
            self._on_empty(self)

    async def _wait_turn(self) -> Connection | None:
        turn: Turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            self._pass_on(turn)
            raise

    def _pass_on(self, turn: Turn) -> None:
        """Whoever waited is gone: what they were given in the same moment is the next one's."""
        if turn.cancelled():
            if turn in self._waiting:
                self._waiting.remove(turn)
            return
        if turn.exception() is not None:
            return
        connection = turn.result()
        if connection is None:
            self._dialling -= 1
            self._share_places()
            return
        connection.is_held = False
        if connection.is_open:
            self.put_back(connection)
        else:
            self.forget(connection)

    async def _dial(self, seconds: float) -> Connection:
        try:
            connection = await dial(self.route, self, seconds)
        except BaseException:
            self._dialling -= 1
            self._share_places()
            raise
        self._dialling -= 1
        self._connections.add(connection)
        if self._is_closed:
            connection.is_held = False
            connection.close()
            raise _closed()
        return connection


def _closed() -> ClientClosed:
    return ClientClosed("The gateway is shutting down.")
