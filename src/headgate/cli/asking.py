"""One question to the server: streamed, resumed after a cut, stopped by Ctrl-C."""

import asyncio
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from headgate.cli.following import Log, follow
from headgate.cli.http import Cut, Server, ServerError, Unreachable, run_path
from headgate.cli.screen import Screen
from headgate.cli.sse import Message
from headgate.errors import HeadgateError

HEADERS = {"headgate-disconnect": "keep"}
"""The answer goes on while we are away: that is what makes coming back worth while."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Asking:
    """
    Asks once.

    While it runs, the first Ctrl-C stops the run on the server, as soon as its name is known; a
    second one does not wait for that.
    """

    def __init__(self, server: Server, screen: Screen) -> None:
        self._server, self._screen = server, screen
        self._log = Log("", screen.text, screen.reasoning)
        self._begun = asyncio.Event()
        self._interrupts = asyncio.Event()
        self.was_interrupted = False

    @property
    def text(self) -> str:
        """The answer, as far as it came."""
        return self._log.answer.text

    async def run(self, request: dict[str, Any]) -> None:
        """Ask and show the answer to its end; raises HeadgateError with what a person should know."""
        with self._interruptible():
            answering = asyncio.create_task(self._answer(request))
            stopping = asyncio.create_task(self._stop_on_interrupt(answering))
            try:
                await answering
            except asyncio.CancelledError:
                if not self.was_interrupted:
                    raise
            finally:
                if not self.was_interrupted:
                    stopping.cancel()
                await asyncio.gather(stopping, return_exceptions=True)
        if self._log.problem:
            raise ServerError(self._log.problem)
        if self._log.stopped_by and not self.was_interrupted:
            self._screen.note("somebody else stopped the answer")

    async def _answer(self, request: dict[str, Any]) -> None:
        try:
            await self._server.stream(
                "POST",
                "/v1/chat/completions",
                headers=HEADERS,
                body=msgspec.json.encode(request),
                on_head=self._take_head,
                on_message=self._take_chunk,
            )
        except Cut:
            if not self._log.run:
                raise Cut("The connection was cut before an answer began.") from None
            await self._resume()

    async def _resume(self) -> None:
        self._screen.note("the connection was cut; resuming")
        try:
            await follow(self._server, self._log)
        except (Cut, Unreachable):
            raise Cut(f"The server did not come back. If it does: headgate runs follow {self._log.run}") from None

    def _take_head(self, headers: Mapping[str, str]) -> None:
        self._log.run = headers.get("headgate-run", "")
        self._begun.set()

    def _take_chunk(self, message: Message) -> bool:
        if message.data == b"[DONE]":
            return True
        chunk = _decode(message.data)
        if "error" in chunk:
            self._log.problem = chunk["error"]["message"]
        for choice in chunk.get("choices", ()):
            delta = choice.get("delta", {})
            self._log.reasoning.add(delta.get("reasoning_content") or "")
            self._log.answer.add((delta.get("content") or "") + (delta.get("refusal") or ""))
        return False

    async def _stop_on_interrupt(self, answering: asyncio.Task[None]) -> None:
        await self._interrupts.wait()
        self.was_interrupted = True
        self._interrupts.clear()
        self._screen.note("stopping")
        stop = asyncio.create_task(self._stop())
        again = asyncio.create_task(self._interrupts.wait())
        await asyncio.wait({stop, again, answering}, return_when=asyncio.FIRST_COMPLETED)
        for task in (stop, again, answering):
            task.cancel()
        await asyncio.gather(stop, again, return_exceptions=True)

    async def _stop(self) -> None:
        # Before the server's first word nobody knows the run's name, and without it nobody could
        # end what may cost money.
        await self._begun.wait()
        try:
            await self._server.ask("POST", run_path(self._log.run, "/stop"))
        except HeadgateError as error:
            self._screen.note(f"not stopped: {error.message}")

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._interrupts.set)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)
