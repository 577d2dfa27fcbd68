"""Short questions to a provider, which make no run: counts, vectors, lists."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from headgate.errors import ProviderError
from headgate.formats import upstream_errors
from headgate.net import Client, Flow, Target
from headgate.providers.answer import retry_after, without_secrets

MAX_ANSWER = 192 * 1024 * 1024
"""Caps what one answer can make us hold: 2048 vectors of 4096 numbers, of twenty characters each, are 168 MB."""


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asked; whoever asks keeps the time, but for connecting."""

    client: Client
    provider: str
    connect: float
    """Seconds that connecting may take."""
    secrets: Sequence[str] = ()

    async def ask(self, target: Target, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> bytes:
        """The body of the answer; raises ProviderError for any but a good one."""
        taken = _Taken(self.provider)
        await self.client.fetch(target, body, taken, connect_timeout=self.connect, headers=headers)
        with self.discreet():
            return taken.body()

    @contextmanager
    def discreet(self) -> Iterator[None]:
        """Whatever its answers are read in must not repeat what is secret."""
        try:
            yield
        except ProviderError as error:
            raise without_secrets(error, self.secrets) from None


class _Taken:
    """An answer as it comes in."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._pieces: list[bytes] = []
        self._size = 0
        self._status = 0
        self._retry_after: float | None = None

    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        self._status = status
        self._retry_after = retry_after(headers)

    def on_body(self, data: bytes) -> bool:
        self._size += len(data)
        self._pieces.append(data)
        return self._size > MAX_ANSWER

    def body(self) -> bytes:
        """All of it."""
        if self._size > MAX_ANSWER:
            message = f"The answer of {self._provider} is over the size limit."
            raise ProviderError(message, code="upstream_too_large")
        body = b"".join(self._pieces)
        if self._status != 200:
            error = upstream_errors.read_error(self._status, body, self._provider)
            if self._retry_after is not None:
                error.retry_after = self._retry_after
            raise error
        return body
