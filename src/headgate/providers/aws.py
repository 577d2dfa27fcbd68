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

EXTRA = "botocore: scripts/extras bedrock"
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


class Lack(NamedTuple):
    """Why there are none."""

    message: str
    code: str


class Held(Protocol):
    """What the library gives for credentials."""

    def get_frozen_credentials(self) -> Any:
        """Those of now, renewed if need be; may take a while."""


def has_library() -> bool:
    """Whether the library is there."""
    return importlib.util.find_spec("botocore") is not None


def find() -> Held | None:
    """What the library finds, by its own rules; may take a while."""
    # What will sign is read in here too: it takes a tenth of a second, and this is a thread.
    import botocore.auth
    import botocore.awsrequest
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
        self._renewed = float("-inf")
        """When it was last tried to renew them in advance."""
        self._reading: asyncio.Task[Keys | Lack] | None = None
        """Whoever looks for them now, for all who wait, also when those who began to wait have left."""

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
            found = await asyncio.shield(self._read_once())
            if isinstance(found, Lack):
                raise ProviderError(found.message, code=found.code, status=503, kind="server_error")
            return found
        if self._wants_renewal(None) and time.monotonic() - self._renewed > RENEWAL_PAUSE:
            self._renewed = time.monotonic()
            self._read_once()
        return keys

    def _wants_renewal(self, seconds: int | None) -> bool:
        """Whether they end so soon; None for what the library takes for early enough."""
        asked: Callable[[int | None], bool] | None = getattr(self._held, "refresh_needed", None)
        return asked is not None and asked(seconds)

    def _read_once(self) -> "asyncio.Task[Keys | Lack]":
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        return self._reading

    async def _read(self) -> Keys | Lack:
        try:
            self._held, found = await asyncio.to_thread(_freeze, self._held, self._source)
        except ImportError:
            found = Lack(
                f"{self._provider} needs {EXTRA}, to sign its requests. Or set AWS_BEARER_TOKEN_BEDROCK to "
                "an API key of Bedrock's.",
                "missing_library",
            )
        except Exception as error:
            # The library's errors have no common kind, and some of their messages tell paths and hosts.
            why = type(error).__name__
            found = Lack(f"{self._provider}: the AWS credentials could not be read ({why}).", "no_credentials")
        finally:
            self._reading = None
        if isinstance(found, Keys):
            self._keys = found
            return found
        if self._keys is None or self._wants_renewal(MUST_RENEW):
            # Those that are there may still be good; if not, all is looked for anew the next time.
            self.forget()
        return found or Lack(
            f"{self._provider} found no AWS credentials: neither variables nor a profile nor a role, and no "
            "AWS_BEARER_TOKEN_BEDROCK.",
            "no_credentials",
        )

    def _headers(self, keys: Keys, method: str, url: str, body: bytes) -> list[tuple[str, str]]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        request = AWSRequest(method=method, url=url, data=body)
        SigV4Auth(keys, SERVICE, self._region).add_auth(request)
        return [(str(name), str(value)) for name, value in request.headers.items()]


def _freeze(held: Held | None, source: Callable[[], Held | None]) -> tuple[Held | None, Keys | Lack | None]:
    held = held or source()
    if held is None:
        return None, None
    found = held.get_frozen_credentials()
    if not found.access_key or not found.secret_key:
        return None, None
    return held, Keys(found.access_key, found.secret_key, found.token)
