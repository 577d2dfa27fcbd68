"""
Whatever an upstream sends, a client gets OpenAI's exact shape or an error, and nothing worse.

Regular answers are bent at random places; what comes of them is judged by the strict clients of
the oddities.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headgate.errors import ProviderError
from headgate.events import OUTPUT_KINDS, AnyEvent, Failed
from headgate.formats import openai_chat, openai_completions, openai_responses
from tests.formats.bending import bent
from tests.formats.cutting import ORIGIN, SIZES, events_in
from tests.oddities import completions, judge, judge_responses, wire, words
from tests.oddities.client import Answer
from tests.oddities.counts import DETAILS, of, token
from tests.oddities.more_tools import OLD_PIECES, A, B
from tests.oddities.tools import FIRST, OTHER, OTHERS, REST

STREAMS: dict[str, list[Any]] = {
    "words": wire.TALK,
    "calls": [
        wire.ROLE,
        *(wire.chunk({"tool_calls": [piece]}) for piece in [FIRST, *REST, OTHER, *OTHERS]),
        wire.chunk(finish="tool_calls"),
        wire.COUNT,
    ],
    "rarities": [
        wire.bent(wire.chunk({"content": "Hi"}), logprobs=of(token("Hi", top_logprobs=[token("Hi")]))),
        wire.chunk({"refusal": "No."}),
        wire.chunk({"reasoning_content": "Hm."}),
        wire.STOP,
        {**wire.COUNT, "usage": {**wire.USAGE, **DETAILS}},
    ],
    "two": [*words.choices(*words.PAIRS), *words.ENDS_OF_TWO],
    "old": [*OLD_PIECES, wire.chunk(finish="function_call"), wire.COUNT],
}
WHOLES = [
    wire.whole(),
    wire.whole({"role": "assistant", "content": None, "tool_calls": [A, B]}, "tool_calls"),
    wire.bent(wire.whole({"role": "assistant", "content": "Hi"}), logprobs=of(token("Hi"))),
]
TEXT_WHOLE = {**completions.piece("Hi", "stop"), "usage": wire.USAGE}


@pytest.fixture(autouse=True)
def _inputs_may_be_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece of a call's input that was bent away leaves no JSON, and nobody can know."""
    monkeypatch.setattr(judge, "check_calls", lambda calls, finish: None)
    monkeypatch.setattr(judge_responses, "check_calls", lambda calls, finish: None)


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def stream_of(values: list[Any]) -> bytes:
    return b"".join(b"data: %b\n\n" % dumped(value) for value in values) + b"data: [DONE]\n\n"


def read(new_reader: Callable[[Any], Any], data: bytes, size: int) -> list[AnyEvent]:
    """The log of such an answer, up to its end; empty when it would have been an HTTP error."""
    try:
        return events_in(new_reader(ORIGIN), data, size)
    except ProviderError as error:
        log = [*error.events, Failed(error.code, error.message, error.status, error.kind, error.param)]
        return log if any(type(event) in OUTPUT_KINDS for event in log) else []


def answer(writer: Any, log: list[AnyEvent], *, cuts: bool) -> Answer:
    """The log as a client gets it."""
    body = b"".join(writer.write(event) for event in log)
    return Answer(200, {"content-type": "text/event-stream"}, body, not (cuts and isinstance(log[-1], Failed)))


def chat_call(more: dict[str, Any]) -> Any:
    return openai_chat.read(dumped({"model": "m", "messages": [{"role": "user", "content": "x"}], **more}))


def text_call(more: dict[str, Any]) -> Any:
    return openai_completions.read(dumped({"model": "m", "prompt": "x", **more}))


RESPONSE_CALL = openai_responses.read(b'{"model":"m","input":"x","stream":true}')

includes = st.booleans()
asked: st.SearchStrategy[dict[str, Any]] = st.sampled_from([{}, {"tools": []}, {"functions": []}])
sizes = st.sampled_from(SIZES)


def judge_all(log: list[AnyEvent], include: bool, more: dict[str, Any]) -> None:
    """As a stream of each format."""
    if not log:
        return
    streaming = {"stream": True, "stream_options": {"include_usage": include}}
    chat = openai_chat.Writer(chat_call({**streaming, **more}), "run_1", 9)
    judge.chat_stream(answer(chat, log, cuts=True), include_usage=include)
    judge_responses.stream(answer(openai_responses.Writer(RESPONSE_CALL, "run_1", 9), log, cuts=False))
    text = openai_completions.Writer(text_call(streaming), "run_1", 9)
    if not isinstance(log[-1], Failed):
        judge.completion_stream(answer(text, log, cuts=True), include_usage=include)


@pytest.mark.parametrize("name", STREAMS)
@given(data=st.data())
def test_a_bent_chat_reaches_every_client_in_shape(name: str, data: st.DataObject) -> None:
    values = data.draw(bent(STREAMS[name]))
    log = read(openai_chat.Reader, stream_of(values), data.draw(sizes))
    judge_all(log, data.draw(includes), data.draw(asked))


@given(values=bent(completions.TALK), size=sizes, include=includes)
def test_a_bent_completion_reaches_its_client_in_shape(values: list[Any], size: int, include: bool) -> None:
    log = read(openai_completions.Reader, stream_of(values), size)
    if log:
        call = text_call({"stream": True, "stream_options": {"include_usage": include}})
        judge.completion_stream(
            answer(openai_completions.Writer(call, "run_1", 9), log, cuts=True), include_usage=include
        )


@given(values=bent(WHOLES[:1]) | bent(WHOLES[1:2]) | bent(WHOLES[2:]), include=includes, more=asked)
def test_a_bent_whole_chat_reaches_every_client_in_shape(values: list[Any], include: bool, more: Any) -> None:
    try:
        log = openai_chat.read_whole(dumped(values[0]), ORIGIN)
    except ProviderError:
        return
    body = openai_chat.whole(chat_call(more), "run_1", 9, log)
    judge.chat_whole(Answer(200, {"content-type": "application/json"}, body, True))
    judge_all(log, include, more)


@given(values=bent([TEXT_WHOLE]))
def test_a_bent_whole_completion_reaches_its_client_in_shape(values: list[Any]) -> None:
    try:
        log = openai_completions.read_whole(dumped(values[0]), ORIGIN)
    except ProviderError:
        return
    body = openai_completions.whole(text_call({}), "run_1", 9, log)
    judge.completion_whole(Answer(200, {"content-type": "application/json"}, body, True))


@given(data=st.binary(max_size=60) | st.text(max_size=60).map(str.encode), size=sizes)
def test_noise_is_an_error_and_nothing_worse(data: bytes, size: int) -> None:
    assume(b"DONE" not in data.upper())
    for new_reader in (openai_chat.Reader, openai_completions.Reader, openai_responses.Reader):
        for noise in (data, b"data: " + data + b"\n\n", stream_of(wire.TALK[:2])[:-14] + b"data: " + data + b"\n\n"):
            with pytest.raises(ProviderError):
                events_in(new_reader(ORIGIN), noise, size)
    for read_whole in (openai_chat.read_whole, openai_completions.read_whole, openai_responses.read_whole):
        with pytest.raises(ProviderError):
            read_whole(data, ORIGIN)
