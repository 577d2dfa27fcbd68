"""Text completions: read, written, and asked for through chat."""

import json
from typing import Any

import pytest

from headgate.calls import Call
from headgate.errors import BadRequest, ProviderError
from headgate.events import AnyEvent, Failed, Finished, Reasoning, Refusal, Started, Stopped, Text, ToolCall, Usage
from headgate.fold import fold
from headgate.formats.openai_completions import Reader, Writer, forward, prompt, read, read_whole, whole
from tests.formats.cutting import ORIGIN, SIZES, events_in
from tests.oddities.completions import TALK, piece
from tests.oddities.wire import CREATED, MODEL, PIECES, bent, frame

START = Started("acme", MODEL, "cmpl-1", CREATED, "openai.completions")
CHAT = Started("acme", MODEL, "chatcmpl-1", CREATED, "openai.chat")
LOGPROBS = {"tokens": ["Hi"], "token_logprobs": [-0.5], "top_logprobs": [{"Hi": -0.5}], "text_offset": [0]}


def request(**more: Any) -> bytes:
    fields = {"model": "m", "prompt": "Hello", **more}
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def asked(**more: Any) -> Call:
    return read(request(**more))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mark", [b"data: [DONE]\n\n", b""])
def test_a_stream_is_read_wherever_it_is_cut(size: int, mark: bytes) -> None:
    events = events_in(Reader(ORIGIN), b"".join(map(frame, TALK)) + mark, size)
    assert events[:-2] == [START, *map(Text, PIECES)]
    assert isinstance(events[-2], Usage)
    assert events[-1] == Finished("stop")


def test_a_stream_that_does_not_say_why_it_ended_was_cut() -> None:
    with pytest.raises(ProviderError) as caught:
        events_in(Reader(ORIGIN), frame(piece("Hi")))
    assert (caught.value.code, caught.value.events) == ("upstream_incomplete", [START, Text("Hi")])


def test_several_choices_are_told_apart() -> None:
    said = [piece("a"), piece("b", index=1), piece("c", "length", 1), piece("", "stop"), "[DONE]"]
    events = events_in(Reader(ORIGIN), b"".join(map(frame, said)))
    assert events[1:] == [Text("a"), Text("b", 1), Text("c", 1), Finished("stop", ("length",))]


def test_a_whole_answer_is_read() -> None:
    body = json.dumps({**piece("Hi", "length"), "usage": None}).encode()
    assert read_whole(body, ORIGIN) == [START, Text("Hi"), Finished("length")]


def written(events: list[AnyEvent], **more: Any) -> list[Any]:
    writer = Writer(asked(stream=True, **more), "run_7", 9)
    blocks = b"".join(writer.write(event) for event in events).decode().split("\n\n")[:-1]
    frames = [block.removeprefix("data: ") for block in blocks]
    return [block if block == "[DONE]" else json.loads(block) for block in frames]


FRAME = {"id": "cmpl-1", "object": "text_completion", "created": CREATED, "model": MODEL}
USAGE = Usage(9, 12, 21)
INCLUDE = {"stream_options": {"include_usage": True}}


def said(text: str, finish: str | None = None, index: int = 0) -> Any:
    return [{"text": text, "index": index, "logprobs": None, "finish_reason": finish}]


def test_a_stream_is_written_as_openai_writes_it() -> None:
    frames = written([START, Text("a"), USAGE, Finished("length")], **INCLUDE)
    usage = frames[-2].pop("usage")
    assert frames == [
        {**FRAME, "choices": said("a"), "usage": None},
        {**FRAME, "choices": said("", "length"), "usage": None},
        {**FRAME, "choices": []},
        "[DONE]",
    ]
    assert usage["total_tokens"] == 21


def test_without_the_usage_chunk_usage_rides_on_the_last_one() -> None:
    frames = written([START, Text("a"), USAGE, Finished("stop")])
    assert [("usage" in each) for each in frames[:-1]] == [False, True]
    assert frames[1]["choices"] == said("", "stop")


@pytest.mark.parametrize(("reason", "finish"), [("stop", "stop"), ("length", "length"), ("tool_calls", "stop")])
def test_a_completion_ends_for_one_of_three_reasons(reason: str, finish: str) -> None:
    events: list[AnyEvent] = [CHAT, Text("a"), Finished(reason)]
    assert written(events)[-2]["choices"][0]["finish_reason"] == finish
    assert json.loads(whole(asked(), "run_7", 9, events))["choices"][0]["finish_reason"] == finish


def test_of_a_chat_only_words_can_be_told_and_a_refusal_is_words() -> None:
    events: list[AnyEvent] = [
        CHAT,
        Reasoning("Hm."),
        Refusal("No."),
        ToolCall(0, "x", "f"),
        Text("a"),
        Finished("stop"),
    ]
    frames = written(events)
    assert [each["choices"][0]["text"] for each in frames[:-1]] == ["No.", "a", ""]
    assert {each["id"] for each in frames[:-1]} == {"cmpl-7"}
    assert json.loads(whole(asked(), "run_7", 9, events))["choices"] == said("aNo.", "stop")


