"""A run's log in the form of any dialect: what its maker got, to the byte, from anywhere on."""

import json
from collections.abc import Iterator
from http.client import IncompleteRead
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.watching import run_of, wait_for_status
from tests.e2e.wire import HELLO, Answer, Wire, ask, counting, frames, script, without_comments
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

KEEP = {"headgate-disconnect": "keep"}


class Face(NamedTuple):
    """An endpoint that streams."""

    form: str
    path: str
    asked: dict[str, Any]

    def body(self, **said: Any) -> bytes:
        """A request with this script."""
        return json.dumps({"model": "simulator/demo", "stream": True, **self.asked, **script(**said)}).encode()


UI_MESSAGES = [{"role": "user", "id": "m", "parts": [{"type": "text", "text": "Hello"}]}]
FACES = [
    Face("openai.chat", "/v1/chat/completions", {"messages": HELLO}),
    Face("openai.chat", "/v1/chat/completions", {"messages": HELLO, "stream_options": {"include_usage": True}}),
    Face("openai.completions", "/v1/completions", {"prompt": "Hello"}),
    Face("openai.responses", "/v1/responses", {"input": "Hello", "temperature": 0.5, "metadata": {"a": "b"}}),
    Face("anthropic.messages", "/anthropic/v1/messages", {"max_tokens": 5000, "messages": HELLO}),
    Face("ui", "/v1/ui", {"messages": UI_MESSAGES}),
    Face("purai.chat", "/openai/chat/completions", {"messages": HELLO}),
]
IDS = ["chat", "chat with usage", "completions", "responses", "messages", "ui", "purai"]
SAID: list[dict[str, Any]] = [
    {"text": counting(30)},
    {"text": "é \n\n data: x", "reasoning": 3},
    {"text": ""},
    {"refusal": "No."},
    {"text": "Let me see.", "tool_calls": [{"name": "a", "arguments": {"b": "c d"}}, {"name": "b", "arguments": "{"}]},
]

faces = pytest.mark.parametrize("face", FACES, ids=IDS)


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


def shown(server: Serving, run: str, form: str, after: int | str | None = None) -> Answer:
    """The run in that form."""
    return ask(server, f"/v1/runs/{run}/events?as={form}" + ("" if after is None else f"&after={after}"))


@faces
@pytest.mark.parametrize("said", SAID, ids=["words", "thoughts", "nothing", "refusal", "tools"])
def test_a_log_in_its_own_form_is_what_its_maker_got(server: Serving, face: Face, said: dict[str, Any]) -> None:
    """To the byte, by the form's name and as the one it was made in."""
    if face.form == "openai.completions" and "tool_calls" in said:
        said = {"words": 5}
    made = ask(server, face.path, None, "POST", face.body(**said))
    assert made.status == 200
    for form in (face.form, "made"):
        answer = shown(server, made.headers["headgate-run"], form)
        assert answer.headers["content-type"] == made.headers["content-type"]
        assert answer.body == without_comments(made.body)


@faces
def test_a_live_log_in_its_own_form_is_what_its_maker_gets(server: Serving, face: Face) -> None:
    """For those who come early, in the middle, and after one frame or another."""
    with Wire(server) as wire:
        wire.post(face.body(text=counting(80), gap_ms=5), face.path, KEEP)
        first = wire.until(b"\r\n\r\n")
        run = run_of(first)
        wire.until(b" w10")
        readers = {after: Wire(server) for after in (-1, 0, 1, 4, 9)}
        for after, reader in readers.items():
            reader.get(f"/v1/runs/{run}/events?as=made&after={after}")
        rest = {after: without_comments(reader.answer().body) for after, reader in readers.items()}
        for reader in readers.values():
            reader.close()
    whole = shown(server, run, "made").body
    assert rest[-1] == whole
    for after, body in rest.items():
        assert b"".join(split(whole)[: after + 1]) + body == whole


@faces
def test_one_goes_on_after_any_frame(server: Serving, face: Face) -> None:
    """And after the last there is nothing more."""
    made = ask(server, face.path, None, "POST", face.body(text="one two three"))
    run, whole = made.headers["headgate-run"], split(without_comments(made.body))
    for after in range(-1, len(whole) - 1):
        assert shown(server, run, "made", after).body == b"".join(whole[after + 1 :]), after
    for after in (len(whole) - 1, len(whole), 10**14):
        assert shown(server, run, "made", after).status == 204


