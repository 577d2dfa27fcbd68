"""Streams of clients over HTTP: what the public suite does not look at."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from headgate.formats.sse import Reader
from tests.e2e.wire import Answer, Wire, ask
from tests.serving import Serving, serving, start

pytestmark = pytest.mark.slow

ALICE, BOB = {"authorization": "Bearer alices-key"}, {"authorization": "Bearer bobs-keys"}
TEXT, JSON = {"content-type": "text/plain"}, {"content-type": "application/json"}

CONFIG = """
[server]
keep_alive = "200ms"
[streams]
max_append = "2MB"
max_size = "4MB"
long_poll = "300ms"
sse_lifetime = "1s"
[keys]
alice = "alices-key"
bob = "bobs-keys"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(CONFIG) as server:
        yield server


def do(
    server: Serving, method: str, name: str, body: bytes = b"", key: Mapping[str, str] = ALICE, /, **headers: str
) -> Answer:
    """Something with a stream."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(server, f"/v1/stream/{name}", {**key, **said}, method, body)


def make(server: Serving, name: str, kind: str = "text/plain", body: bytes = b"", **headers: str) -> Answer:
    """A stream."""
    answer = do(server, "PUT", name, body, content_type=kind, **headers)
    assert answer.status == 201, answer
    return answer


def add(server: Serving, name: str, body: bytes, kind: str = "text/plain", **headers: str) -> Answer:
    """Something to one."""
    return do(server, "POST", name, body, content_type=kind, **headers)


def pages(server: Serving, name: str) -> list[bytes]:
    """Everything, a piece after the other."""
    found = list[bytes]()
    offset = "-1"
    while True:
        answer = do(server, "GET", f"{name}?offset={offset}")
        assert answer.status == 200, answer
        if answer.headers["stream-next-offset"] == offset:
            return found
        found.append(answer.body)
        offset = answer.headers["stream-next-offset"]


def listen(server: Serving, name: str, offset: str = "-1", **headers: str) -> Wire:
    """Somebody who hears what comes."""
    wire = Wire(server)
    wire.get(f"/v1/stream/{name}?offset={offset}&live=sse", {**ALICE, **headers})
    return wire


def heard(body: bytes) -> list[str]:
    """The data of server-sent events."""
    return [event.data.decode() for event in Reader().feed(body) if event.name == "data"]


def test_every_key_has_streams_of_its_own(server: Serving) -> None:
    make(server, "mine", body=b"alice's")
    for method in ("GET", "HEAD", "POST", "DELETE"):
        assert do(server, method, "mine", b"x", BOB, content_type="text/plain").status == 404
    assert do(server, "PUT", "fork", b"", BOB, stream_forked_from="/v1/stream/mine").status == 404
    assert do(server, "PUT", "mine", b"bob's", BOB, content_type="text/plain").status == 201
    assert (do(server, "GET", "mine").body, do(server, "GET", "mine", b"", BOB).body) == (b"alice's", b"bob's")
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        refused = do(server, method, "mine", b"x", {}, content_type="text/plain")
        assert refused.status == 401
        assert refused.headers["cross-origin-resource-policy"] == "cross-origin"


def test_pages_of_other_origins_can_use_it(server: Serving) -> None:
    """They may send what the protocol has them send, and read what it has them told."""
    asked = {"origin": "https://app.example", "access-control-request-method": "PUT"}
    wanted = "content-type, stream-ttl, stream-closed, producer-id, producer-epoch, producer-seq, if-none-match"
    answer = ask(server, "/v1/stream/x", {**asked, "access-control-request-headers": wanted}, "OPTIONS")
    assert answer.status == 204
    assert answer.headers["access-control-allow-headers"] == wanted
    assert {"PUT", "POST", "DELETE", "HEAD"} <= set(answer.headers["access-control-allow-methods"].split(", "))
    with Wire(server) as wire:
        wire.get("/v1/stream/nothing", {**ALICE, "origin": "https://app.example"})
        told = wire.until(b"\r\n\r\n").decode().lower()
    exposed = ",".join(re.findall("access-control-expose-headers: (.*)\r", told))
    assert {"stream-next-offset", "stream-cursor", "stream-closed", "producer-epoch", "etag", "location"} <= {
        name.strip() for name in exposed.split(",")
    }


@pytest.mark.parametrize(
    "name", ["a/b/c", "with%20space", "%C5%BElu%C5%A5", "a.b~c:d@e", "a%2Fb", "x" * 1000, "..%2F.."]
)
def test_names_are_what_they_are(server: Serving, name: str) -> None:
    """And where it is said that one is, it is."""
    location = make(server, name, body=b"here").headers["location"]
    path = location.removeprefix("http://test")
    assert ask(server, path, ALICE).body == b"here"
    assert do(server, "GET", name).body == b"here"
    do(server, "DELETE", name)


@pytest.mark.parametrize("name", ["runs/x/y", "runs", "__ds/x", "__ds", "x" * 1025])
def test_some_names_are_not_for_clients(server: Serving, name: str) -> None:
    assert do(server, "PUT", name, content_type="text/plain").status in (400, 404, 405)
    assert do(server, "GET", name).status in (400, 404)


def test_what_is_too_much_is_refused(server: Serving) -> None:
    """At once, and in all."""
    make(server, "much", "application/octet-stream")
    answer = add(server, "much", b"x" * ((2 << 20) + 1), "application/octet-stream")
    assert answer.status == 413
    assert "larger" in answer.error["message"]
    for _ in range(2):
        assert add(server, "much", b"x" * (2 << 20), "application/octet-stream").status == 204
    full = add(server, "much", b"x", "application/octet-stream")
    assert (full.status, full.error["code"]) == (413, "stream_too_large")
    assert "[streams] max_size" in full.error["message"]


def test_a_long_stream_is_read_page_by_page(server: Serving) -> None:
    """Each of them can be asked for again for nothing, as long as it holds."""
    body = bytes(range(256)) * 4096
    make(server, "long", "application/octet-stream", body)
    for part in (body, body[: 1 << 19], b"end"):
        add(server, "long", part, "application/octet-stream")
    found = pages(server, "long")
    assert b"".join(found) == body + body + body[: 1 << 19] + b"end"
    assert 2 <= len(found) <= 5
    first = do(server, "GET", "long")
    assert "stream-up-to-date" not in first.headers
    again = do(server, "GET", "long", if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_messages_are_read_from_where_one_begins(server: Serving) -> None:
    """An offset of somebody's own making that is inside of one is refused."""
    end = make(server, "messages", "application/json", b'[{"a":1},{"b":2}]').headers["stream-next-offset"]
    assert do(server, "GET", "messages?offset=0000000000000000_0000000000000008").json() == [{"b": 2}]
    inside = do(server, "GET", "messages?offset=0000000000000000_0000000000000003")
    assert (inside.status, inside.error["code"]) == (400, "invalid_offset")
    beyond = do(server, "GET", f"messages?offset={end[:-1]}9")
    assert (beyond.status, beyond.error["code"]) == (400, "invalid_offset")


