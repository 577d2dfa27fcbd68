"""
One server of ours behind another: every dialect, by every kind of provider, and nothing said twice or lost.

    client --dialect--> outer --way--> inner --> llama.cpp, or an upstream that plays a script
"""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.upstream import STREAM_HEAD, Peer, Play, Upstream
from tests.e2e.watching import recent, run_of, wait_for_status, wait_until
from tests.e2e.wire import Wire, chat, events_of, pieces_of
from tests.serving import Serving, serving
from tests.upstreams import model
from tests.upstreams.asking import ASKS, Question
from tests.upstreams.llama import FOR_EVER, Llama, at_work
from tests.upstreams.raw import DIALECTS, ask, has_end, pieces_in, post

pytestmark = pytest.mark.slow

KEY = "sk-of-the-inner-one"
WAYS = {
    "chat": ("/v1", 'kind = "openai"\nendpoints = ["chat"]'),
    "responses": ("/v1", 'kind = "openai"\nendpoints = ["responses"]'),
    "all": ("/v1", 'kind = "openai"\nendpoints = ["chat", "completions", "responses"]'),
    "messages": ("/anthropic/v1", 'kind = "anthropic"'),
    "generate": ("/genai/v1beta", 'kind = "gemini"'),
}
PAIRS = [(dialect, way) for way in WAYS for dialect in DIALECTS]
TEXT = "".join(model.SPEECH)
MODELS = ["llama/tiny", "sick/m", "simulator/slow", "simulator/demo"]


def behind(inner: Serving) -> str:
    """A configuration with that server as a provider in every way there is."""
    return "\n".join(
        f'[providers.{way}]\n{how}\nbase_url = "{inner.url}{path}"\napi_key = "{KEY}"\nmodels = {json.dumps(MODELS)}\n'
        for way, (path, how) in WAYS.items()
    )


@pytest.fixture(scope="module")
def sick() -> Iterator[Upstream]:
    with Upstream(lambda peer: None) as upstream:
        yield upstream


def inner_config(llama: Llama, sick: Upstream) -> str:
    """A server that lets itself be known to its own users only, and is never silent for long."""
    return (
        f'[server]\nkeep_alive = "500ms"\n[keys]\nouter = "{KEY}"\n[providers.simulator]\n'
        f'[providers.llama]\nkind = "openai"\nbase_url = "{llama.talks}/v1"\nmodels = ["tiny"]\n'
        f"{sick.config('sick')}"
    )


@pytest.fixture(scope="module")
def inner(upstream: Llama, sick: Upstream) -> Iterator[Serving]:
    with serving(inner_config(upstream, sick)) as server:
        yield server


@pytest.fixture(scope="module")
def outer(inner: Serving, upstream: Llama) -> Iterator[Serving]:
    straight = f'[providers.straight]\nkind = "openai"\nbase_url = "{upstream.talks}/v1"\nmodels = ["tiny"]\n'
    with serving(behind(inner) + straight) as server:
        yield server


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


