"""
One run's log as a terminal follows it, through cuts and restarts.

An answer may begin as a chat stream, which has no event numbers, and go on as the run's own
events, read from the start. What was printed is counted in characters, and so is what the log
holds, so nothing is printed twice and nothing is left out, wherever the cut was.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from headgate.cli.http import UNAVAILABLE, Cut, Server, ServerError, Unreachable, run_path
from headgate.cli.sse import Message

PAUSES = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each new try: together long enough for a server to be restarted."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Channel:
    """Text that reaches the screen once, from however many sources."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self.text = ""
        self._passed = 0

    def add(self, piece: str) -> None:
        """More text, that nobody has had yet."""
        self.text += piece
        if piece:
            self._show(piece)

    def replay(self, piece: str) -> None:
        """More of the log, from its start."""
        known = len(self.text) - self._passed
        self._passed += len(piece)
        self.add(piece[max(known, 0) :])


class Log:
    """What is known of one run."""

    def __init__(self, run: str, show_text: Callable[[str], None], show_reasoning: Callable[[str], None]) -> None:
        self.run = run
        self.cursor = -1
        """The number of the last event that was read."""
        self.answer, self.reasoning = Channel(show_text), Channel(show_reasoning)
        self.is_over = False
        self.problem = ""
        """Why it failed, if it did."""
        self.stopped_by = ""

    def take(self, message: Message) -> bool:
        """The next event; True says that it was the last."""
        if message.id.isdigit():
            self.cursor = int(message.id)
        event = _decode(message.data)
        match event.get("type"):
            case "text" | "refusal" if event.get("choice", 0) == 0:
                self.answer.replay(event["delta"])
            case "reasoning" if event.get("choice", 0) == 0:
                self.reasoning.replay(event["delta"])
            case "failed":
                self.problem = event["message"]
            case "stopped":
                self.stopped_by = event["by"]
            case _:
                pass
        self.is_over = event.get("type") in ("finished", "failed", "stopped")
        return self.is_over


async def follow(server: Server, log: Log, on_message: Callable[[Message], bool] | None = None) -> None:
    """
    Read the run's events to the last, coming back by itself after a cut.

    `on_message` replaces `log.take`, which it has to call. Raises ServerError when the run is not
    to be had, Cut or Unreachable when the server did not come back in time.
    """
    failures = 0
    while not log.is_over:
        before = log.cursor
        try:
            await _read_on(server, log, on_message or log.take)
            return
        except (Cut, Unreachable, ServerError) as error:
            if isinstance(error, ServerError) and error.status != UNAVAILABLE:
                raise
            failures = 0 if log.cursor > before else failures
            if failures == len(PAUSES):
                raise
        await asyncio.sleep(PAUSES[failures])
        failures += 1


async def _read_on(server: Server, log: Log, on_message: Callable[[Message], bool]) -> None:
    path = run_path(log.run, f"/events?after={log.cursor}")
    await server.stream("GET", path, headers={"last-event-id": str(log.cursor)}, on_message=on_message)
    log.is_over = True
