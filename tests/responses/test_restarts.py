"""Responses after a crash and a restart: found as they were, to the byte."""

import json
import threading
from pathlib import Path

import pytest

from tests.e2e.upstream import Peer, Upstream, telling
from tests.e2e.wire import counting, without_comments
from tests.responses.asking import Live, after, begin, events, make, over, show, stream
from tests.serving import serving

pytestmark = pytest.mark.slow

LONG = counting(2000)


def test_what_is_over_is_the_same_after_a_restart(tmp_path: Path) -> None:
    """Its object, and its stream from every event on."""
    with serving(folder=tmp_path) as server:
        live = without_comments(make(server, background=True, stream=True, words=8).body)
        id = events(live)[0]["response"]["id"]
        shown = show(server, id)
        assert server.stop() == 0
    with serving(folder=tmp_path) as server:
        assert show(server, id) == shown
        assert stream(server, id) == live
        for number in range(len(events(live))):
            assert stream(server, id, number) == after(live, number)


def test_what_a_kill_cut_short_has_failed_and_keeps_what_was_seen(tmp_path: Path) -> None:
    """The stream that was read before is how the stream begins now."""
    with serving(folder=tmp_path) as server, Live(server, text=LONG, gap_ms=2) as live:
        part = live.until(b'w50"}\n\n')
        server.kill()
        rest = live.wire.rest()
    seen = _events(part + rest)
    with serving(folder=tmp_path) as server:
        found = over(server, live.id)
        assert (found["status"], found["error"]["code"]) == ("failed", "server_error")
        text = found["output"][0]["content"][0]["text"]
        assert " w50" in text
        assert LONG.startswith(text)
        assert found["output"][0]["status"] == "incomplete"
        whole = stream(server, live.id)
        assert whole.startswith(seen)
        told = events(whole)
        assert [event["type"] for event in told[-2:]] == ["response.failed", "error"]
        assert told[-2]["response"] == found
        cut = len(events(seen)) - 1
        assert seen + stream(server, live.id, cut) == whole
        assert stream(server, live.id) == whole


def _events(chunked: bytes) -> bytes:
    """The whole events in the bytes of a chunked body, which may be cut anywhere."""
    lines = [line for line in chunked.replace(b"\r\n", b"\n").split(b"\n") if line.startswith((b"event: ", b"data: "))]
    pairs = [(name, data) for name, data in zip(lines[::2], lines[1::2], strict=False) if data.endswith(b"}")]
    return b"".join(name + b"\n" + data + b"\n\n" for name, data in pairs)


def test_what_was_promised_is_kept_by_the_time_it_is_promised(tmp_path: Path) -> None:
    """However soon after it the server is killed; and what nobody has answered yet is asked again."""
    ids = []
    with serving(folder=tmp_path) as server:
        for _ in range(20):
            ids.append(begin(server, first_ms=200, text="After all."))
        server.kill()
    with serving(folder=tmp_path) as server:
        for id in ids:
            ended = over(server, id)
            assert (ended["status"], ended["id"]) == ("completed", id)
            assert ended["output"][0]["content"][0]["text"] == "After all."


def test_a_conversation_is_asked_again_with_all_of_it(tmp_path: Path) -> None:
    """Also when what it went on from is gone."""
    never = threading.Event()

    def silent(peer: Peer) -> None:
        peer.request()
        peer.ready.set()
        never.wait()

    with Upstream(telling("one")) as upstream:
        config = upstream.config()
        with serving(config, folder=tmp_path) as server:
            said = make(server, model="up/m", input="first", stream=True)
            first = events(without_comments(said.body))[0]["response"]["id"]
            upstream.will(silent)
            second = begin(server, model="up/m", input="second", previous_response_id=first, stream=False)
            upstream.wait_ready()
            server.kill()
        never.set()
        upstream.will(lambda peer: peer.request())
        with serving(config, folder=tmp_path) as server:
            asked = upstream.result()
            assert [message["content"] for message in json.loads(asked.body)["messages"]] == ["first", "one", "second"]
            assert over(server, second)["previous_response_id"] == first


def test_the_store_in_memory_serves_as_well() -> None:
    with serving('[store]\npath = "memory"\n') as server:
        live = without_comments(make(server, background=True, stream=True, words=5).body)
        id = events(live)[0]["response"]["id"]
        assert stream(server, id, 4) == after(live, 4)
        assert over(server, begin(server, words=2))["status"] == "completed"
