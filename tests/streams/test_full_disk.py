"""A disk that takes no more, under those who write streams: nothing is there that was refused, and nothing twice."""

import json
import threading
from pathlib import Path

import pytest

from tests.e2e.test_full_disk import QUICKLY, Limited, is_well
from tests.e2e.watching import wait_until
from tests.e2e.wire import Answer, Wire, ask
from tests.serving import Serving, serving
from tests.streams.producing import messages

pytestmark = pytest.mark.slow

JSON = {"content-type": "application/json"}
PATH = "/v1/stream/s"


def append(server: Serving, seq: int, **more: str) -> Answer:
    """One message of a producer."""
    said = {"producer-id": "p", "producer-epoch": "0", "producer-seq": str(seq), **JSON, **more}
    return ask(server, PATH, said, "POST", json.dumps([seq]).encode())


def test_what_was_refused_is_not_there_and_may_be_said_again(tmp_path: Path) -> None:
    """Also after a kill; readers saw none of it, and the stream is as it was."""
    with serving(folder=tmp_path, before=QUICKLY) as server:
        assert ask(server, PATH, JSON, "PUT").status == 201
        kept = append(server, 0)
        assert kept.status == 200
        with Limited(tmp_path).full(server), Wire(server) as reader:
            reader.get(f"{PATH}?offset={kept.headers['stream-next-offset']}&live=long-poll")
            for refused in (
                append(server, 1, **{"stream-closed": "true"}),
                ask(server, PATH, JSON, "POST", b"[7]"),
                ask(server, "/v1/stream/other", JSON, "PUT"),
                ask(server, PATH, method="DELETE"),
            ):
                assert (refused.status, refused.error["code"]) == (503, "store_unavailable")
            # What is only in the journal cannot be looked up while nothing can be written.
            assert reader.answer().status in (204, 503)
        wait_until(lambda: is_well(server), "the server to find that there is room again")
        head = ask(server, PATH, method="HEAD")
        assert head.headers["stream-next-offset"] == kept.headers["stream-next-offset"]
        assert "stream-closed" not in head.headers
        assert (append(server, 1).status, append(server, 1).status) == (200, 204)
        assert messages(server, "s") == [0, 1]
        assert ask(server, "/v1/stream/other").status == 404
        server.kill()
    with serving(folder=tmp_path) as server:
        assert messages(server, "s") == [0, 1]
        assert (append(server, 1).status, append(server, 2).status) == (204, 200)
        assert messages(server, "s") == [0, 1, 2]


def test_a_disk_that_is_full_for_a_moment_only_delays(tmp_path: Path) -> None:
    """The append is answered when it is kept."""
    with serving(folder=tmp_path) as server:
        assert ask(server, PATH, JSON, "PUT").status == 201
        answers: list[Answer] = []
        with Limited(tmp_path).full(server):
            writer = threading.Thread(target=lambda: answers.append(append(server, 0)))
            writer.start()
            wait_until(lambda: not is_well(server), "the store to refuse")
            assert messages(server, "s") == []
        writer.join()
        assert [answer.status for answer in answers] == [200]
        assert messages(server, "s") == [0]