def test_text_is_told_by_whole_letters(server: Serving) -> None:
    """However it was cut when it was said; and spaces at the beginning of lines stay."""
    letters = "  two spaces\n one\nžluťoučký 🐎 konec".encode()
    make(server, "letters")
    with listen(server, "letters") as wire:
        for byte in letters:
            add(server, "letters", bytes([byte]))
        add(server, "letters", b"", stream_closed="true")
        body = wire.answer().body
    assert "".join(heard(body)).encode() == letters
    assert "�" not in body.decode()
    assert json.loads(body.split(b"data:")[-1]) == {
        "streamNextOffset": f"0000000000000000_{len(letters):016}",
        "streamClosed": True,
        "upToDate": True,
    }


def test_bytes_are_told_in_base64(server: Serving) -> None:
    data = bytes(range(256)) * 40
    make(server, "bytes", "image/png", data[:1000])
    with listen(server, "bytes") as wire:
        add(server, "bytes", data[1000:], "image/png", stream_closed="true")
        answer = wire.answer()
    assert answer.headers["stream-sse-data-encoding"] == "base64"
    assert b"".join(base64.b64decode(each) for each in heard(answer.body)) == data


def test_a_listener_is_kept_alive_and_comes_back_after_a_while(server: Serving) -> None:
    """The stream of events ends by itself, cleanly."""
    make(server, "quiet", body=b"x")
    with listen(server, "quiet") as wire:
        answer = wire.answer()
    assert answer.body.count(b": k\n") >= 1
    assert heard(answer.body) == ["x"]