def test_a_live_log_is_followed_in_several_forms_at_once(server: Serving) -> None:
    """Each reader gets its own."""
    forms = ["openai.chat", "openai.completions", "openai.responses", "anthropic.messages", "ui"]
    with Wire(server) as wire:
        wire.post(FACES[0].body(text=counting(80), gap_ms=5), FACES[0].path, KEEP)
        run = run_of(wire.until(b" w5"))
        readers = {form: Wire(server) for form in forms}
        for form, reader in readers.items():
            reader.get(f"/v1/runs/{run}/events?as={form}")
        bodies = {form: without_comments(reader.answer().body) for form, reader in readers.items()}
        for reader in readers.values():
            reader.close()
    for form in forms:
        assert bodies[form] == shown(server, run, form).body
    assert len({*bodies.values()}) == len(forms)


def split(stream: bytes) -> list[bytes]:
    """Its frames."""
    return [frame + b"\n\n" for frame in stream.split(b"\n\n")[:-1]]


def test_a_responses_cursor_is_its_sequence_number(server: Serving) -> None:
    """The two count alike."""
    made = ask(server, "/v1/responses", None, "POST", FACES[3].body(text="one two three"))
    run = made.headers["headgate-run"]
    for after in (0, 3, 5):
        first = json.loads(frames(shown(server, run, "openai.responses", after).body)[0].data)
        assert first["sequence_number"] == after + 1


@pytest.mark.parametrize("cursor", ["x", "-2", "1.5", "", "9" * 16])
def test_a_malformed_cursor_is_refused(server: Serving, cursor: str) -> None:
    """As without a form; the empty one is the start."""
    made = ask(server, FACES[0].path, None, "POST", FACES[0].body(text="one"))
    answer = shown(server, made.headers["headgate-run"], "made", cursor)
    if cursor == "":
        assert answer.body == made.body
    else:
        assert (answer.status, answer.error["param"]) == (400, "after")


@faces
def test_a_cursor_past_what_a_live_run_has_said_is_refused(server: Serving, face: Face) -> None:
    """400, and the reader that asks for exactly what comes next waits for it."""
    with Wire(server) as wire, Wire(server) as reader:
        wire.post(face.body(text=counting(5000), gap_ms=20), face.path)
        run = run_of(wire.until(b"\r\n\r\n"))
        answer = shown(server, run, "made", 100_000)
        assert (answer.status, answer.error["code"]) == (400, "invalid_cursor")
        reader.get(f"/v1/runs/{run}/events?as=made&after=0")
        assert reader.until(b" w5")
        ask(server, f"/v1/runs/{run}/stop", {}, "POST")


@faces
def test_a_stopped_log_is_shown_as_its_maker_got_it(server: Serving, face: Face) -> None:
    """With the end that the dialect has for it."""
    with Wire(server) as wire:
        wire.post(face.body(text=counting(5000), gap_ms=5), face.path)
        head = wire.until(b"\r\n\r\n")
        wire.until(b" w5")
        run = run_of(head)
        ask(server, f"/v1/runs/{run}/stop", {}, "POST")
        rest = wire.until(b"\r\n0\r\n\r\n")
    body = shown(server, run, "made").body
    # The maker's last write, without the length before it and the end after.
    assert body.endswith(rest[:-7].rpartition(b"\r\n")[2])
    assert body.count(b"[DONE]") == (face.form not in ("openai.responses", "anthropic.messages"))


@faces
def test_a_failed_log_is_shown_as_its_maker_got_it(server: Serving, face: Face) -> None:
    """Cut after the error where the dialect has no word for it."""
    said = face.body(text=counting(20), cut_after=4)
    made = cut(lambda wire: wire.post(said, face.path), server)
    run = run_of(made.head)
    again = cut(lambda wire: wire.get(f"/v1/runs/{run}/events?as=made"), server)
    assert again.body == without_comments(made.body)
    assert again.is_cut == made.is_cut == (face.form in ("openai.chat", "openai.completions", "purai.chat"))


class Cut(NamedTuple):
    """An answer, perhaps cut short."""

    head: bytes
    body: bytes
    is_cut: bool


