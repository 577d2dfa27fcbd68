"""
What a killed server leaves behind, and what the next one makes of it.

The promise: whatever a client has seen is in the log, in the same order, and nothing in the log was
made up. Readers see only what is kept, so a crash at any moment must not break it.
"""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.reading import Reader
from tests.e2e.upstream import STREAM_HEAD, Peer, Upstream, telling
from tests.e2e.watching import get, recent, wait_for_run, wait_for_status
from tests.e2e.wire import PATIENCE, Wire, chat, counting, events_of, pieces_of
from tests.serving import Serving, environment, serving

pytestmark = pytest.mark.slow

KEEP = {"headgate-disconnect": "keep"}
ROUNDS = 6
TEXT = counting(10_000)


def test_a_kill_loses_nothing_that_was_seen(tmp_path: Path) -> None:
    """At several moments, under several streams; each log ends with the word for it."""
    chance = random.Random(20)
    before: list[Reader] = []
    for number in range(ROUNDS + 1):
        with serving(folder=tmp_path) as server:
            for reader in before:
                # The kill may have come before anything did.
                if reader.body:
                    check_log(server, reader)
            assert {run["status"] for run in recent(server)} <= {"failed"}
            if number < ROUNDS:
                before = kill_amid_streams(server, chance)


def kill_amid_streams(server: Serving, chance: random.Random) -> list[Reader]:
    """Kill the server when one of its clients has come to a word that chance chooses."""
    asked = [chat(stream=True, text=TEXT, gap_ms=gap) for gap in (1, 1, 2, 3, 5, 8)]
    readers = [Reader(server, body, chance.randrange(1, 60)) for body in asked]
    assert chance.choice(readers).is_far_enough.wait(PATIENCE)
    server.kill()
    for reader in readers:
        reader.join()
    assert any(reader.words for reader in readers)
    return readers


def check_log(server: Serving, reader: Reader) -> None:
    """The log holds what was seen, in order, perhaps a little more, and its end."""
    seen = reader.words
    log = events_of(server, reader.run)
    kept = pieces_of(log)
    assert kept[: len(seen)] == seen, "what was seen is not what was kept"
    assert TEXT.startswith("".join(kept)), "what was kept is not what was said"
    assert (log[-1]["type"], log[-1]["code"]) == ("failed", "producer_lost")
    assert get(server, f"/v1/runs/{reader.run}")["output"]["text"] == "".join(kept)


def never_answering(peer: Peer) -> Any:
    """Take the request, and say nothing."""
    request = peer.request()
    peer.ready.set()
    peer.left_at()
    return request


def answering_a_little(peer: Peer) -> None:
    """Say something, and then no more."""
    peer.request()
    peer.send(STREAM_HEAD)
    peer.say("one")
    peer.left_at()


def test_a_kept_run_without_output_is_asked_again(tmp_path: Path) -> None:
    """After a kill the same request goes to the provider once more, and the same run gets its answer."""
    with Upstream(never_answering) as upstream:
        config = upstream.config() + "[providers.simulator]\n"
        with serving(config, folder=tmp_path) as server, Wire(server) as wire:
            wire.post(chat(model="up/m", stream=True, fields={"seed": 7}), headers=KEEP)
            upstream.wait_ready()
            run = wait_for_run(server, "up/m")
            wait_until_kept(server)
            server.kill()
        first = upstream.result()
        upstream.will(telling("one", " two"))
        with serving(config, folder=tmp_path) as server:
            assert wait_for_status(server, run, "finished")["output"]["text"] == "one two"
            assert upstream.result().body == first.body
            assert server.stop() == 0
        with serving(config, folder=tmp_path) as server:
            assert "".join(pieces_of(events_of(server, run))) == "one two"
        assert upstream.accepted == 2


def wait_until_kept(server: Serving) -> None:
    """
    Until the beginnings of all runs are on the disk.

    A commit takes all there is, so they are when a run that began later is over.
    """
    with Wire(server) as wire:
        wire.post(chat(words=1))
        assert wire.answer().status == 200


@pytest.mark.parametrize(
    ("play", "headers"), [(never_answering, {}), (answering_a_little, KEEP)], ids=["left", "begun"]
)
def test_other_runs_are_not_asked_again(tmp_path: Path, play: Any, headers: dict[str, str]) -> None:
    """Nobody waits for the one any more; of the other, somebody may have seen a part."""
    with Upstream(play) as upstream:
        config = upstream.config() + "[providers.simulator]\n"
        with serving(config, folder=tmp_path) as server, Wire(server) as wire:
            wire.post(chat(model="up/m", stream=True), headers=headers)
            run = wait_for_run(server, "up/m")
            if headers:
                wire.until(b"one")
            wait_until_kept(server)
            server.kill()
        with serving(config, folder=tmp_path) as server:
            log = events_of(server, run)
            assert (log[-1]["type"], log[-1]["code"]) == ("failed", "producer_lost")
            assert pieces_of(log) == (["one"] if headers else [])
        assert upstream.accepted == 1


def test_a_second_server_is_refused_the_store(tmp_path: Path) -> None:
    """With an exit code and a sentence, not a traceback; the first one does not notice."""
    with serving(folder=tmp_path) as server:
        command = [sys.executable, "-m", "headgate", "serve", "--port", "0"]
        second = subprocess.run(
            command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert second.returncode == 1
        assert "in use by another Headgate" in second.stderr
        assert str(server.process.pid) in second.stderr
        assert "Traceback" not in second.stderr
        with Wire(server) as wire:
            wire.post(chat(text="unmoved"))
            assert wire.answer().status == 200
