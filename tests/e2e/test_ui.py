"""The AI SDK's endpoints over HTTP: answers that outlive their pages, from anywhere on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.upstream import STREAM_HEAD, Peer, Upstream, telling
from tests.e2e.watching import get, recent, run_of, wait_for_status
from tests.e2e.wire import Answer, Wire, ask, chat, counting, frames, script, without_comments
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

HELLO = {"role": "user", "id": "m1", "parts": [{"type": "text", "text": "Hello"}]}


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


def body(chat: str | None, *messages: Any, model: str = "simulator/demo", **said: Any) -> bytes:
    """A request of that chat."""
    name = {} if chat is None else {"id": chat}
    return json.dumps({**name, "model": model, "messages": messages or [HELLO], **script(**said)}).encode()


def post(server: Serving, said: bytes, headers: dict[str, str] | None = None) -> Answer:
    """Ask, and read the answer."""
    return ask(server, "/v1/ui", headers, "POST", said)


def resume(server: Serving, name: str, start: int | str | None = None) -> Answer:
    """Come back for an answer."""
    return ask(server, f"/v1/ui/{name}/stream" + ("" if start is None else f"?startIndex={start}"))


def stop(server: Serving, name: str) -> Answer:
    """Stop one."""
    return ask(server, f"/v1/ui/{name}/stop", {}, "POST")


def chunks(answer: Answer) -> list[Any]:
    """The chunks of a stream, which must have its end mark."""
    *data, end = [frame.data for frame in frames(answer.body)]
    assert end == "[DONE]"
    return [json.loads(chunk) for chunk in data]


def begin(wire: Wire, said: bytes, mark: bytes = b" w5", headers: dict[str, str] | None = None) -> str:
    """Ask, and read until these words; the run."""
    wire.post(said, "/v1/ui", headers)
    run = run_of(wire.until(b"\r\n\r\n"))
    wire.until(mark)
    return run


def test_an_answer_has_the_headers_that_transports_look_for(server: Serving) -> None:
    """Pages of another origin too."""
    answer = post(server, body("heads", text="one"))
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["x-workflow-run-id"] == answer.headers["headgate-run"]
    assert "x-workflow-run-id" in answer.headers["access-control-expose-headers"]
    assert [chunk["type"] for chunk in chunks(answer)][:2] == ["start", "start-step"]
    last = chunks(answer)[-1]
    usage = last.pop("messageMetadata")["usage"]
    assert last == {"type": "finish", "finishReason": "stop"}
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"] > 0
    assert usage["cost"] == 0.0


def test_an_answer_goes_on_without_its_client(server: Serving) -> None:
    """That is what it is for."""
    with Wire(server) as wire:
        run = begin(wire, body("alone", text=counting(60), gap_ms=5))
        wire.reset()
    assert wait_for_status(server, run, "finished")["output"]["text"] == counting(60)


def test_a_chat_is_resumed_from_the_start_of_its_answer(server: Serving) -> None:
    """As long as it is made; the same bytes for all."""
    with Wire(server) as wire, Wire(server) as other:
        run = begin(wire, body("resumed", text=counting(60), gap_ms=5))
        other.get("/v1/ui/resumed/stream")
        again = other.answer()
        rest = wire.until(b"\r\n0\r\n\r\n")
    assert rest
    assert again.headers["x-workflow-run-id"] == run
    assert without_comments(again.body) == resume(server, run).body
    text = "".join(chunk["delta"] for chunk in chunks(again) if chunk["type"] == "text-delta")
    assert text == counting(60)


def test_where_no_answer_is_made_there_is_nothing_to_resume(server: Serving) -> None:
    """204: for a chat that is over, and for one that never was."""
    post(server, body("over", text="one"))
    for name in ("over", "never", "%C3%A9", "a%20b"):
        for answer in (resume(server, name), ask(server, f"/v1/ui/{name}/stop", {}, "POST")):
            assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("name", ["run_" + "0" * 40])
def test_a_run_that_does_not_exist_is_not_found(server: Serving, name: str) -> None:
    """Its name says that there was one, so this is no 204."""
    for answer in (resume(server, name), resume(server, name, 5), stop(server, name)):
        assert (answer.status, answer.error["code"]) == (404, "run_not_found")


@pytest.mark.parametrize("by", ["run", "chat"])
def test_one_goes_on_after_any_chunk(server: Serving, by: str) -> None:
    """By the run's name, and by the chat's; the end mark is no chunk."""
    answer = post(server, body(f"any-{by}", text="one two three", reasoning=2))
    name = answer.headers["headgate-run"] if by == "run" else f"any-{by}"
    whole = [frame + b"\n\n" for frame in answer.body.split(b"\n\n")[:-1]]
    count = len(whole) - 1
    for start in range(-count - 3, count):
        first = start if start >= 0 else max(0, count + start)
        got = resume(server, name, start)
        assert got.body == b"".join(whole[first:]), start
        assert got.headers["x-workflow-stream-tail-index"] == str(count - 1)
    for start in (count, count + 1, 10**14):
        assert resume(server, name, start).status == 204


def test_a_live_answer_is_joined_at_a_chunk(server: Serving) -> None:
    """From the end, from the middle, and not beyond."""
    with Wire(server) as wire, Wire(server) as near, Wire(server) as far:
        run = begin(wire, body("joined", text=counting(200), gap_ms=5), b" w20")
        near.get(f"/v1/ui/{run}/stream?startIndex=-3")
        head = near.until(b"\r\n\r\n")
        far.get(f"/v1/ui/{run}/stream?startIndex=7")
        answer = resume(server, run, 100_000)
        assert (answer.status, answer.error["code"]) == (400, "invalid_cursor")
        far_body, near_body = far.answer().body, near.until(b"\r\n0\r\n\r\n")
    whole = [frame + b"\n\n" for frame in resume(server, run).body.split(b"\n\n")[:-1]]
    assert without_comments(far_body) == b"".join(whole[7:])
    tail = int(head.partition(b"x-workflow-stream-tail-index: ")[2].partition(b"\r\n")[0])
    assert tail >= 20
    assert whole[tail - 2] in near_body
    assert whole[tail - 3] not in near_body


@pytest.mark.parametrize(
    "start", ["x", "1.5", "--1", "-", "+1", "", "%20", "1e2", "9" * 16, "-" + "9" * 16, "%EF%BC%91"]
)
def test_a_malformed_start_is_refused(server: Serving, start: str) -> None:
    """400, whether there is something to resume or not."""
    for name in ("nothing", post(server, body(None, text="one")).headers["headgate-run"]):
        answer = resume(server, name, start)
        assert (answer.status, answer.error["param"]) == (400, "startIndex")


def test_a_new_answer_takes_its_chats_name_over(server: Serving) -> None:
    """The older one goes on, by its own name."""
    with Wire(server) as wire, Wire(server) as other:
        old = begin(wire, body("taken", text=counting(2000), gap_ms=10))
        new = begin(other, body("taken", text=counting(2000), gap_ms=10))
        assert ask(server, "/v1/ui/taken/stream", method="HEAD").headers["x-workflow-run-id"] == new
        assert stop(server, "taken").json()["id"] == new
        assert get(server, f"/v1/runs/{old}")["status"] == "running"
        assert resume(server, "taken").status == 204
        assert stop(server, old).json()["status"] == "stopped"


def test_an_answer_is_stopped_by_its_chat(server: Serving) -> None:
    """Its readers hear of it in their own words; the second time there is nothing to stop."""
    with Wire(server) as wire:
        run = begin(wire, body("stopped", text=counting(2000), gap_ms=10))
        answer = stop(server, "stopped")
        assert (answer.status, answer.json()["id"], answer.json()["status"]) == (200, run, "stopped")
        rest = wire.until(b"\r\n0\r\n\r\n")
    assert b'data: {"type":"abort","reason":"user"}\n\ndata: {"type":"finish","finishReason":"other",' in rest
    assert stop(server, "stopped").status == 204
    assert stop(server, run).json()["status"] == "stopped"


def test_a_stale_stop_does_not_hit_the_next_answer(server: Serving) -> None:
    """Who names the run stops no other."""
    first = post(server, body("stale", text="one")).headers["headgate-run"]
    with Wire(server) as wire:
        second = begin(wire, body("stale", text=counting(2000), gap_ms=10))
        assert stop(server, first).json()["status"] == "finished"
        assert get(server, f"/v1/runs/{second}")["status"] == "running"
        stop(server, second)


def test_a_message_goes_on_under_its_own_name(server: Serving) -> None:
    """After a tool's output, live and when it is read again."""
    said = {
        "role": "assistant",
        "id": "m2",
        "parts": [
            {"type": "step-start"},
            {"type": "tool-weather", "toolCallId": "c1", "state": "output-available", "input": {}, "output": "sunny"},
        ],
    }
    answer = post(server, body("goes-on", HELLO, said, text="So it is sunny."))
    assert chunks(answer)[0] == {"type": "start", "messageId": "m2"}
    assert resume(server, answer.headers["headgate-run"]).body == without_comments(answer.body)
    fresh = post(server, body("goes-on", HELLO, text="Hi"))
    assert chunks(fresh)[0]["messageId"] == "msg_" + fresh.headers["headgate-run"].removeprefix("run_")


