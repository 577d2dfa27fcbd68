"""
Loads servers on this machine and says what came of it: a process of its own, so that what it costs
is nobody else's.

    python -m bench.load JOB

JOB is a Job as JSON; prints a list with one Seen for each of its ports.
"""

import asyncio
import gc
import math
import sys
import time
from collections.abc import Iterator, Sequence

import msgspec
import uvloop

from bench.client import Client, Tally
from bench.job import Job, Seen

PROMPT = "Tell me a story about a robot learning to paint"


def _request(job: Job) -> bytes:
    ask = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": PROMPT}], "max_tokens": job.words}
    if job.stream:
        ask |= {"stream": True, "stream_options": {"include_usage": True}}
    body = msgspec.json.encode(ask)
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n%b" % (len(body), body)


class _Caller:
    """One client: a connection to each of the servers."""

    def __init__(self, job: Job, tallies: list[Tally]) -> None:
        self._job, self._tallies = job, tallies
        self._request = _request(job)
        self._words = job.words if job.stream else 0
        self._clients: list[Client | None] = [None] * len(tallies)

    async def call(self, turns: Iterator[int]) -> None:
        """Ask every server, for as long as there are turns."""
        for _ in turns:
            for place in range(len(self._tallies)):
                if self._job.pause:
                    await asyncio.sleep(self._job.pause)
                await self._ask(place)

    async def _ask(self, place: int) -> None:
        client = self._clients[place]
        try:
            if client is None or not client.is_open:
                client = self._clients[place] = await self._connect(place)
            await client.ask()
        except OSError as error:
            self._tallies[place].note_broken(f"no connection: {error.strerror}")

    async def _connect(self, place: int) -> Client:
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(
            lambda: Client(self._request, self._words, self._tallies[place]), "127.0.0.1", self._job.ports[place]
        )
        return client


async def run(job: Job) -> list[Seen]:
    """Do the job."""
    tallies = [Tally() for _ in job.ports]
    turns = iter(range(job.requests))

    async def begin(number: int) -> None:
        await asyncio.sleep(job.spread * number / job.clients)
        await _Caller(job, tallies).call(turns)

    begun = time.perf_counter()
    tasks = [asyncio.create_task(begin(number)) for number in range(job.clients)]
    done, late = await asyncio.wait(tasks, timeout=job.limit)
    seconds = time.perf_counter() - begun
    for task in late:
        task.cancel()
    for task in done:
        task.result()
    return [_seen(tally, seconds, job) for tally in tallies]


def _seen(tally: Tally, seconds: float, job: Job) -> Seen:
    return Seen(
        whole=tally.whole,
        broken=tally.broken,
        words=tally.words,
        first_p50=_share(tally.firsts, 0.5),
        first_p99=_share(tally.firsts, 0.99),
        gap_p99=_share(tally.gaps, 0.99),
        gap_max=_share(tally.gaps, 1.0),
        long_gaps=tally.long_gaps,
        seconds=seconds,
        trouble=tally.trouble,
    )


def _share(values: Sequence[float], share: float) -> float:
    """The value in milliseconds that this share of them does not exceed."""
    if not values:
        return 0.0
    return sorted(values)[math.ceil(len(values) * share) - 1] * 1000


if __name__ == "__main__":
    # A pause of ours would look like a gap of the server's.
    gc.freeze()
    gc.disable()
    seen = uvloop.run(run(msgspec.json.decode(sys.argv[1], type=Job)))
    sys.stdout.buffer.write(msgspec.json.encode(seen))
