"""Where the values are found that nobody counts: they are looked up when somebody asks."""

import asyncio
from collections.abc import Iterable, Mapping

from headgate import __version__
from headgate.metrics import Meters
from headgate.metrics.families import Reading
from headgate.net import Client
from headgate.observe.access import AccessLog
from headgate.observe.traces import Traces
from headgate.runs import Member, Pool

STATES = ("closed", "open", "half_open")
"""Of the breaker of a provider's key: it is asked, left alone, or being tried again."""


def watch_process(meters: Meters) -> None:
    """What runs here."""
    meters.info.read(lambda: [((__version__,), 1)])


def watch_pools(meters: Meters, pools: Mapping[str, Pool]) -> None:
    """Who waits for a provider, and how its keys are."""

    def queues() -> Iterable[Reading]:
        for name, pool in pools.items():
            if pool.slots is not None:
                yield (name, "waiting"), pool.slots.waiting
                yield (name, "running"), pool.slots.running

    def states() -> Iterable[Reading]:
        now = asyncio.get_running_loop().time()
        for name, pool in pools.items():
            for member in pool.members:
                is_in = _state(member, now)
                yield from (((name, member.label, state), float(state == is_in)) for state in STATES)

    meters.queue.read(queues)
    meters.breakers.read(states)


def watch_client(meters: Meters, client: Client) -> None:
    """The connections to providers."""

    def connections() -> Iterable[Reading]:
        idle = client.idle_connections
        yield ("idle",), idle
        yield ("busy",), client.connections - idle

    meters.upstream.read(connections)
    meters.upstream_opened.read_one(lambda: client.opened)
    meters.upstream_reused.read_one(lambda: client.reused)


def watch_writer(meters: Meters, kind: str, writer: AccessLog | Traces) -> None:
    """What could not be written."""
    meters.dropped.read(lambda: [((kind,), writer.dropped)])


def _state(member: Member, now: float) -> str:
    if member.is_ready(now):
        return "closed"
    return "open" if now < member.rested else "half_open"