QUESTIONS = {
    "text": Question("", "Hello"),
    "thoughts": Question("", "Now think"),
    "tool": Question("", has_tool=True),
    "limit": Question("", limit=3),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_an_answer_is_the_same(outer: Serving, dialect: str, stream: bool, question: Question) -> None:
    """Words, thoughts, calls, why it ended, and what was used: by every way as straight from llama.cpp."""
    straight = ASKS[dialect](outer, question._replace(model="straight/tiny"), stream)
    for way in WAYS:
        assert ASKS[dialect](outer, question._replace(model=f"{way}/llama/tiny"), stream) == straight, way


def test_an_error_keeps_its_status_and_its_words(outer: Serving, sick: Upstream, dialect: str, way: str) -> None:
    for status in (400, 401, 404, 422, 429, 500, 503, 529):
        sick.will(failing(status))
        answer = ask(outer, dialect, f"{way}/sick/m")
        assert (answer.status, answer.headers.get("retry-after")) == (status, "7"), answer
        assert b"Not today." in answer.body


def failing(status: int) -> Play:
    """An error in OpenAI's words, which says when to come again."""
    body = json.dumps({"error": {"message": "Not today.", "type": "t", "code": "c", "param": None}})

    def play(peer: Peer) -> None:
        peer.request()
        head = f"HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nretry-after: 7\r\n"
        peer.send(f"{head}content-length: {len(body)}\r\n\r\n{body}".encode())

    return play


ENDLESS: dict[str, dict[str, Any]] = {
    "chat": FOR_EVER,
    "completions": {"prompt": "Talk for ever"},
    "responses": {"input": "Talk for ever."},
    "messages": {**FOR_EVER, "max_tokens": 10_000_000},
    "generate": {"contents": [{"parts": [{"text": "Talk for ever."}]}]},
}


@pytest.mark.parametrize(("dialect", "way"), [pair for pair in PAIRS if pair != ("completions", "all")])
def test_a_client_that_leaves_ends_it_all_the_way(
    outer: Serving, inner: Serving, upstream: Llama, dialect: str, way: str
) -> None:
    """Both servers have stopped their run, and llama.cpp has stopped too; a bare prompt cannot make it talk so long."""
    with Wire(outer) as wire:
        post(wire, dialect, f"{way}/llama/tiny", **ENDLESS[dialect])
        run = run_of(wire.until(b"goes"))
    wait_for_status(outer, run, "stopped")
    wait_until(lambda: not at_work(upstream), "llama.cpp to be free")
    wait_until(lambda: recent(inner, KEY)[0]["status"] == "stopped", "the inner run to be stopped")


def test_signs_of_life_are_not_passed_on(outer: Serving, inner: Serving, sick: Upstream) -> None:
    """The inner one gives some while its provider is silent; the outer one has a pace of its own."""
    sick.will(halting)
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(outer)) for _ in PAIRS]
        for wire, (dialect, way) in zip(wires, PAIRS, strict=True):
            post(wire, dialect, f"{way}/sick/m")
        watcher = stack.enter_context(Wire(inner))
        watcher.post(chat(model="sick/m", stream=True), headers={"authorization": f"Bearer {KEY}"})
        assert watcher.answer().body.count(b"\n: ")
        for wire, (dialect, _) in zip(wires, PAIRS, strict=True):
            body = wire.answer().body
            assert not [line for line in body.splitlines() if line.startswith(b":")]
            assert b"\n\n\n" not in body
            assert b"event: ping" not in body
            assert pieces_in(dialect, body) == ["one", " two"]
            assert has_end(dialect, body)


def halting(peer: Peer) -> None:
    """Say two words, with a pause in which the server behind us gives some signs of life."""
    peer.request()
    peer.send(STREAM_HEAD)
    peer.say("one")
    time.sleep(2)
    peer.say(" two", reason="stop")
    peer.done()


@pytest.fixture
def doomed(upstream: Llama, sick: Upstream) -> Iterator[tuple[Serving, Serving]]:
    """An outer and an inner one, of which the inner one will not live long."""
    with tempfile.TemporaryDirectory() as folder, serving(inner_config(upstream, sick), folder=Path(folder)) as inner:
        spare = f'[providers.spare]\nkind = "openai"\nbase_url = "{upstream.talks}/v1"\nmodels = ["tiny"]\n'
        with serving(behind(inner) + spare) as outer:
            yield outer, inner


def test_the_inner_one_is_killed(doomed: tuple[Serving, Serving], sick: Upstream) -> None:
    """What had begun ends as broken; what had not, and what comes later, goes to another provider."""
    outer, inner = doomed
    sick.will(silent)
    before = sick.accepted
    with ExitStack() as stack:
        waiting = [stack.enter_context(Wire(outer)) for _ in PAIRS]
        for wire, (dialect, way) in zip(waiting, PAIRS, strict=True):
            post(wire, dialect, f"{way}/sick/m", fallbacks=SPARE)
        wait_until(lambda: sick.accepted == before + len(PAIRS), "all to have come through")
        sick.will(one_word)
        talking = [stack.enter_context(Wire(outer)) for _ in PAIRS]
        for wire, (dialect, way) in zip(talking, PAIRS, strict=True):
            post(wire, dialect, f"{way}/sick/m", fallbacks=SPARE)
        begun = [wire.until(b'"one"') for wire in talking]
        inner.kill()
        for wire, (dialect, _) in zip(waiting, PAIRS, strict=True):
            assert "".join(pieces_in(dialect, wire.answer().body)) == TEXT
        for wire, head in zip(talking, begun, strict=True):
            wire.until(b'"error"')
            log = events_of(outer, run_of(head))
            assert (pieces_of(log), log[-1]["type"]) == (["one"], "failed")
    for dialect, way in PAIRS:
        assert "".join(pieces_in(dialect, ask(outer, dialect, f"{way}/sick/m", fallbacks=SPARE).body)) == TEXT
        assert ask(outer, dialect, f"{way}/sick/m").status == 502


SPARE = ["spare/tiny"]


def silent(peer: Peer) -> None:
    """Never answer."""
    peer.request()
    peer.left_at()


def one_word(peer: Peer) -> None:
    """Begin to answer."""
    peer.request()
    peer.send(STREAM_HEAD)
    peer.say("one")
    peer.left_at()
