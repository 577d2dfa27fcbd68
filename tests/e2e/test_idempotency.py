"""Idempotency-Key: a request that comes again gets the run of the first, and nobody pays twice."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.upstream import STREAM_HEAD, Peer, Upstream, telling
from tests.e2e.watching import get, has_seen_everything, recent, run_of, wait_for_status
from tests.e2e.wire import HELLO, PATIENCE, Answer, Wire, ask, chat, counting, script, without_comments
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

UI_MESSAGES = [{"role": "user", "id": "m", "parts": [{"type": "text", "text": "Hello"}]}]
ENDPOINTS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": HELLO},
    "/v1/completions": {"prompt": "Hello"},
    "/v1/responses": {"input": "Hello"},
    "/v1/ui": {"messages": UI_MESSAGES},
}
endpoints = pytest.mark.parametrize("path", ENDPOINTS)


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


def body(path: str, *, stream: bool = True, **said: Any) -> bytes:
    """A request for that endpoint."""
    return json.dumps({"model": "simulator/demo", "stream": stream, **ENDPOINTS[path], **script(**said)}).encode()


def post(server: Serving, path: str, said: bytes, key: str, **headers: str) -> Answer:
    """Ask with a key."""
    return ask(server, path, {"idempotency-key": key, **headers}, "POST", said)


def runs(server: Serving) -> int:
    """How many runs there are."""
    return len(get(server, "/v1/runs?limit=100")["data"])


@endpoints
@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_the_same_request_gets_the_same_run_when_it_is_over(server: Serving, path: str, stream: bool) -> None:
    """The same bytes, and one run."""
    before = runs(server)
    said = body(path, stream=stream, text="one two three")
    first, second, third = (post(server, path, said, f"over-{path}-{stream}") for _ in range(3))
    assert runs(server) == before + 1
    assert len({answer.headers["headgate-run"] for answer in (first, second, third)}) == 1
    assert first.body == second.body == third.body
    assert first.status == second.status == 200


@endpoints
def test_the_same_request_gets_the_same_run_while_it_is_live(server: Serving, path: str) -> None:
    """Both read it to its end, the second from the start."""
    said = body(path, text=counting(60), gap_ms=5)
    headers = {"idempotency-key": f"live-{path}"}
    with Wire(server) as first, Wire(server) as second:
        first.post(said, path, headers)
        head = first.until(b" w20")
        second.post(said, path, headers)
        answer = second.answer()
        rest = first.until(b"\r\n0\r\n\r\n")
    assert answer.headers["headgate-run"] == run_of(head)
    assert rest
    assert post(server, path, said, f"live-{path}").body == without_comments(answer.body)
    assert b" w59" in answer.body


def test_the_same_request_gets_the_same_run_after_a_restart(tmp_path: Path) -> None:
    """Also after a crash."""
    path = "/v1/chat/completions"
    said = body(path, text=counting(20))
    with serving(folder=tmp_path) as server:
        first = post(server, path, said, "again")
        assert server.stop() == 0
    with serving(folder=tmp_path) as server:
        second = post(server, path, said, "again")
        assert post(server, path, body(path, text="other"), "again").status == 409
        server.kill()
    with serving(folder=tmp_path) as server:
        third = post(server, path, said, "again")
        assert runs(server) == 1
    assert first.body == second.body == third.body
    assert first.headers["headgate-run"] == third.headers["headgate-run"]


def test_many_at_the_same_instant_are_one_run(server: Serving) -> None:
    """Whoever comes first begins it, and all get the same."""
    path = "/v1/chat/completions"
    before, said, answers = runs(server), body(path, text=counting(30), gap_ms=2), list[Answer]()
    wires = [Wire(server) for _ in range(20)]
    threads = [threading.Thread(target=lambda wire=wire: answers.append(wire.answer())) for wire in wires]
    for wire in wires:
        wire.post(said, path, {"idempotency-key": "at once"})
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for wire in wires:
        wire.close()
    assert runs(server) == before + 1
    assert {answer.status for answer in answers} == {200}
    assert len({without_comments(answer.body) for answer in answers}) == 1


def test_a_provider_is_asked_once(tmp_path: Path) -> None:
    """By two who ask at the same instant while the model is still looked for, and by those who come later."""
    with Upstream(telling("one", " two")) as upstream, serving(upstream.config(), folder=tmp_path) as server:
        said = json.dumps({"model": "up/m", "messages": HELLO, "stream": True}).encode()
        headers = {"idempotency-key": "once"}
        with Wire(server) as first, Wire(server) as second:
            first.post(said, headers=headers)
            second.post(said, headers=headers)
            bodies = {first.answer().body, second.answer().body}
        bodies |= {post(server, "/v1/chat/completions", said, "once").body for _ in range(3)}
        assert len(bodies) == 1
        assert upstream.accepted == 1


def test_two_who_wait_for_the_models_name_are_one_run(tmp_path: Path) -> None:
    """Neither finds a run when it looks for one, because none can be begun yet."""
    may_list = threading.Event()

    def play(peer: Peer) -> str:
        request = peer.request()
        if request.line.startswith("GET"):
            peer.ready.set()
            may_list.wait(PATIENCE)
            models = b'{"object":"list","data":[{"id":"bare","object":"model"}]}'
            peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(models), models))
            return "list"
        peer.send(STREAM_HEAD)
        peer.say("one", reason="stop")
        peer.done()
        return "chat"

    with Upstream(play) as upstream:
        config = f'[providers.up]\nkind = "openai"\nbase_url = "http://127.0.0.1:{upstream.port}/v1"\n'
        said = json.dumps({"model": "bare", "messages": HELLO, "stream": True}).encode()
        headers = {"idempotency-key": "bare"}
        with serving(config, folder=tmp_path) as server, Wire(server) as first, Wire(server) as second:
            first.post(said, headers=headers)
            upstream.wait_ready()
            second.post(said, headers=headers)
            has_seen_everything(server)
            may_list.set()
            answers = [first.answer(), second.answer()]
            assert runs(server) == 1
        assert answers[0].body == answers[1].body
        assert answers[0].headers["headgate-run"] == answers[1].headers["headgate-run"]


@endpoints
def test_another_body_under_the_same_key_is_refused(server: Serving, path: str) -> None:
    """409, and nothing is begun; spaces make another body too."""
    said = body(path, text="one")
    post(server, path, said, f"body-{path}")
    before = runs(server)
    for other in (body(path, text="two"), said + b" "):
        answer = post(server, path, other, f"body-{path}")
        assert (answer.status, answer.error["code"]) == (409, "idempotency_key_reused")
    assert runs(server) == before


def test_another_endpoint_is_another_request(server: Serving) -> None:
    """Even where the body would do for both."""
    said = json.dumps({"model": "simulator/demo", "messages": HELLO, "prompt": "x", **script(text="one")}).encode()
    assert post(server, "/v1/chat/completions", said, "elsewhere").status == 200
    assert post(server, "/v1/completions", said, "elsewhere").error["code"] == "idempotency_key_reused"


def test_a_wrong_request_uses_up_no_key(server: Serving) -> None:
    """It began nothing."""
    path = "/v1/chat/completions"
    assert post(server, path, b"{}", "late").status == 400
    assert post(server, path, chat(model="nobody"), "late").status == 404
    assert post(server, path, chat(text="one"), "late").status == 200


def test_a_failed_run_fails_again_with_the_same_words(server: Serving) -> None:
    """Its error is what it came to; who wants another try takes another key."""
    said = chat(fail={"status": 429, "code": "slow_down"})
    first, second = (post(server, "/v1/chat/completions", said, "failing") for _ in range(2))
    assert (first.status, second.status) == (429, 429)
    assert first.body == second.body
    assert first.headers["headgate-run"] == second.headers["headgate-run"]


def test_a_key_belongs_to_its_owner() -> None:
    """Others use the same words for runs of their own."""
    config = '[providers.simulator]\n[keys]\nalice = "alices-key"\nbob = "bobs-keys"\n'
    with serving(config) as server:
        said = chat(text="one", stream=True)
        alices, bobs = (
            post(server, "/v1/chat/completions", said, "mine", authorization=f"Bearer {key}")
            for key in ("alices-key", "bobs-keys")
        )
        assert alices.headers["headgate-run"] != bobs.headers["headgate-run"]
        assert (
            post(server, "/v1/chat/completions", chat(text="two"), "mine", authorization="Bearer bobs-keys").status
            == 409
        )
        assert len(recent(server, "alices-key")) == len(recent(server, "bobs-keys")) == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "x" * 5000])
def test_a_key_of_a_wrong_length_is_refused(server: Serving, key: str) -> None:
    """400, with a code of its own."""
    answer = post(server, "/v1/chat/completions", chat(text="one"), key)
    assert (answer.status, answer.error["code"]) == (400, "invalid_idempotency_key")


@pytest.mark.parametrize("key", ["x", "x" * 255, 'any "sign", /?#%;=', "\xff\xfe"])
def test_a_key_may_be_anything_a_header_may_be(server: Serving, key: str) -> None:
    """As long as it is not too long."""
    first, second = (post(server, "/v1/chat/completions", chat(text="one"), key) for _ in range(2))
    assert first.status == 200
    assert first.headers["headgate-run"] == second.headers["headgate-run"]


def test_a_client_that_lost_its_connection_comes_back_for_its_answer(server: Serving) -> None:
    """The answer did not end with it, and is all there."""
    said = chat(stream=True, text=counting(80), gap_ms=5)
    headers = {"idempotency-key": "coming back"}
    with Wire(server) as wire:
        wire.post(said, headers=headers)
        run = run_of(wire.until(b" w10"))
        wire.reset()
    answer = post(server, "/v1/chat/completions", said, "coming back")
    assert answer.headers["headgate-run"] == run
    assert b" w79" in answer.body
    assert wait_for_status(server, run, "finished")["output"]["text"] == counting(80)


def test_a_deleted_run_frees_its_key(server: Serving) -> None:
    """The next request with it begins another."""
    said = chat(text="one")
    run = post(server, "/v1/chat/completions", said, "freed").headers["headgate-run"]
    ask(server, f"/v1/runs/{run}", method="DELETE")
    again = post(server, "/v1/chat/completions", chat(text="two"), "freed")
    assert (again.status, again.headers["headgate-run"] == run) == (200, False)


def test_a_run_that_is_not_stored_has_its_key_as_long_as_it_lives(server: Serving) -> None:
    """Afterwards nobody knows of either."""
    said = chat(stream=True, fields={"store": False}, text=counting(50), gap_ms=5)
    headers = {"idempotency-key": "unkept"}
    with Wire(server) as first, Wire(server) as second:
        first.post(said, headers=headers)
        run = run_of(first.until(b" w5"))
        second.post(said, headers=headers)
        assert second.answer().headers["headgate-run"] == run
    assert post(server, "/v1/chat/completions", said, "unkept").headers["headgate-run"] != run


def test_a_key_is_written_down_nowhere(tmp_path: Path) -> None:
    """It may say more than its owner wants others to read."""
    with serving(folder=tmp_path) as server:
        assert post(server, "/v1/chat/completions", chat(text="one"), "kolibri-key-of-mine").status == 200
        assert server.stop() == 0
        assert "kolibri-key-of-mine" not in server.log()
    for file in tmp_path.glob("headgate.db*"):
        assert b"kolibri-key-of-mine" not in file.read_bytes()


def test_a_request_that_was_asked_again_after_a_crash_is_one_run(tmp_path: Path) -> None:
    """A run that nothing came of is repeated by the server itself, and the client's retry finds it."""

    def silent(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD)
        peer.ready.set()
        peer.left_at()

    with Upstream(silent) as upstream:
        config = upstream.config() + "[providers.simulator]\n"
        said = json.dumps({"model": "up/m", "messages": HELLO, "stream": True}).encode()
        with serving(config, folder=tmp_path) as server, Wire(server) as wire:
            wire.post(said, headers={"idempotency-key": "crash"})
            upstream.wait_ready()
            run = recent(server)[0]["id"]
            # A commit takes all there is, so when a later run is over, the beginning of this one is kept.
            post(server, "/v1/chat/completions", chat(text="one"), "later")
            server.kill()
        upstream.will(telling("after", " all"))
        with serving(config, folder=tmp_path) as server:
            answer = post(server, "/v1/chat/completions", said, "crash")
            assert answer.headers["headgate-run"] == run
            assert b'" all"' in answer.body


