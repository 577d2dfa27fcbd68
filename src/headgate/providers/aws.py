"""
Signing requests for Amazon, with Amazon's own library (the extra `bedrock`).

Where credentials come from is that library's business: variables, files, single sign-on, roles of containers and
machines. Finding or renewing them may read files and ask other servers, so that is done in a thread, by one
request for all that wait, and remembered.

Theory of operation of the renewal. Credentials that end say when they want to be renewed: a while before their
end it is done beside the requests, which go on with the old ones; shortly before it the requests wait for it.
"""

import asyncio
import importlib.util
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from headgate.errors import ProviderError

EXTRA = "pip install 'headgate[bedrock]'"
"""What to do where the library is missing."""

MUST_RENEW = 5 * 60
"""Seconds before their end from which on requests wait for new credentials."""

RENEWAL_PAUSE = 60.0
"""Seconds between two renewals in advance: one that fails is not tried again with every request."""

SERVICE = "bedrock"
"""For whom is signed, whatever the server's name."""

LARGE = 256 * 1024
"""Bytes from which on a body is signed in a thread: its checksum would hold up everybody else."""


class Keys(NamedTuple):
    """Credentials as they are at one moment."""

    access_key: str
    secret_key: str
    token: str | None


class Held(Protocol):
    """What the library gives for credentials."""

    def get_frozen_credentials(self) -> Any:
        """Those of now, renewed if need be; may take a while."""


def has_library() -> bool:
    """Whether the library is there."""
    return importlib.util.find_spec("botocore") is not None


def find() -> Held | None:
    """What the library finds, by its own rules; may take a while."""
    import botocore.session

    # A new session each time: it would remember what it found, and we were told that it is of no use any more.
    found: Held | None = botocore.session.Session().get_credentials()
    return found


class Signer:
    """Signs requests for one region."""

    def __init__(self, provider: str, region: str, source: Callable[[], Held | None] = find) -> None:
        self._provider, self._region, self._source = provider, region, source
        self._held: Held | None = None
        self._keys: Keys | None = None
        self._lock = asyncio.Lock()
        self._renewed = 0.0
        """When it was last tried to renew them in advance."""
        self._renewal: asyncio.Task[None] | None = None

    async def sign(self, method: str, url: str, body: bytes) -> list[tuple[str, str]]:
        """The headers that make it a request of ours; raises ProviderError where there are no credentials."""
        keys = await self._current()
        if len(body) > LARGE:
            return await asyncio.to_thread(self._headers, keys, method, url, body)
        return self._headers(keys, method, url, body)

    def forget(self) -> None:
        """They were refused: look for others the next time."""
        self._held = self._keys = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be repeated."""
        keys = self._keys
        return () if keys is None else tuple(secret for secret in keys if secret)

    async def _current(self) -> Keys:
        keys = self._keys
        if keys is None or self._wants_renewal(MUST_RENEW):
            return await self._load()
        if self._renewal is None and self._wants_renewal(None) and time.monotonic() - self._renewed > RENEWAL_PAUSE:
            self._renewed = time.monotonic()
            self._renewal = asyncio.create_task(self._renew())
        return keys

    def _wants_renewal(self, seconds: int | None) -> bool:
        """Whether they end so soon; None for what the library takes for early enough."""
        asked: Callable[[int | None], bool] | None = getattr(self._held, "refresh_needed", None)
        return asked is not None and asked(seconds)

    async def _load(self) -> Keys:
        async with self._lock:
            if self._keys is not None and not self._wants_renewal(MUST_RENEW):
                return self._keys
            try:
                return await self._read()
            except ProviderError:
                self.forget()
                raise

    async def _renew(self) -> None:
        try:
            async with self._lock:
                await self._read()
        except ProviderError:
            pass  # The old ones are still good; whoever comes when they are not is told.
        finally:
            self._renewal = None

    async def _read(self) -> Keys:
        try:
            self._held, keys = await asyncio.to_thread(_freeze, self._held, self._source)
        except ImportError:
            raise _refusal(
                f"{self._provider} needs a library to sign requests with: {EXTRA}. Or set AWS_BEARER_TOKEN_BEDROCK to "
                "an API key of Bedrock's.",
                "missing_library",
            ) from None
        except Exception as error:
            # The library's errors have no common kind, and some of their messages tell paths and hosts.
            raise _refusal(
                f"{self._provider}: the AWS credentials could not be read ({type(error).__name__}).", "no_credentials"
            ) from None
        if keys is None:
            raise _refusal(
                f"{self._provider} found no AWS credentials: neither variables nor a profile nor a role, and no "
                "AWS_BEARER_TOKEN_BEDROCK.",
                "no_credentials",
            )
        self._keys = keys
        return keys

    def _headers(self, keys: Keys, method: str, url: str, body: bytes) -> list[tuple[str, str]]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        request = AWSRequest(method=method, url=url, data=body)
        SigV4Auth(keys, SERVICE, self._region).add_auth(request)
        return [(str(name), str(value)) for name, value in request.headers.items()]


def _refusal(message: str, code: str) -> ProviderError:
    return ProviderError(message, code=code, status=503, kind="server_error")


def _freeze(held: Held | None, source: Callable[[], Held | None]) -> tuple[Held | None, Keys | None]:
    held = held or source()
    if held is None:
        return None, None
    found = held.get_frozen_credentials()
    if not found.access_key or not found.secret_key:
        return None, None
    return held, Keys(found.access_key, found.secret_key, found.token)
