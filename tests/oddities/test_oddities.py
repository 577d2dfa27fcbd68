"""
Every oddity we know of, played by an upstream in front of a real server.

A healthy answer must reach a strict client whole and in OpenAI's exact shape, a broken one as an
error. All cases are asked at once, so that their pauses and limits pass side by side.
"""

import asyncio
import fcntl
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.oddities import judge, judge_responses
from tests.oddities.client import Answer, ask
from tests.oddities.completions import COMPLETION_STREAMS, COMPLETION_WHOLES
from tests.oddities.counts import COUNTS
from tests.oddities.failures import FAILURES
from tests.oddities.framing import FRAMING
from tests.oddities.identity import IDENTITY
from tests.oddities.more_tools import RARE_STREAMS, TOOL_WHOLES
from tests.oddities.responses import RESPONSE_STREAMS, RESPONSE_WHOLES
from tests.oddities.tools import TOOL_STREAMS
from tests.oddities.upstream import Play, Upstream
from tests.oddities.verdict import Failed, Said
from tests.oddities.wholes import WHOLES
from tests.oddities.wire import Broken, Case, Cases
from tests.oddities.words import WORDS_CASES
from tests.serving import serving

pytestmark = pytest.mark.slow

AT_ONCE = 150
"""How many cases are asked at the same time; more would wait for each other's turn."""

CONFIG = """
[store]
path = "memory"

[providers.odd]
kind = "openai"
base_url = "http://127.0.0.1:{port}/v1"
endpoints = ["chat", "completions", "responses"]

[providers.chatty]
kind = "openai"
base_url = "http://127.0.0.1:{port}/v1"

[providers.impatient]
kind = "openai"
base_url = "http://127.0.0.1:{port}/v1"
first_event_timeout = "500ms"
whole_timeout = "500ms"
idle_timeout = "500ms"

[providers.secretive]
kind = "openai"
base_url = "http://127.0.0.1:{port}/v1"
api_key = "sk-very-secret"
"""

CHAT = {"messages": [{"role": "user", "content": "Hello"}]}
Judge = Callable[[Answer], Said | Failed]


@dataclass(frozen=True)
class Asking:
    """One way of asking: an endpoint, a request and who judges its answers."""

    path: str
    fields: dict[str, Any]
    judge: Judge
    cases: Cases


def _streams(cases: Cases, path: str, fields: dict[str, Any], watch: Any) -> dict[str, Asking]:
    """Asked with the usage chunk and without it."""
    usage = {"stream_options": {"include_usage": True}}
    return {
        "usage": Asking(path, {**fields, "stream": True, **usage}, lambda a: watch(a, include_usage=True), cases),
        "stream": Asking(path, {**fields, "stream": True}, lambda a: watch(a, include_usage=False), cases),
    }


CHAT_STREAMS = FRAMING | IDENTITY | WORDS_CASES | COUNTS | TOOL_STREAMS | RARE_STREAMS | FAILURES
CHATS = _streams(CHAT_STREAMS, "/v1/chat/completions", CHAT, judge.chat_stream)
TEXTS = _streams(COMPLETION_STREAMS, "/v1/completions", {"prompt": "Hello"}, judge.completion_stream)

ASKINGS = {
    **{f"chat_{name}": asking for name, asking in CHATS.items()},
    "chat_whole": Asking("/v1/chat/completions", CHAT, judge.chat_whole, WHOLES | TOOL_WHOLES),
    **{f"completion_{name}": asking for name, asking in TEXTS.items()},
    "completion_whole": Asking("/v1/completions", {"prompt": "Hello"}, judge.completion_whole, COMPLETION_WHOLES),
    "response_stream": Asking(
        "/v1/responses", {"input": "Hello", "stream": True}, judge_responses.stream, RESPONSE_STREAMS
    ),
    "response_whole": Asking("/v1/responses", {"input": "Hello"}, judge_responses.whole, RESPONSE_WHOLES),
}

ALL = [(asking, case) for asking in ASKINGS for case in ASKINGS[asking].cases]

Answers = dict[tuple[str, str], Answer | Exception]


async def _ask_all() -> Answers:
    """Every case once, over one server."""
    plays: dict[str, Play] = {_model(asking, name): ASKINGS[asking].cases[name].play for asking, name in ALL}
    upstream = Upstream(plays)
    config = CONFIG.format(port=await upstream.open())
    answers: Answers = {}
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(port: int, asking: str, name: str) -> None:
        case = ASKINGS[asking].cases[name]
        request = {"model": f"{case.provider}/{_model(asking, name)}", **ASKINGS[asking].fields, **case.fields}
        async with turn:
            try:
                answers[asking, name] = await ask(port, ASKINGS[asking].path, request)
            except Exception as error:
                answers[asking, name] = error

    try:
        with serving(config) as server:
            await asyncio.gather(*(one(server.port, asking, name) for asking, name in ALL))
            assert server.process.poll() is None
    finally:
        await upstream.close()
    return answers


def _model(asking: str, name: str) -> str:
    """What one asking's case is called at the upstream; cases of the same name differ between askings."""
    return name if asking.startswith("chat_") and asking != "chat_whole" else f"{asking}/{name}"


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """Asked for once, also when several processes run the tests."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return asyncio.run(_ask_all())
    shared = tmp_path_factory.getbasetemp().parent / "answers"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            shared.write_bytes(pickle.dumps(asyncio.run(_ask_all())))
    found: Answers = pickle.loads(shared.read_bytes())
    return found


@pytest.mark.parametrize(("asking", "name"), ALL, ids=[f"{asking}-{name}" for asking, name in ALL])
def test_a_strict_client_gets_the_right_result(asking: str, name: str, answers: Answers) -> None:
    """A healthy answer whole and in exact shape, a broken one as an error."""
    answer, case = answers[asking, name], ASKINGS[asking].cases[name]
    if isinstance(answer, Exception):
        raise answer
    _compare(ASKINGS[asking].judge(answer), case)


def _compare(got: Said | Failed, case: Case) -> None:
    if isinstance(case.want, Broken):
        assert isinstance(got, Failed), got
        _compare_failure(got, case.want)
    else:
        assert got == case.want, got
    if case.check is not None:
        case.check(got)


def _compare_failure(got: Failed, want: Broken) -> None:
    assert got.status == want.status, got
    assert want.message in got.error["message"], got
    assert want.code in (None, got.error["code"]), got
    assert want.kind in (None, got.error["type"]), got
    assert "sk-very-secret" not in str(got)
    assert got.headers.items() >= want.headers.items(), got
    assert "".join(choice.text for choice in got.choices[:1]) == want.text, got