def test_a_request_comes_again_when_what_it_goes_on_from_is_gone(server: Serving) -> None:
    """It was asked and answered: what it was made of does not matter any more."""
    path = "/v1/responses"
    first = post(server, path, body(path, stream=False), "goes-on-0")
    said = body(path, stream=False, text="and so on")
    goes_on = json.dumps({**json.loads(said), "previous_response_id": json.loads(first.body)["id"]}).encode()
    second = post(server, path, goes_on, "goes-on-1")
    assert second.status == 200
    assert ask(server, f"/v1/runs/{first.headers['headgate-run']}", {}, "DELETE").status == 200
    again = post(server, path, goes_on, "goes-on-1")
    assert (again.status, again.body) == (200, second.body)
    assert post(server, path, goes_on, "goes-on-2").error["code"] == "previous_response_not_found"


def test_an_offloaded_conversation_comes_again_when_its_beginning_is_gone(server: Serving) -> None:
    """At the same addresses."""
    path = "/v1/async-chatgpt"
    said = {"messages": HELLO, **script(words=3)}
    first = post(server, path, json.dumps(said).encode(), "offload-0")
    begun = json.loads(first.body)
    wait_for_status(server, first.headers["headgate-run"], "finished")
    goes_on = json.dumps({**said, "from_status_url": begun["endpoints"]["status_url"]}).encode()
    second = post(server, path, goes_on, "offload-1")
    assert second.status == 200
    assert ask(server, f"/v1/runs/{first.headers['headgate-run']}", {}, "DELETE").status == 200
    again = post(server, path, goes_on, "offload-1")
    assert (again.status, json.loads(again.body)["endpoints"]) == (200, json.loads(second.body)["endpoints"])
    assert post(server, path, goes_on, "offload-2").status == 404
