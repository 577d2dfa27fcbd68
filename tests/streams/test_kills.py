"""
A server that is killed under producers: no append that was acknowledged is lost, and none is there twice.

Producers send a batch again when nobody told them what became of it, as the protocol has it. After each kill all
that is on the streams is compared with what was acknowledged, and what readers saw with what is there.
"""

import random
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.watching import wait_until
from tests.e2e.wire import ask
from tests.serving import Serving, serving
from tests.streams.producing import Follower, Producer, messages

pytestmark = pytest.mark.slow

STREAMS = {"kills/one": "&live=long-poll", "kills/two": "", "kills/three": ""}
"""Each with how it is read meanwhile: whoever asks all the time would see what is not kept yet."""

EACH = 4
"""Producers of a stream."""

ROUNDS = 6


def test_a_kill_loses_no_append_and_doubles_none(tmp_path: Path) -> None:
    """Whenever it comes; over and over on the same streams."""
    chance = random.Random(9)
    names = [(stream, number) for stream in STREAMS for number in range(EACH)]
    producers = [Producer(f"{stream}-{number}", stream, random.Random(f"{stream}{number}")) for stream, number in names]
    seen: dict[str, list[Any]] = {stream: [] for stream in STREAMS}
    for number in range(ROUNDS + 1):
        with serving(folder=tmp_path) as server:
            for stream in STREAMS:
                assert ask(server, f"/v1/stream/{stream}", JSON, "PUT").status in (200, 201)
                found = messages(server, stream)
                check(server, [producer for producer in producers if producer.stream == stream], found)
                assert found[: len(seen[stream])] == seen[stream], "somebody saw what is not there"
            if number < ROUNDS:
                for producer in chance.sample(producers, 2):
                    if not producer.is_under_way:
                        producer.begin_anew()
                seen = kill_amid_appends(server, producers, chance)
    assert sum(len(producer.kept) for producer in producers) > ROUNDS * len(producers)


JSON = {"content-type": "application/json"}


def kill_amid_appends(server: Serving, producers: list[Producer], chance: random.Random) -> dict[str, list[Any]]:
    """Kill the server when so much was acknowledged as chance has it; returns what readers saw of each stream."""
    before = sum(len(producer.kept) for producer in producers)
    enough = before + chance.randrange(len(producers), 40 * len(producers))
    followers = [Follower(server, stream, live) for stream, live in STREAMS.items()]
    threads = [threading.Thread(target=producer.work, args=(server,)) for producer in producers]
    for thread in (*followers, *threads):
        thread.start()
    wait_until(lambda: sum(len(producer.kept) for producer in producers) >= enough, "enough to be acknowledged")
    server.kill()
    for thread in (*followers, *threads):
        thread.join()
    assert [producer.problems for producer in producers if producer.problems] == []
    return {stream: follower.seen for stream, follower in zip(STREAMS, followers, strict=True)}


def check(server: Serving, producers: list[Producer], found: list[Any]) -> None:
    """Each producer's own, in its order; and nothing of anybody else."""
    by: dict[str, list[tuple[int, int, int]]] = {producer.name: [] for producer in producers}
    for message in found:
        by[message["by"]].append((message["epoch"], message["seq"], message["n"]))
    for producer in producers:
        producer.check(server, by[producer.name])
