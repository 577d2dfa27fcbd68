"""What goes in comes out: bytes to events to bytes, and the other way."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import ProviderError
from headgate.events import (
    LAST,
    AnyEvent,
    Attempt,
    Failed,
    Finished,
    Reasoning,
    Refusal,
    Started,
    Stopped,
    Text,
    ToolCall,
    ToolInput,
    Usage,
    Vendor,
)
from headgate.formats.openai_responses import read_whole, whole

from .logs import LOGS, STARTED
from .streams import STREAMS
from .wire import ORIGIN, SIZES, Json, call, case, events_in, frames, stream, written

OPENAI = [name for name in [*STREAMS, "hosted_tools"] if not name.startswith("llama")]


@pytest.mark.parametrize("name", OPENAI)
def test_a_client_sees_what_the_provider_said(name: str) -> None:
    """Event for event: numbers, items, ids, parts, annotations, the progress of hosted tools."""
    said = case(name)
    told = frames(written(events_in(stream(said))))
    assert [essence(event) for event in told] == [essence(event) for event in said]


def essence(value: Any) -> Any:
    """An event without what is the server's own: the frame of the response, and padding."""
    if isinstance(value, list):
        return [essence(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    kept = {key: essence(entry) for key, entry in value.items() if key != "obfuscation"}
    if value.get("object") == "response":
        return {key: kept[key] for key in ("status", "output", "incomplete_details", "usage")}
    if value.get("type") == "reasoning":
        # OpenAI gives thoughts no status, and some of its servers an empty list of content.
        kept = {key: entry for key, entry in kept.items() if key != "status" and (key, entry) != ("content", [])}
    if value.get("type") == "response.output_item.added":
        # It sends the half of what is encrypted here; we wait for all of it.
        kept["item"].pop("encrypted_content", None)
    if "logprobs" in value:
        # How tokens are spelled is not in the deltas.
        kept["logprobs"] = [entry["token"] for entry in value["logprobs"]]
    return kept


@pytest.mark.parametrize("name", [*STREAMS, "hosted_tools"])
def test_a_gateway_behind_a_gateway_loses_nothing(name: str) -> None:
    """Two of us in a row: the second one's log is the first one's."""
    first = events_in(stream(case(name)))
    second = events_in(written(first))
    assert [event for event in second if not isinstance(event, Started | Finished | Usage)] == [
        event for event in first if not isinstance(event, Started | Finished | Usage)
    ]


def regular(log: Sequence[AnyEvent]) -> list[AnyEvent]:
    """What a reader can know of a log of any format: no marks, no other choices, pieces joined."""
    events: list[AnyEvent] = []
    for event in log:
        if isinstance(event, Attempt | Started | Vendor | Usage) or getattr(event, "choice", None):
            continue
        event = bare(event)
        before = events[-1] if events else None
        if isinstance(event, Text | Reasoning | Refusal) and isinstance(before, type(event)):
            same = not isinstance(before, Reasoning) or before.kind == event.kind  # type: ignore[union-attr]
            if same:
                events[-1] = msgspec.structs.replace(before, delta=before.delta + event.delta)
                continue
        events.append(event)
    return events


def bare(event: AnyEvent) -> AnyEvent:
    match event:
        case Text():
            return Text(event.delta)
        case Refusal():
            return Refusal(event.delta)
        case Reasoning():
            return Reasoning(event.delta, kind=event.kind)
        case ToolCall():
            return ToolCall(event.index, event.id, event.name, kind=event.kind)
        case Finished():
            return Finished(event.reason)
        case _:
            return event


def without_gaps(log: list[AnyEvent]) -> list[AnyEvent]:
    return [e for e in log if not (isinstance(e, Reasoning) and e.extra is not None and b'"gap":true' in e.extra)]


WHOLE = {name: log for name, log in LOGS.items() if isinstance(log[-1], Finished)}
BROKEN = {name: log for name, log in LOGS.items() if isinstance(log[-1], Failed | Stopped)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", WHOLE)
def test_a_reader_reads_what_a_writer_writes(name: str, size: int) -> None:
    log = regular(WHOLE[name])
    if log[-1] == Finished("stop") and any(isinstance(event, ToolCall) for event in log):
        log[-1] = Finished("tool_calls")
    assert regular(without_gaps(events_in(written(WHOLE[name]), size))) == log


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_not_read_as_a_whole_one(name: str) -> None:
    with pytest.raises(ProviderError) as caught:
        events_in(written(BROKEN[name]))
    last = BROKEN[name][-1]
    if isinstance(last, Failed):
        assert caught.value.message == last.message
    assert regular(without_gaps(list(caught.value.events))) == regular(BROKEN[name])[:-1]


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer_holds_what_its_stream_held(name: str) -> None:
    body = whole(call(), "run_7", 9, WHOLE[name])
    *_, last = frames(written(WHOLE[name]))
    assert json.loads(body) == last["response"]
    said = regular(without_gaps(read_whole(body, ORIGIN)))
    # Words that came between the pieces of a call's input stand after it in the list of items.
    assert sorted(map(repr, said)) == sorted(map(repr, joined(events_in(written(WHOLE[name])))))


def joined(log: list[AnyEvent]) -> list[AnyEvent]:
    """The pieces of each call's input as one."""
    inputs: dict[int, str] = {}
    for event in log:
        if isinstance(event, ToolInput):
            inputs[event.index] = inputs.get(event.index, "") + event.delta
    rest = [event for event in without_gaps(log) if not isinstance(event, ToolInput)]
    return [*regular(rest), *(ToolInput(index, delta) for index, delta in inputs.items())]


@pytest.mark.parametrize("name", LOGS)
def test_the_same_log_gives_the_same_bytes(name: str) -> None:
    assert written(LOGS[name]) == written(LOGS[name])
    assert written(LOGS[name], run="run_8") != written(LOGS[name])


@pytest.mark.slow
def test_another_process_writes_the_same_bytes() -> None:
    """Whoever takes over a stream goes on with the same ids and numbers."""
    program = (
        "import sys; from tests.formats.responses.logs import LOGS; from tests.formats.responses.wire import written;"
        "sys.stdout.buffer.write(written(LOGS['everything_woven']))"
    )
    environment = {"PYTHONPATH": "src:.", "PYTHONHASHSEED": "1"}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert run.stdout == written(LOGS["everything_woven"])


words = st.text(max_size=5)
output = st.one_of(
    st.builds(Text, words),
    st.builds(Text, words, choice=st.integers(0, 1)),
    st.builds(Refusal, words),
    st.builds(Reasoning, words, kind=st.sampled_from(["text", "summary"])),
    st.just("call"),
    st.just("input"),
)


@st.composite
def logs(draw: st.DrawFn) -> list[AnyEvent]:
    """Any log a foreign format's reader could leave."""
    log: list[AnyEvent] = [STARTED]
    calls = 0
    for event in draw(st.lists(output, max_size=12)):
        if isinstance(event, str):
            if event == "call" and not (calls and isinstance(log[-1], ToolCall)):
                log += [ToolCall(calls, f"call_{calls}", "f"), ToolInput(calls, '{"a":'), ToolInput(calls, "1}")]
                calls += 1
        else:
            log.append(event)
    reason = draw(st.sampled_from(["length", "content_filter", "tool_calls" if calls else "stop"]))
    return [*log, Finished(reason)]


@given(logs(), st.integers(1, 50))
def test_any_log_is_read_back(log: list[AnyEvent], size: int) -> None:
    read = events_in(written(log), size)
    empty = [e for e in regular(log) if not isinstance(e, Text | Refusal | Reasoning) or e.delta]
    assert regular(without_gaps(read)) == regular(empty)
    assert sum(isinstance(event, LAST) for event in read) == 1


@given(st.sampled_from([*STREAMS, "hosted_tools", "failed"]), st.randoms(use_true_random=False))
def test_no_shuffled_stream_confuses_a_reader_or_a_writer(name: str, chance: Any) -> None:
    """Events in any order, some twice, some not at all: an answer or an error, and a regular log."""
    events = case(name)
    picked: list[Json] = [
        event for event in events[1:] if chance.random() > 0.1 for _ in range(chance.choice([1, 1, 2]))
    ]
    chance.shuffle(picked)
    try:
        log = events_in(stream([events[0], *picked]))
    except ProviderError as error:
        log = [*error.events, Failed("x", error.message)]
    told = frames(written(log))
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    announced = -1
    for event in log:
        if isinstance(event, ToolCall):
            announced += 1
            assert event.index == announced
        elif isinstance(event, ToolInput):
            assert event.index == announced
