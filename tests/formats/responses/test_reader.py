"""What a reader makes of the streams of real servers."""

import json
from typing import Any

import pytest

from headgate.errors import ProviderError
from headgate.events import Text
from headgate.formats.openai_responses import Reader, read_whole

from .streams import MESSAGE, STREAMS, extra, gist, started
from .wire import ORIGIN, SIZES, Json, case, events_in, stream


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_read_wherever_it_is_cut(name: str, size: int) -> None:
    assert STREAMS[name] == events_in(stream(case(name)), size)


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize(
    "manners",
    [
        {"names": False},
        {"end": "data: [DONE]\n\n"},
        {"newline": "\r\n"},
        {"end": 'data: {"type":"response.output_text.delta","delta":"more"}\n\n'},
        {"end": "data: nonsense\n\n"},
    ],
    ids=["no_names", "done", "crlf", "more_output", "noise"],
)
def test_a_stream_is_read_whatever_its_manners(name: str, manners: Any) -> None:
    """Nothing after the terminal event counts."""
    assert STREAMS[name] == events_in(stream(case(name), **manners))


@pytest.mark.parametrize("name", STREAMS)
def test_what_means_nothing_is_passed_over(name: str) -> None:
    noise: list[Json] = [
        {"type": "keepalive", "sequence_number": 3},
        {"type": "ping"},
        {"type": "response.unheard_of", "item_id": "nobody", "delta": "x"},
        {"type": "response.output_item.added", "output_index": 70, "item": None},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": ""},
        {"type": "acme.metadata", "error": None},
        {"type": None},
    ]
    events = case(name)
    woven = [event for real in events for event in (real, *noise)]
    data = stream(woven).replace(b"event: None\n", b"") + b": a comment\n\n"
    assert STREAMS[name] == events_in(b": hello\n\ndata: [1]\n\n" + data)


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_is_cut_is_never_a_whole_answer(name: str) -> None:
    events = case(name)[:-1]
    for end in ("", "data: [DONE]\n\n"):
        with pytest.raises(ProviderError, match="was cut") as caught:
            events_in(stream(events, end=end))
        said = list(caught.value.events)
        assert caught.value.code == "upstream_incomplete"
        assert said == STREAMS[name][: len(said)]
        assert len(said) == len(STREAMS[name]) - 2


def test_the_last_event_may_lack_its_blank_line() -> None:
    assert STREAMS["text"] == events_in(stream(case("text"))[:-2])


def test_a_reader_says_when_an_answer_is_over() -> None:
    reader, data = Reader(ORIGIN), stream(case("text"))
    told = []
    for piece in (data[:-1], data[-1:]):
        reader.feed(piece)
        told.append(reader.is_over)
    assert told == [False, True]
    more = stream([{"type": "response.output_text.delta", "delta": "more"}])
    assert list(reader.feed(more)) == list(reader.close()) == []


@pytest.mark.parametrize("name", ["hosted_tools", *STREAMS])
def test_a_whole_answer_says_what_its_stream_said(name: str) -> None:
    """As one object: the same words, calls, reasons and costs, without the pieces."""
    *_, last = case(name)
    whole = read_whole(json.dumps(last["response"]).encode(), ORIGIN)
    assert gist(whole) == gist(events_in(stream(case(name))))


@pytest.mark.parametrize(
    ("name", "code", "status", "kind", "param", "retryable"),
    [
        ("failed", "server_error", 500, "server_error", None, True),
        ("error_nested", "rate_limit_exceeded", 429, "tokens", None, True),
        ("error_flat", "invalid_prompt", 400, "invalid_request_error", "input", False),
    ],
)
@pytest.mark.parametrize("size", SIZES)
def test_an_error_in_the_stream_is_raised_after_what_was_said(
    name: str, size: int, code: str, status: int, kind: str, param: str | None, retryable: bool
) -> None:
    with pytest.raises(ProviderError) as caught:
        events_in(stream(case(name)), size)
    error = caught.value
    assert (error.code, error.status, error.kind, error.param) == (code, status, kind, param)
    assert error.retryable is retryable
    said = [started(), Text("Par", extra=extra(MESSAGE)), Text("tial")]
    assert list(error.events) == (said if name == "failed" else said[:1])


@pytest.mark.parametrize(
    ("data", "code", "status", "message"),
    [
        ('{"type":"error"}', "upstream_error", 502, "acme failed to answer."),
        ('{"type":"error","error":"Out of horses."}', "upstream_error", 502, "Out of horses."),
        ('{"error":{"code":500,"message":"No slot.","type":"server_error"}}', "500", 500, "No slot."),
        ('{"type":"response.failed","sequence_number":1,"error":{"message":"X."}}', "upstream_error", 502, "X."),
        ('{"type":"response.failed","response":{"status":"failed"}}', "upstream_error", 502, "acme failed to answer."),
        ('{"type":"error","error":{"code":"invalid_image_url","message":"No."}}', "invalid_image_url", 400, "No."),
        ('{"type":"response.completed","response":{"status":"failed"}}', "upstream_error", 502, "acme failed to"),
        ('{"type":"response.incomplete","response":{"status":"cancelled"}}', "upstream_cancelled", 502, "cancelled"),
        ('{"type":"response.cancelled"}', "upstream_cancelled", 502, "cancelled"),
        ("<html>", "upstream_invalid", 502, "acme sent something"),
    ],
)
def test_every_form_of_an_error_is_understood(data: str, code: str, status: int, message: str) -> None:
    with pytest.raises(ProviderError, match=message) as caught:
        events_in(f"data: {data}\n\n".encode())
    assert (caught.value.code, caught.value.status) == (code, status)
    assert caught.value.retryable is (status >= 500 and code != "upstream_cancelled")


def test_an_error_may_be_known_by_its_events_name_alone() -> None:
    with pytest.raises(ProviderError, match=r"Too much\."):
        events_in(b'event: error\ndata: {"code":"rate_limit_exceeded","message":"Too much."}\n\n')


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"status":"failed","error":{"code":"server_error","message":"Oh."},"output":[]}', "server_error"),
        (b'{"error":{"code":"model_not_found","message":"No such."}}', "model_not_found"),
        (b'{"status":"in_progress","output":[]}', "upstream_invalid"),
        (b'{"status":"cancelled","output":[]}', "upstream_cancelled"),
        (b'{"object":"response"}', "upstream_invalid"),
        (b"[]", "upstream_invalid"),
        (b"<html>", "upstream_invalid"),
    ],
)
def test_a_body_that_is_no_answer_is_an_error(body: bytes, code: str) -> None:
    with pytest.raises(ProviderError) as caught:
        read_whole(body, ORIGIN)
    assert caught.value.code == code