def test_a_provider_is_asked_as_in_chat(tmp_path: Path) -> None:
    """Any provider: with the messages in its terms, and the page's own fields."""
    with Upstream(telling("one")) as upstream, serving(upstream.config(), folder=tmp_path) as server:
        said = {"id": "c", "messages": [HELLO], "model": "up/m", "temperature": 0.5, "system": "Be brief."}
        assert post(server, json.dumps(said).encode()).status == 200
        asked = json.loads(upstream.result().body)
    assert asked["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    assert (asked["model"], asked["temperature"], asked["stream"]) == ("m", 0.5, True)
    assert {*asked} == {"model", "messages", "temperature", "stream", "stream_options"}


def test_the_model_may_be_left_out(server: Serving) -> None:
    """It is the default one then, as pages rarely choose."""
    answer = post(server, json.dumps({"messages": [HELLO]}).encode())
    assert get(server, f"/v1/runs/{answer.headers['headgate-run']}")["asked"] == "default"


@pytest.mark.parametrize(
    ("said", "status", "param"),
    [
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "user", "parts": [{"type": "x"}]}]}, 400, "messages[0].parts[0].type"),
        ({"messages": [HELLO], "id": "a/b"}, 400, "id"),
        ({"messages": [HELLO], "model": "nobody/x"}, 404, "model"),
        ({"messages": [HELLO], "temperature": "hot"}, 400, "temperature"),
    ],
)
def test_a_wrong_request_is_refused(server: Serving, said: dict[str, Any], status: int, param: str) -> None:
    """By its status, naming the field."""
    answer = post(server, json.dumps(said).encode())
    assert (answer.status, answer.error["param"]) == (status, param)