def test_logprobs_of_a_chat_become_lists_side_by_side() -> None:
    token = {
        "token": "ž",
        "logprob": -0.5,
        "bytes": None,
        "top_logprobs": [{"token": "z", "logprob": -1, "bytes": None}],
    }
    log = json.dumps([token]).encode()
    frames = written([CHAT, Text("ž", 0, log), Text("ž", 0, log), Finished("stop")])
    lists = {"tokens": ["ž"], "token_logprobs": [-0.5], "top_logprobs": [{"z": -1}]}
    assert [each["choices"][0]["logprobs"] for each in frames[:2]] == [
        {**lists, "text_offset": [0]},
        {**lists, "text_offset": [1]},
    ]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (LOGPROBS, LOGPROBS),
        ({**LOGPROBS, "token_logprobs": [None]}, {**LOGPROBS, "token_logprobs": [None]}),
        ({**LOGPROBS, "token_logprobs": ["x"]}, {**LOGPROBS, "token_logprobs": [None]}),
        ({**LOGPROBS, "top_logprobs": None}, {key: LOGPROBS[key] for key in LOGPROBS if key != "top_logprobs"}),
        ({**LOGPROBS, "text_offset": ["x"]}, {key: LOGPROBS[key] for key in LOGPROBS if key != "text_offset"}),
        ({**LOGPROBS, "tokens": "Hi"}, None),
        ([1], None),
        (-0.5, None),
        (None, None),
    ],
)
def test_logprobs_of_a_completion_are_kept_as_far_as_they_are_some(said: Any, kept: Any) -> None:
    data = frame(bent(piece("Hi", "stop"), logprobs=said))
    frames = written(events_in(Reader(ORIGIN), data))
    assert frames[0]["choices"][0]["logprobs"] == kept


def test_a_vendors_fields_are_kept() -> None:
    chunks = [piece("a", x_vendor=1), bent(piece("b"), stop_reason=7), bent(piece("", "stop"), y=2)]
    frames = written(events_in(Reader(ORIGIN), b"".join(map(frame, chunks))))
    assert [each["choices"][0].get("stop_reason") for each in frames[:-1]] == [None, 7, None, None]
    assert [each["choices"][0].get("y") for each in frames[:-1]] == [None, None, 2, None]
    assert [each.get("x_vendor") for each in frames[:-1]] == [None, None, None, 1]


def test_a_broken_stream_ends_with_its_error() -> None:
    assert written([START, Failed("c", "No.")])[-1]["error"]["message"] == "No."
    assert written([Stopped("user")])[-1] == "[DONE]"


@pytest.mark.parametrize("include", [{}, INCLUDE])
def test_what_is_written_reads_the_same(include: Any) -> None:
    events: list[AnyEvent] = [START, Text("a"), Text("b", 1), Text("ž 🐎"), USAGE, Finished("stop", ("length",))]
    writer = Writer(asked(stream=True, **include), "run_7", 9)
    again = [
        events_in(Reader(ORIGIN), b"".join(writer.write(event) for event in events), 3),
        read_whole(whole(asked(), "run_7", 9, events), ORIGIN),
    ]
    for answer in map(fold, again):
        assert [(answer.choice(n).text, answer.choice(n).reason) for n in (0, 1)] == [
            ("až 🐎", "stop"),
            ("b", "length"),
        ]
        assert answer.usage is not None
        assert answer.usage.total == 21


WRONG: list[tuple[bytes, str]] = [
    (request(model=...), "model"),
    (request(prompt=...), "prompt"),
    (request(prompt=None), "prompt"),
    (request(prompt=7), "prompt"),
    (request(prompt=[{}]), "prompt[0]"),
    (request(stream=1), "stream"),
    (request(n=0), "n"),
    (request(best_of=21), "best_of"),
    (request(max_tokens=-1), "max_tokens"),
    (request(logprobs=True), "logprobs"),
    (request(logprobs=21), "logprobs"),
    (request(echo="yes"), "echo"),
    (request(suffix=1), "suffix"),
    (request(temperature=3), "temperature"),
    (request(stop={}), "stop"),
]


@pytest.mark.parametrize(("body", "param"), WRONG)
def test_what_is_wrong_is_named(body: bytes, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(body)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "choices"),
    [
        ({}, 1),
        ({"n": 3}, 3),
        ({"prompt": ["a", "b"]}, 2),
        ({"prompt": ["a", "b"], "n": 2}, 4),
        ({"prompt": [1, 2, 3]}, 1),
        ({"prompt": [[1, 2], [3]]}, 2),
        ({"prompt": []}, 1),
    ],
)
def test_every_prompt_has_its_own_choices(fields: Any, choices: int) -> None:
    assert asked(**fields).choices == choices


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"echo": True}, "echo"),
        ({"suffix": "x"}, "suffix"),
        ({"best_of": 2}, "best_of"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
    ],
)
def test_what_a_chat_cannot_do_is_refused_by_name(fields: Any, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        prompt(asked(**fields))
    assert (caught.value.param, caught.value.code) == (param, "unsupported_parameter")


def test_a_prompt_is_a_users_turn() -> None:
    found = prompt(asked(prompt=["Hello"], stop="x", max_tokens=5, logprobs=2, top_k=7))
    assert [(message.role, message.parts[0]) for message in found.messages] == [
        ("user", prompt(asked()).messages[0].parts[0])
    ]
    assert (found.stop, found.max_tokens, found.logprobs, [*found.extra]) == (("x",), 5, 2, ["top_k"])


def test_fields_go_on_as_they_came() -> None:
    sent = json.loads(forward(asked(stream=True, top_k=7), "b", stream_usage=True))
    assert (sent["model"], sent["top_k"], sent["stream_options"]) == ("b", 7, {"include_usage": True})
