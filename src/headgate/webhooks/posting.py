"""One try to deliver a message: one request, and no more of its answer than has to be seen."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from headgate.net import AddressRefused, BrokenAnswer, Client, Flow, NetError, Target
from headgate.webhooks.schedule import Outcome, read_retry_after

CONNECT_SECONDS = 5.0

REST_SECONDS = 1.0
"""How long the rest of an answer may take once its head is here: that holds all we want to know."""

MAX_BODY = 64 * 1024
"""How much of an answer's body is read, to keep the connection for the next message."""

_USER_AGENT = "headgate-webhooks"


class Poster:
    """Posts messages. What comes of it is an Outcome, whatever happens."""

    def __init__(self, client: Client, seconds: float) -> None:
        self._client, self._seconds = client, seconds

    async def post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Outcome:
        """Post once. A redirect is an answer like any other, and followed by nobody."""
        return (await self.ask(url, headers, body))[0]

    async def ask(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> tuple[Outcome, bytes]:
        """The same, with the beginning of what was answered."""
        loop = asyncio.get_running_loop()
        began, answer, error = loop.time(), _Answer(), ""
        try:
            target = Target("POST", url, {"user-agent": _USER_AGENT, **dict(headers)})
            async with asyncio.timeout(self._seconds) as limit:
                answer.on_known = lambda: limit.reschedule(loop.time() + REST_SECONDS)
                await self._client.fetch(target, body, answer, connect_timeout=CONNECT_SECONDS)
        except TimeoutError:
            error = f"no answer within {self._seconds:g} s"
        except BrokenAnswer:
            error = "what was answered is no proper HTTP"
        except AddressRefused as refused:
            error = f"not sent: {refused.message}"
        except NetError as failed:
            error = failed.message
        except ValueError as wrong:
            error = f"not sent: {wrong}"
        if answer.status:
            # Its head was whole: whatever happened to the rest, it has said what it had to say.
            error = _complaint(answer.status)
        return Outcome(answer.status, error, loop.time() - began, answer.retry_after), bytes(answer.body)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.close()


class _Answer:
    """Takes in the head, and the beginning of the body."""

    on_known: Callable[[], None]

    def __init__(self) -> None:
        self.status = 0
        self.retry_after: float | None = None
        self.body = bytearray()

    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        self.status = status
        if status in (429, 503) and "retry-after" in headers:
            self.retry_after = read_retry_after(headers["retry-after"], time.time())
        self.on_known()

    def on_body(self, data: bytes) -> bool:
        self.body += data
        return len(self.body) > MAX_BODY


def _complaint(status: int) -> str:
    if 200 <= status < 300:
        return ""
    return f"answered {status}, and redirects are not followed" if 300 <= status < 400 else f"answered {status}"
