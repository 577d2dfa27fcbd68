"""A connection that is cut while a function is executed: the run goes on, and whoever comes back misses nothing."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.e2e.judges import Sync
from tests.e2e.watching import get, recent, run_of, wait_for_status, wait_until
from tests.e2e.wire import Wire, ask, events_of, frames, without_comments
from tests.loop.house import House, house
from tests.loop.models import Call, Round

pytestmark = pytest.mark.slow

KEEP = {"headgate-disconnect": "keep"}
TALK: list[Any] = [{"role": "user", "content": "Wait, please."}]
UI = [{"role": "user", "id": "m", "parts": [{"type": "text", "text": "Wait, please."}]}]


class Face(NamedTuple):
    """An endpoint that streams."""

    form: str
    path: str
    asked: dict[str, Any]

    def body(self, **more: Any) -> bytes:
        """A request for the function that waits."""
        return json.dumps({"model": "chat/m", "stream": True, "functions": ["wait"], **self.asked, **more}).encode()


FACES = {
    "chat": Face("openai.chat", "/v1/chat/completions", {"messages": TALK}),
    "responses": Face("openai.responses", "/v1/responses", {"input": "Wait, please."}),
    "anthropic": Face("anthropic.messages", "/anthropic/v1/messages", {"max_tokens": 99, "messages": TALK}),
    "gemini": Face(
        "gemini.generate",
        "/genai/v1beta/models/chat/m:streamGenerateContent?alt=sse",
        {"contents": [{"role": "user", "parts": [{"text": "Wait, please."}]}]},
    ),
    "purai": Face("purai.chat", "/openai/chat/completions", {"messages": TALK}),
    "ui": Face("ui", "/v1/ui", {"messages": UI}),
}
faces = pytest.mark.parametrize("face", FACES.values(), ids=FACES.keys())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as home:
        yield home


def is_waited_for(home: House, gate: str) -> None:
    """Until the function is being executed."""
    wait_until(lambda: any(deed.startswith(f"wait {gate} ") for deed in home.deeds()), f"{gate} to be waited for")


def script(home: House, gate: str) -> None:
    rounds = [Round("One moment.", (Call("wait", json.dumps({"gate": gate})),)), Round("Here we are.")]
    home.scripts["chat"].will(rounds)


@faces
def test_who_was_cut_off_in_a_call_reads_on_where_it_was(home: House, face: Face, request: Any) -> None:
    """From any frame on, in the API's own form: what was there, what came of the call, and the end."""
    gate = f"cut_{request.node.callspec.id}"
    script(home, gate)
    with Wire(home.server) as wire:
        wire.post(face.body(), face.path, KEEP)
        run = run_of(wire.until(b"\r\n\r\n"))
        wire.until(b"oment.")
        is_waited_for(home, gate)
        wire.reset()
    assert get(home.server, f"/v1/runs/{run}")["status"] == "running"
    readers = {after: Wire(home.server) for after in (-1, 0, 1)}
    for after, reader in readers.items():
        reader.get(f"/v1/runs/{run}/events?as=made&after={after}")
    home.open(gate)
    rest = {after: without_comments(reader.answer().body) for after, reader in readers.items()}
    for reader in readers.values():
        reader.close()
    whole = ask(home.server, f"/v1/runs/{run}/events?as=made").body
    assert rest[-1] == whole
    assert b"e are." in whole
    for after, body in rest.items():
        assert b"".join(_split(whole)[: after + 1]) + body == whole
    assert home.deeds().count(f"wait {gate} {run}/call_0") == 1


def _split(body: bytes) -> list[bytes]:
    return [frame + b"\n\n" for frame in body.split(b"\n\n")[:-1]]