def test_those_who_wait_hear_of_the_end(server: Serving) -> None:
    """Of a stream that is deleted: who listens may ask again, and who polls is told."""
    make(server, "short")
    with listen(server, "short", "now") as listener, Wire(server) as poller:
        assert b"200 OK" in listener.until(b"\r\n\r\n")
        poller.get("/v1/stream/short?offset=now&live=long-poll", ALICE)
        assert do(server, "DELETE", "short").status == 204
        listener.until(b"\r\n0\r\n\r\n")
        # It may have been over, or not begun, when the stream was deleted.
        assert poller.answer().status in (404, 204)
    assert do(server, "GET", "short").status == 404


def test_a_crash_takes_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Not what was said, nor by whom, nor what was closed, forked or deleted."""
    server = start(tmp_path, CONFIG)
    producer = {"producer_id": "p", "producer_epoch": "2"}
    make(server, "talk", stream_ttl="3600")
    for number in range(50):
        answer = add(server, "talk", b"%d," % number, **producer, producer_seq=str(number), stream_seq=f"{number:04}")
        assert answer.status == 200
    make(server, "fork", body=b"!", stream_forked_from="/v1/stream/talk", stream_fork_offset=_offset(6))
    make(server, "gone")
    make(server, "closed", "application/json", b"[1,2]", stream_closed="true")
    assert do(server, "DELETE", "gone").status == 204
    assert do(server, "DELETE", "talk").status == 204
    server.kill()
    assert server.process.stdout is not None
    server.process.stdout.close()
    with serving(CONFIG, folder=tmp_path) as again:
        assert do(again, "GET", "fork").body == b"0,1,2,!"
        assert [do(again, "GET", name).status for name in ("talk", "gone")] == [410, 404]
        closed = do(again, "GET", "closed")
        assert (closed.json(), closed.headers["stream-closed"]) == ([1, 2], "true")
        assert add(again, "closed", b"3", "application/json").status == 409
        assert add(again, "fork", b"?").status == 204
        assert do(again, "HEAD", "fork").headers["stream-ttl"] == "3600"
        assert again.stop() == 0
    with serving(CONFIG, folder=tmp_path) as once_more:
        assert do(once_more, "GET", "fork").body == b"0,1,2,!?"


def test_producers_are_remembered_over_a_restart(tmp_path: Path) -> None:
    server = start(tmp_path, CONFIG)
    make(server, "talk")
    said = {"producer_id": "p", "producer_epoch": "1"}
    assert add(server, "talk", b"a", **said, producer_seq="0", stream_seq="b").status == 200
    server.kill()
    assert server.process.stdout is not None
    server.process.stdout.close()
    with serving(CONFIG, folder=tmp_path) as again:
        assert add(again, "talk", b"a", **said, producer_seq="0").status == 204
        assert add(again, "talk", b"c", stream_seq="a").status == 409
        stale = add(again, "talk", b"x", producer_id="p", producer_epoch="0", producer_seq="1")
        assert (stale.status, stale.headers["producer-epoch"]) == (403, "1")
        assert add(again, "talk", b"b", **said, producer_seq="1").status == 200
        assert do(again, "GET", "talk").body == b"ab"


def _offset(place: int) -> str:
    return f"0000000000000000_{place:016}"


def test_a_server_that_ends_lets_its_readers_go(tmp_path: Path) -> None:
    """In an orderly way: what they have is whole, and they may come back."""
    with serving(CONFIG.replace('"1s"', '"60s"').replace('"300ms"', '"60s"'), folder=tmp_path) as server:
        make(server, "talk", body=b"x")
        with listen(server, "talk") as listener, Wire(server) as poller:
            listener.until(b"upToDate")
            poller.get("/v1/stream/talk?offset=now&live=long-poll", ALICE)
            assert do(server, "GET", "talk").body == b"x"
            assert server.stop() == 0
            assert listener.rest().endswith(b"\r\n0\r\n\r\n")
            assert poller.answer().status == 503
        assert server.log() == ""
