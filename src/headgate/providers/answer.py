"""
One upstream answer as it comes in, read by what it is and not by what it says it is.

A whole object comes where a stream was asked and the other way round, an error page under a 200, a
stream without a content type. The first bytes tell them apart: no stream begins with a brace, and
no JSON with `data:`.
"""

import asyncio
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from headgate.errors import ProviderError
from headgate.events import AnyEvent
from headgate.formats import upstream_errors
from headgate.formats.base import Origin, Reader, early_usage
from headgate.formats.spoken import mistake
from headgate.net import Client, FileBody, Flow, NetError, Target
from headgate.providers import heading
from headgate.providers.base import Ask, Emit

MAX_ANSWER = 64 * 1024 * 1024
"""Caps what one answer can make us hold and keep; a long answer with pictures is a few megabytes."""

MAX_ERROR = 256 * 1024
"""Caps how much of an error page is read; its message is in the first lines."""

END_GRACE = 2.0
"""Seconds an answer whose every choice has ended may take for its usage and its end mark, before it
counts as whole without them."""

Readers: TypeAlias = tuple[Callable[[Origin], Reader], Callable[[bytes, Origin], Sequence[AnyEvent]]]
"""How a format's streams and its whole answers are read."""

_STREAM = (b"data:", b"event:", b"id:", b"retry:", b":")
_HALF_HIDDEN = re.compile(r"[\w-]*\*{3,}[\w-]*")
_NO_ANSWER = frozenset({"upstream_empty", "upstream_incomplete", "upstream_invalid"})
"""Errors that an answer in another format than was asked for would make."""

_FIRST = 8
"""Pieces of an answer that show how it begins."""

_BLANK = b"\xef\xbb\xbf \t\r\n"