def test_the_log_tells_of_a_call_before_it_is_over(home: House) -> None:
    script(home, "log")
    with Wire(home.server) as wire:
        wire.post(FACES["chat"].body(), headers=KEEP)
        run = run_of(wire.until(b"\r\n\r\n"))
        is_waited_for(home, "log")
        with Wire(home.server) as reader:
            reader.get(f"/v1/runs/{run}/events")
            said = reader.until(b'"calling"')
            assert b'"called"' not in said
        seen = get(home.server, f"/v1/runs/{run}")
        assert seen["status"] == "running"
        home.open("log")
        wait_for_status(home.server, run, "finished")
    events = events_of(home.server, run)
    kinds = [event["type"] for event in events if event["type"] != "text"]
    assert kinds == ["started", "calling", "called", "usage", "finished"]
    (called,) = [event for event in events if event["type"] == "called"]
    assert (called["name"], called["result"], called["is_error"]) == ("wait", "log is open", False)
    assert called["took"] > 0


def test_a_response_in_the_background_is_read_on_from_any_event(home: House) -> None:
    """By OpenAI's own client, before the call is over and after."""
    script(home, "background")
    with Sync(home.server.url).client() as client:
        made = client.responses.create(
            model="chat/m", input="Wait, please.", background=True, extra_body={"functions": ["wait"]}
        )
        is_waited_for(home, "background")
        assert client.responses.retrieve(made.id).status == "in_progress"
        early = client.responses.retrieve(made.id, stream=True)
        seen = [next(early)]
        while seen[-1].type != "response.mcp_call_arguments.done":
            seen.append(next(early))
        early.close()
        at = seen[-1].sequence_number
        home.open("background")
        rest = list(client.responses.retrieve(made.id, stream=True, starting_after=at))
        assert [event.sequence_number for event in rest] == list(range(at + 1, at + 1 + len(rest)))
        assert (rest[0].type, rest[-1].type) == ("response.mcp_call.completed", "response.completed")
        answer = client.responses.retrieve(made.id)
    assert [item.type for item in answer.output] == ["message", "mcp_call", "message"]
    assert answer.output[1].output == "background is open"  # type: ignore[union-attr]


def test_who_leaves_without_a_word_stops_the_function(home: House) -> None:
    """Nobody waits for what nobody asked to be kept; the log says that it is not known what came of the call."""
    script(home, "left")
    with Wire(home.server) as wire:
        wire.post(FACES["chat"].body())
        run = run_of(wire.until(b"\r\n\r\n"))
        is_waited_for(home, "left")
    wait_for_status(home.server, run, "stopped")
    kinds = [(event["type"], event.get("is_error")) for event in events_of(home.server, run)]
    assert kinds[-3:] == [("called", True), ("usage", None), ("stopped", None)]


@faces
def test_a_run_is_stopped_in_a_call(home: House, face: Face, request: Any) -> None:
    gate = f"stop_{request.node.callspec.id}"
    script(home, gate)
    with Wire(home.server) as wire:
        wire.post(face.body(), face.path)
        run = run_of(wire.until(b"\r\n\r\n"))
        is_waited_for(home, gate)
        assert ask(home.server, f"/v1/runs/{run}/stop", method="POST").status == 200
        wire.until(b"\r\n0\r\n\r\n")
    wait_for_status(home.server, run, "stopped")
    (called,) = [event for event in events_of(home.server, run) if event["type"] == "called"]
    assert called["is_error"]
    assert "not known" in called["result"]
    assert frames(ask(home.server, f"/v1/runs/{run}/events?as=made").body)


def test_the_same_request_again_does_not_execute_again(home: House) -> None:
    """With a key for it, as after a cut where nothing came back."""
    script(home, "twice")
    again = {**KEEP, "idempotency-key": "once-and-only-once"}
    home.open("twice")
    answers = [ask(home.server, "/v1/chat/completions", again, "POST", FACES["chat"].body()) for _ in range(2)]
    assert answers[0].headers["headgate-run"] == answers[1].headers["headgate-run"]
    assert answers[0].body == answers[1].body
    assert len([deed for deed in home.deeds() if deed.startswith("wait twice ")]) == 1
    assert recent(home.server)[0]["status"] == "finished"
