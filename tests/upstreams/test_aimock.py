"""aimock as an upstream: what others think that OpenAI, Anthropic and Google say, through every dialect of ours."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.upstream import Upstream
from tests.e2e.wire import Wire
from tests.serving import Serving, serving
from tests.upstreams.aimock import aimock
from tests.upstreams.asking import ASKS, Question
from tests.upstreams.chaos.playing import assert_good, perform, section
from tests.upstreams.raw import DIALECTS, ask, broken_body, has_end, pieces_in, post

pytestmark = pytest.mark.slow

TEXT = "The tide comes in at six, 潮 🌊, and goes out at noon."
THOUGHT, AFTER_THOUGHT = "They ask about the sea.", "It is wide."
CALLS = [
    {"name": "get_weather", "arguments": '{"city":"Žďár"}'},
    {"name": "get_weather", "arguments": '{"city":"Brno"}'},
]
FIXTURES: list[dict[str, Any]] = [
    {"match": {"userMessage": "tide"}, "response": {"content": TEXT}, "chunkSize": 3},
    {"match": {"userMessage": "think"}, "response": {"content": AFTER_THOUGHT, "reasoning": THOUGHT}, "chunkSize": 4},
    {"match": {"userMessage": "weather"}, "response": {"toolCalls": CALLS}, "chunkSize": 5},
    {"match": {"userMessage": "both"}, "response": {"content": "Let me see.", "toolCalls": CALLS[:1]}},
    {"match": {"userMessage": "slowly"}, "response": {"content": TEXT}, "streamingProfile": {"ttft": 50, "tps": 200}},
    {
        "match": {"userMessage": "busy"},
        "response": {"error": {"message": "Come later."}, "status": 429, "retryAfter": 9},
    },
    {"match": {"userMessage": "down"}, "response": {"error": {"message": "We are down."}, "status": 503}},
    {"match": {"userMessage": "hurry"}, "response": {"content": TEXT}, "truncateAfterChunks": 5, "chunkSize": 5},
    {
        "match": {"userMessage": "cut"},
        "response": {"content": TEXT},
        "truncateAfterChunks": 9,
        "latency": 5,
        "chunkSize": 5,
    },
    {
        "match": {"userMessage": "late"},
        "response": {"content": TEXT},
        "disconnectAfterMs": 250,
        "latency": 30,
        "chunkSize": 5,
    },
    {"match": {"userMessage": "drop"}, "response": {"content": TEXT}, "chaos": {"dropRate": 1.0}},
    {"match": {"userMessage": "malformed"}, "response": {"content": TEXT}, "chaos": {"malformedRate": 1.0}},
    {"match": {"userMessage": "limit"}, "response": {"content": TEXT}, "chaos": {"rateLimitRate": 1.0}},
    {"match": {"userMessage": "disconnect"}, "response": {"content": TEXT}, "chaos": {"disconnectRate": 1.0}},
]
WAYS = {
    "chat": ("/v1", 'kind = "openai"\nendpoints = ["chat"]'),
    "responses": ("/v1", 'kind = "openai"\nendpoints = ["responses"]'),
    "messages": ("/v1", 'kind = "anthropic"\napi_key = "sk-of-nobody"'),
    "generate": ("/v1beta", 'kind = "gemini"\napi_key = "sk-of-nobody"'),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with aimock(FIXTURES) as url:
        sections = [
            f'[providers.{way}]\n{how}\nbase_url = "{url}{path}"\nmodels = ["m"]\n' for way, (path, how) in WAYS.items()
        ]
        with Upstream(perform) as honest:
            sections.append(section("honest", honest.port, "honest"))
            with serving("\n".join(sections)) as server:
                yield server


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("words", ["How is the tide?", "And slowly?"])
def test_text(server: Serving, dialect: str, way: str, stream: bool, words: str) -> None:
    said = ASKS[dialect](server, Question(f"{way}/m", words), stream)
    assert said[:4] == (TEXT, "", [], "stop")
    assert min(said.used) > 0


def test_thoughts(server: Serving, dialect: str, way: str, stream: bool) -> None:
    said = ASKS[dialect](server, Question(f"{way}/m", "What do you think?"), stream)
    assert said[:4] == (AFTER_THOUGHT, "" if dialect == "completions" else THOUGHT, [], "stop")


@pytest.mark.parametrize("dialect", sorted(ASKS.keys() - {"completions"}), indirect=True)
@pytest.mark.filterwarnings("ignore:FUNCTION_CALL is not a valid FinishReason")  # It is aimock's word, not Google's.
def test_calls_of_tools(server: Serving, dialect: str, way: str, stream: bool) -> None:
    said = ASKS[dialect](server, Question(f"{way}/m", "How is the weather?", has_tool=True), stream)
    assert said[:4] == ("", "", [("get_weather", {"city": "Žďár"}), ("get_weather", {"city": "Brno"})], "tool_calls")
    said = ASKS[dialect](server, Question(f"{way}/m", "Do both.", has_tool=True), stream)
    assert said[:4] == ("Let me see.", "", [("get_weather", {"city": "Žďár"})], "tool_calls")


def asked(dialect: str, words: str) -> dict[str, Any]:
    """The fields that put these words."""
    messages = [{"role": "user", "content": words}]
    parts = [{"role": "user", "parts": [{"text": words}]}]
    fields: dict[str, dict[str, Any]] = {
        "completions": {"prompt": words},
        "responses": {"input": words},
        "generate": {"contents": parts},
    }
    return fields.get(dialect, {"messages": messages})


def test_its_errors(server: Serving, dialect: str, way: str, stream: bool) -> None:
    """Keep their status, their words, and when to come again."""
    answer = ask(server, dialect, f"{way}/m", stream=stream, **asked(dialect, "Are you busy?"))
    assert (answer.status, answer.headers.get("retry-after")) == (429, "9")
    assert b"Come later." in answer.body
    answer = ask(server, dialect, f"{way}/m", stream=stream, **asked(dialect, "Are you down?"))
    assert answer.status == 503
    assert b"We are down." in answer.body


def test_an_answer_that_it_breaks_off(server: Serving, dialect: str, way: str) -> None:
    """What was said stays said, and it never looks whole."""
    with Wire(server) as wire:
        post(wire, dialect, f"{way}/m", **asked(dialect, "Please cut it."))
        body = broken_body(wire, dialect)
    said = "".join(pieces_in(dialect, body))
    assert said
    assert TEXT.startswith(said)
    assert said != TEXT
    assert not has_end(dialect, body)
    # Here it hangs up before a byte of what it said has left it; and here it may, as time goes by.
    answer = ask(server, dialect, f"{way}/m", **asked(dialect, "Hurry, hurry!"))
    assert answer.status == 502, answer
    with Wire(server) as wire:
        post(wire, dialect, f"{way}/m", **asked(dialect, "Is it late?"))
        assert b'"error"' in (heard := wire.rest_of_answer())
        assert b"noon" not in heard


FAULTS = {"drop": 500, "malformed": 502, "limit": 429, "disconnect": 502}


@pytest.mark.parametrize("fault", FAULTS)
def test_its_chaos(server: Serving, way: str, stream: bool, fault: str) -> None:
    """An error with a status that says so, in the client's dialect; and another answers, if there is one."""
    # Each in another dialect.
    dialect = DIALECTS[(len(way) + len(fault) + stream) % len(DIALECTS)]
    fields = asked(dialect, f"There will be a {fault}.")
    answer = ask(server, dialect, f"{way}/m", stream=stream, **fields)
    assert answer.status == FAULTS[fault], answer
    assert answer.json()["error"]["message"]
    led = ask(server, dialect, f"{way}/m", stream=stream, fallbacks=["honest/m"], **fields)
    assert_good(dialect, led, stream=stream)
