"""A server that is killed in the middle: its addresses mean the same afterwards, and every reader gets an end."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_crash import never_answering, wait_until_kept
from tests.e2e.upstream import Upstream, telling
from tests.e2e.wire import Wire, counting, frames, words
from tests.offload.visitor import ASYNC, STREAM, Offloaded, ask, path_of
from tests.serving import serving

pytestmark = pytest.mark.slow

LONGER = counting(20_000)
"""Which no server comes to the end of before it is killed."""


def follow(made: Offloaded, upto: int) -> tuple[bytes, str]:
    """Read along up to a word; everything so far, and the number of its last event."""
    with Wire(made.server) as wire:
        wire.get(path_of(made.url("stream_events")))
        wire.until(b"\r\n\r\n")
        got = wire.until(f'"content":" w{upto}"'.encode()) + wire.until(b"\n\n")
    whole = b"\n".join(line for line in got.split(b"\n") if not line.endswith(b"\r"))
    return whole, next(frame.id for frame in reversed(frames(whole)) if frame.id)


def test_a_kill_in_mid_answer(tmp_path: Path) -> None:
    """What was seen is kept, the rest is an error, and who comes back gets nothing twice."""
    chance = random.Random(4)
    with serving(folder=tmp_path) as server:
        made = [ask(server, STREAM, text=LONGER, gap_ms=gap) for gap in (1, 2, 5)]
        made += [ask(server, STREAM, text=LONGER, gap_ms=2, fields={"access": "private"})]
        looked = ask(server, ASYNC, text=LONGER, gap_ms=2)
        seen = [follow(one, chance.randrange(1, 40)) for one in made[:3]]
        server.kill()
    with serving(folder=tmp_path) as server:
        for one, (body, last) in zip(made, seen, strict=False):
            check(one._replace(server=server), body, last)
        private = made[3]._replace(server=server)
        assert private.get("status").status == 401
        assert private.over(private.bearer)["status"] == "error"
        argument = private.said["authorization"]["stream_url_arg"]
        assert private.get("stream_events", query=f"?{argument}").status == 200
        said = looked._replace(server=server).over()
        assert (said["status"], said["error"]["code"]) == ("error", "producer_lost")


def check(made: Offloaded, body: bytes, last: str) -> None:
    said = made.over()
    assert (said["status"], said["error"]["code"]) == ("error", "producer_lost"), said
    text = made.words()
    assert LONGER.startswith(text)
    assert text.startswith("".join(words(body)))
    rest = made.get("stream_events", {"last-event-id": last}).body
    assert "".join(words(body) + words(rest)) == text
    assert frames(rest)[-1].data == "[DONE]"
    assert frames(made.get("stream_events").body)[-1].data == "[DONE]"
    assert made.get("stop").status == 405
    child = ask(made.server, fields={"from_status_url": made.url("status")})
    assert child.status()["parameters"]["messages"][1] == {"role": "assistant", "content": text}


def test_what_had_not_begun_is_asked_again(tmp_path: Path) -> None:
    """Under the same addresses, as if nothing had happened."""
    with Upstream(never_answering) as upstream:
        config = upstream.config() + "[providers.simulator]\n"
        with serving(config, folder=tmp_path) as server:
            made = ask(server, fields={"model": "up/m", "access": "private", "conversation_id": "monday"})
            upstream.wait_ready()
            wait_until_kept(server)
            server.kill()
        upstream.will(telling("one", " two"))
        with serving(config, folder=tmp_path) as server:
            made = made._replace(server=server)
            said = made.over(made.bearer)
            assert (said["status"], said["conversation_id"]) == ("done", "monday")
            assert said["response"]["body"]["choices"][0]["message"]["content"] == "one two"
            assert "".join(words(made.get("stream_events", made.bearer).body)) == "one two"


def test_it_still_has_no_more_than_its_time(tmp_path: Path) -> None:
    """When it is asked again, too; here nearly all of it is over at once."""
    before = (
        "from headgate.runs.attempt import Attempt\n"
        "overdue = Attempt.overdue\n"
        "Attempt.overdue = lambda self, now: overdue(self, now + 4.9)\n"
    )
    with Upstream(never_answering) as upstream:
        config = upstream.config() + "[providers.simulator]\n"
        with serving(config, folder=tmp_path) as server:
            made = ask(server, fields={"model": "up/m", "timeout": 5})
            upstream.wait_ready()
            server.kill()
        with serving(config, folder=tmp_path, before=before) as server:
            said = made._replace(server=server).over()
            assert (said["status"], said["error"]["code"]) == ("error", "total_timeout")


def test_an_address_that_was_given_means_something(tmp_path: Path) -> None:
    """However soon after it the server is killed."""
    config = "[server]\nshutdown_grace = 0\n"
    for _ in range(3):
        with serving(config, folder=tmp_path) as server:
            made = ask(server, text=LONGER, gap_ms=5)
            server.kill()
        with serving(config, folder=tmp_path) as server:
            assert made._replace(server=server).get("status").status == 200
            assert server.stop() == 0


def test_addresses_survive_a_restart(tmp_path: Path) -> None:
    with serving(folder=tmp_path) as server:
        made = ask(server, text="one two", fields={"access": "private"})
        said = made.over(made.bearer)
        bodies = {name: made.get(name, made.bearer).body for name in ("status", "stream_events", "raw")}
        assert server.stop() == 0
    with serving(folder=tmp_path) as server:
        made = made._replace(server=server)
        assert made.status(made.bearer) == said
        for name, body in bodies.items():
            assert made.get(name, made.bearer).body == body


def test_a_server_that_is_told_to_end_ends_its_streams(tmp_path: Path) -> None:
    config = "[server]\nshutdown_grace = 0\n"
    with serving(config, folder=tmp_path) as server:
        made = ask(server, text=LONGER, gap_ms=5)
        with Wire(server) as wire:
            wire.get(path_of(made.url("stream_events")))
            wire.until(b'"content":" w3"')
            assert server.stop() == 0
            assert wire.rest().endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    with serving(config, folder=tmp_path) as server:
        said: Any = made._replace(server=server).over()
        assert (said["status"], said["error"]["code"]) == ("error", "shutting_down")