def cut(ask: Any, server: Serving) -> Cut:
    """An answer, however it ends."""
    with Wire(server) as wire:
        ask(wire)
        try:
            answer = wire.answer()
        except IncompleteRead as broken:
            partial = broken.partial
            with Wire(server) as again:
                again.get("/v1/runs?limit=1")
                run = again.answer().json()["data"][0]["id"]
            return Cut(f"headgate-run: {run}\r\n".encode(), partial, True)
        return Cut(f"headgate-run: {answer.headers['headgate-run']}\r\n".encode(), answer.body, False)


@faces
def test_a_log_is_shown_the_same_after_a_restart(tmp_path: Path, face: Face) -> None:
    """From the store, by a server that never saw it."""
    with serving(folder=tmp_path) as server:
        made = ask(server, face.path, None, "POST", face.body(text=counting(300), reasoning=5))
        assert server.stop() == 0
    with serving(folder=tmp_path) as server:
        assert shown(server, made.headers["headgate-run"], "made").body == without_comments(made.body)


@pytest.mark.parametrize("form", ["openai.chat", "openai.completions", "openai.responses", "anthropic.messages", "ui"])
@faces
def test_a_log_is_shown_in_every_form(server: Serving, face: Face, form: str) -> None:
    """The words are the same."""
    made = ask(server, face.path, None, "POST", face.body(text=counting(5)))
    body = shown(server, made.headers["headgate-run"], form).body
    said = [json.loads(frame.data) for frame in frames(body) if frame.data != "[DONE]"]
    match form:
        case "openai.chat":
            words = [choice["delta"].get("content") or "" for chunk in said for choice in chunk["choices"]]
        case "openai.completions":
            words = [choice["text"] for chunk in said for choice in chunk["choices"]]
        case "anthropic.messages":
            words = [event["delta"].get("text", "") for event in said if event["type"] == "content_block_delta"]
        case "openai.responses":
            words = [event["delta"] for event in said if event["type"] == "response.output_text.delta"]
        case _:
            words = [chunk["delta"] for chunk in said if chunk["type"] == "text-delta"]
    assert "".join(words) == counting(5)


def test_a_whole_answer_is_shown_as_a_stream(server: Serving) -> None:
    """Though nobody asked for one."""
    body = json.dumps({"model": "simulator/demo", "messages": HELLO, **script(text="one two")}).encode()
    run = ask(server, "/v1/chat/completions", None, "POST", body).headers["headgate-run"]
    assert shown(server, run, "made").body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("form", ["", "openai", "x" * 2000, "OPENAI.CHAT", "native"])
def test_an_unknown_form_is_refused(server: Serving, form: str) -> None:
    """400, naming those there are."""
    run = ask(server, FACES[0].path, None, "POST", FACES[0].body(text="one")).headers["headgate-run"]
    answer = shown(server, run, form)
    assert (answer.status, answer.error["param"]) == (400, "as")
    assert "openai.responses" in answer.error["message"]


@pytest.mark.parametrize("form", ["openai.responses", "anthropic.messages", "ui"])
def test_several_answers_do_not_fit_into_a_form_for_one(server: Serving, form: str) -> None:
    """400, instead of leaving some out without a word."""
    body = json.dumps({"model": "simulator/demo", "messages": HELLO, "n": 2, **script(text="one")}).encode()
    run = ask(server, "/v1/chat/completions", None, "POST", body).headers["headgate-run"]
    answer = shown(server, run, form)
    assert (answer.status, answer.error["code"]) == (400, "form_unavailable")
    assert b'"index":1' in shown(server, run, "openai.chat").body


def test_a_run_at_work_is_shown_before_its_first_word(server: Serving) -> None:
    """The head at once, and a comment, so that the reader knows it is heard."""
    with Wire(server) as wire, Wire(server) as reader:
        wire.post(FACES[4].body(first_ms=60_000), FACES[4].path)
        newest = ask(server, "/v1/runs?limit=1").json()["data"][0]
        reader.get(f"/v1/runs/{newest['id']}/events?as=ui")
        assert b"x-vercel-ai-ui-message-stream: v1" in reader.until(b": k\n")
        ask(server, f"/v1/runs/{newest['id']}/stop", {}, "POST")
        wait_for_status(server, newest["id"], "stopped")