def test_a_provider_that_fails_at_once_is_an_http_error(server: Serving) -> None:
    """And its run tells so in chunks."""
    answer = post(server, body("refused", fail={"status": 429, "code": "slow_down"}))
    assert (answer.status, answer.error["code"]) == (429, "slow_down")
    told = chunks(resume(server, answer.headers["headgate-run"]))
    assert [chunk["type"] for chunk in told] == ["start", "error", "finish"]


def test_an_answer_that_breaks_ends_like_one(server: Serving) -> None:
    """With its error, and a finish that no transport comes back for."""
    answer = post(server, body("breaks", text=counting(20), cut_after=4))
    assert [chunk["type"] for chunk in chunks(answer)][-3:] == ["text-end", "error", "finish"]


def test_chats_belong_to_their_keys() -> None:
    """The same name is another chat under another key, and another's run does not exist."""
    config = '[providers.simulator]\n[keys]\nalice = "alices-key"\nbob = "bobs-keys"\n'
    alice, bob = ({"authorization": f"Bearer {key}"} for key in ("alices-key", "bobs-keys"))
    with serving(config) as server, Wire(server) as wire:
        run = begin(wire, body("mine", text=counting(2000), gap_ms=10), headers=alice)
        assert ask(server, "/v1/ui/mine/stream", bob).status == 204
        assert ask(server, "/v1/ui/mine/stop", bob, "POST").status == 204
        assert ask(server, f"/v1/ui/{run}/stream", bob).error["code"] == "run_not_found"
        assert ask(server, f"/v1/ui/{run}/stop", bob, "POST").error["code"] == "run_not_found"
        assert ask(server, "/v1/ui/mine/stream").status == 401
        assert post(server, body("mine", text="one"), bob).headers["headgate-run"] != run
        assert ask(server, "/v1/ui/mine/stream?startIndex=0", bob).headers["headgate-run"] != run
        assert ask(server, "/v1/ui/mine/stop", alice, "POST").json()["id"] == run