class Answer:
    """What the client hands an answer to."""

    stream_begins: tuple[bytes, ...] = _STREAM
    """How a stream may begin, and nothing else."""

    def __init__(self, readers: Readers, origin: Origin, ask: Ask, emit: Emit, secrets: Sequence[str]) -> None:
        self._new_reader, self._read_whole = readers
        self._origin, self._ask, self._emit, self._secrets = origin, ask, emit, secrets
        self._reader: Reader | None = None
        self._is_whole = False
        """Whether it is certain that it is no stream."""
        self._pieces: list[bytes] = []
        self._size = 0
        self._status = 0
        self._says_stream = False
        self._retry_after: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task = asyncio.current_task()
        self.ended_itself = False
        """Whether it was whole but for its end mark, and waited long enough for that."""

    async def fetch(
        self, client: Client, target: Target, body: bytes | FileBody, headers: Sequence[tuple[str, str]]
    ) -> None:
        """Ask, and emit all that comes; returns when the answer is over."""
        try:
            try:
                if self._ask.trace:
                    headers = (*headers, *self._ask.trace)
                await client.fetch(target, body, self, connect_timeout=self._ask.limits.connect, headers=headers)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if not self.ended_itself or (task is not None and task.uncancel()):
                    raise
            except NetError:
                if not self.is_answered:
                    raise
            finally:
                self.stop_waiting()
                self._task = None
            self.close()
        except BaseException:
            if (usage := early_usage(self._reader)) is not None:
                self._ask.listener.on_usage(usage)
            raise

    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        """The answer begins."""
        self._status = status
        listener = self._ask.listener
        listener.on_flow(flow)
        listener.on_heading(heading.told(headers))
        self._is_whole = status >= 300
        self._says_stream = "event-stream" in headers.get("content-type", "").lower()
        if status >= 300:
            self._retry_after = retry_after(headers)

    def on_body(self, data: bytes) -> bool:
        """More of it; True when the rest does not matter."""
        self._size += len(data)
        reader = self._reader
        if reader is None:
            reader = self._look(data)
            if reader is None:
                return self._status >= 300 and self._size > MAX_ERROR
            data = b"".join(self._pieces)
        elif self._size > MAX_ANSWER:
            raise self._too_large()
        try:
            events = reader.feed(data)
        except ProviderError as error:
            raise self._clean(error) from None
        if events:
            self._emit(events)
        if reader.is_over:
            return True
        if reader.is_answered or self._timer is not None:
            self._wait_for_end(reader.is_answered)
        return False

    @property
    def is_answered(self) -> bool:
        """Whether all is here that was asked for, so that a break in the connection takes nothing away."""
        return self._reader is not None and self._reader.is_answered

    def close(self) -> None:
        """The body ended."""
        try:
            self._emit(self._close())
        except ProviderError as error:
            raise self._clean(error) from None

    @property
    def provider(self) -> str:
        """Whose answer it is."""
        return self._origin.provider

    def read_error(self, status: int, body: bytes) -> ProviderError:
        """What an answer with an error status says."""
        return upstream_errors.read_error(status, body, self.provider)

    def stop_waiting(self) -> None:
        """Nothing is awaited any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, data: bytes) -> Reader | None:
        """The reader, once it is certain that this is a stream."""
        if self._size > MAX_ANSWER:
            raise self._too_large()
        self._pieces.append(data)
        if self._is_whole:
            return None
        if data[:1] == b"{" and len(self._pieces) == 1:
            self._is_whole = True
            return None
        start = b"".join(self._pieces).lstrip(_BLANK)
        if not start:
            # Blank lines, which keep a connection alive and mean nothing in either form.
            self._pieces.clear()
        elif start.startswith(self.stream_begins):
            self._reader = self._new_reader(self._origin)
        elif not any(begin.startswith(start) for begin in self.stream_begins):
            self._is_whole = not self._says_stream or start[:1] in b'{["<'
            self._reader = None if self._is_whole else self._new_reader(self._origin)
        return self._reader

    def _close(self) -> Sequence[AnyEvent]:
        if self._reader is not None:
            return self._reader.close()
        body = b"".join(self._pieces).strip(_BLANK)
        if self._status >= 300:
            error = self.read_error(self._status, body[:MAX_ERROR])
            if self._retry_after is not None:
                error.retry_after = self._retry_after
            raise error
        return self._whole(body)

    def _whole(self, body: bytes) -> Sequence[AnyEvent]:
        if body[:1] not in (b"{", b"["):
            raise upstream_errors.no_answer(body, self.provider)
        return self._read_whole(body, self._origin)

    def _clean(self, error: ProviderError) -> ProviderError:
        if error.code in _NO_ANSWER:
            start = b"".join(self._pieces[:_FIRST])
            error.message = mistake(start, self._new_reader, self._origin.provider) or error.message
        return without_secrets(error, self._secrets)

    def _too_large(self) -> ProviderError:
        return ProviderError(
            f"The answer of {self._origin.provider} is over the size limit.", code="upstream_too_large"
        )

    def _wait_for_end(self, is_answered: bool) -> None:
        if not is_answered:
            self.stop_waiting()  # It went on after what looked like its end.
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(END_GRACE, self._end_itself)

    def _end_itself(self) -> None:
        self.ended_itself = True
        if self._task is not None:
            self._task.cancel()


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, if the headers say so in any of the three forms that exist."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    try:
        until = parsedate_to_datetime(headers["retry-after"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    try:
        # By the upstream's own clock, which may differ from ours.
        now = parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        now = time.time()
    return max(0.0, until - now)


def without_secrets(error: ProviderError, secrets: Sequence[str]) -> ProviderError:
    """Some providers repeat the key they refuse, whole or with stars in the middle."""
    for secret in secrets:
        error.message = _HALF_HIDDEN.sub("***", error.message.replace(secret, "***"))
        error.code = error.code.replace(secret, "***")
        error.kind = error.kind.replace(secret, "***")
        error.param = error.param and error.param.replace(secret, "***")
    return error