def test_any_run_is_read_as_ui_messages(server: Serving) -> None:
    """Also one that another API made; but not one of several answers."""
    run = ask(server, "/v1/chat/completions", None, "POST", chat(text="one two")).headers["headgate-run"]
    assert [chunk["delta"] for chunk in chunks(resume(server, run)) if chunk["type"] == "text-delta"] == ["one", " two"]
    several = ask(server, "/v1/chat/completions", None, "POST", chat(text="one", fields={"n": 2}))
    assert resume(server, several.headers["headgate-run"]).error["code"] == "form_unavailable"


def test_a_chat_without_a_name_is_found_by_its_run(server: Serving) -> None:
    """As WorkflowChatTransport does, which sends none."""
    with Wire(server) as wire:
        run = begin(wire, body(None, text=counting(2000), gap_ms=10))
        assert ask(server, f"/v1/ui/{run}/stream", method="HEAD").status == 200
        assert stop(server, run).json()["status"] == "stopped"


def test_an_answer_that_a_crash_broke_ends_for_its_chat(tmp_path: Path) -> None:
    """What came of it is there, and its end; nothing is left to resume."""
    with serving(folder=tmp_path) as server, Wire(server) as wire:
        run = begin(wire, body("crashed", text=counting(2000), gap_ms=5))
        server.kill()
    with serving(folder=tmp_path) as server:
        told = chunks(resume(server, run))
        assert resume(server, "crashed").status == 204
        assert chunks(resume(server, "crashed", 0)) == told
    assert [chunk["type"] for chunk in told[-3:]] == ["text-end", "error", "finish"]
    assert "".join(chunk["delta"] for chunk in told if chunk["type"] == "text-delta").startswith("w0 w1 w2 w3 w4 w5")


def test_an_answer_that_had_not_begun_is_asked_again_after_a_crash(tmp_path: Path) -> None:
    """Its chat finds it under the same name, and its page need not know."""

    def silent(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD)
        peer.ready.set()
        peer.left_at()

    with Upstream(silent) as upstream:
        config = upstream.config() + "[providers.simulator]\n"
        with serving(config, folder=tmp_path) as server, Wire(server) as wire:
            wire.post(body("again", model="up/m"), "/v1/ui")
            upstream.wait_ready()
            run = recent(server)[0]["id"]
            # A commit takes all there is, so when a later run is over, the beginning of this one is kept.
            post(server, body(None, text="one"))
            server.kill()
        upstream.will(telling("after", " all"))
        with serving(config, folder=tmp_path) as server:
            wait_for_status(server, run, "finished")
            told = chunks(resume(server, "again", 0))
    assert [chunk["delta"] for chunk in told if chunk["type"] == "text-delta"] == ["after", " all"]
