"""Healthy chats in odd framing: all of them say `HELLO`; and streams that are cut."""

import gzip
import json
import zlib
from itertools import cycle

from tests.oddities.upstream import CUT, HOLD, JSON, RESET, Play, Step
from tests.oddities.verdict import ESTIMATED
from tests.oddities.wire import (
    COUNT,
    DONE,
    HELLO,
    PIECES,
    ROLE,
    STOP,
    TALK,
    TEXTS,
    WORDS,
    Broken,
    Case,
    Cases,
    body,
    chunk,
    dump,
    frame,
    frames,
    streamed,
    want,
    whole,
)

LINES = b"".join(frames(*TALK))
"""All of a healthy stream."""

CUT_SHORT = Broken(200, text=PIECES[0] + PIECES[1])


def rewritten(old: bytes, new: bytes, **how: object) -> Play:
    """The healthy stream with every `old` replaced."""
    return Play([step.replace(old, new) for step in frames(*TALK)], **how)  # type: ignore[arg-type]


def between(noise: bytes) -> Play:
    """The healthy stream with noise before every event and after the last."""
    return Play(
        [
            noise,
            *(step for event in frames(*TALK[:-1], done=False) for step in (event, noise)),
            frame(COUNT),
            noise,
            DONE,
        ]
    )


def slowly(noise: bytes, pause: float, times: int) -> list[Step]:
    """The same again and again, with pauses."""
    step: list[Step] = [noise, pause]
    return step * times


def lines(data: str) -> bytes:
    """An event with a data line for every line of the text."""
    return "".join(f"data: {line}\n" for line in data.split("\n")).encode() + b"\n"


def pretty(value: object) -> str:
    """JSON over many lines."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def gzipped(*, flushed: bool) -> Play:
    """The healthy stream, compressed."""
    packer = zlib.compressobj(wbits=31)
    steps = [packer.compress(step) + (packer.flush(zlib.Z_SYNC_FLUSH) if flushed else b"") for step in frames(*TALK)]
    return Play([step for step in [*steps, packer.flush()] if step], headers=(("content-encoding", "gzip"),))


LONG = "Ab, žluťoučký 🐎 " * 16_000
HEALTHY: dict[str, Play] = {
    "plain": streamed(*TALK),
    "comments": between(b": keep-alive\n\n"),
    "comments_on_one_line": between(b": OPENROUTER PROCESSING\n"),
    "comments_without_space": between(b":\n\n"),
    "blank_lines": between(b"\n\n\n"),
    "crlf": rewritten(b"\n", b"\r\n"),
    "crlf_byte_by_byte": rewritten(b"\n", b"\r\n", size=1),
    "cr": rewritten(b"\n", b"\r"),
    "cr_byte_by_byte": rewritten(b"\n", b"\r", size=1),
    "mixed_line_ends": Play(
        [event.replace(b"\n", end) for event, end in zip(frames(*TALK), cycle([b"\n", b"\r", b"\r\n"]), strict=False)]
    ),
    "bom": Play([b"\xef\xbb\xbf", *frames(*TALK)]),
    "bom_byte_by_byte": Play([b"\xef\xbb\xbf", *frames(*TALK)], size=1),
    "no_space": rewritten(b"data: ", b"data:"),
    "two_spaces": rewritten(b"data: ", b"data:  "),
    "ids": rewritten(b"data: ", b"id: 7\ndata: "),
    "ids_after": rewritten(b"}\n\n", b"}\nid: 7\n\n"),
    "ids_and_comments": Play([step for event in frames(*TALK) for step in (b": hi\n\n", b"id: 7\n" + event)]),
    "retry_in_events": rewritten(b"data: ", b"retry: 3000\ndata: "),
    "retry_alone": between(b"retry: 3000\n\n"),
    "event_message": rewritten(b"data: ", b"event: message\ndata: "),
    "event_vendor_name": rewritten(b"data: ", b"event: completion.delta\ndata: "),
    "event_ping_alone": between(b"event: ping\n\n"),
    "event_ping_with_data": between(b"event: ping\ndata: {}\n\n"),
    "event_ping_with_words": between(b"event: keepalive\ndata: still here\n\n"),
    "empty_data": between(b"data:\n\n"),
    "empty_data_with_space": between(b"data: \n\n"),
    "ping_with_data": between(frame({"type": "ping"})),
    "ping_with_message": between(frame({"type": "ping", "message": "still alive", "code": 200})),
    "metadata_event": between(frame({"object": "gateway.metadata", "cache": "miss", "latency_ms": 12})),
    "data_null": between(frame("null")),
    "data_string": between(frame('"ping"')),
    "data_number": between(frame("1")),
    "data_empty_object": between(frame("{}")),
    "data_empty_list": between(frame("[]")),
    "unknown_fields": between(b"x-vendor: yes\n\n"),
    "several_data_lines": Play([lines(pretty(value)) for value in [*TALK, "[DONE]"]]),
    "several_data_lines_byte_by_byte": Play([lines(pretty(value)) for value in [*TALK, "[DONE]"]], size=1),
    "one_newline_between": rewritten(b"\n\n", b"\n"),
    "byte_by_byte": streamed(*TALK, size=1),
    "three_bytes": streamed(*TALK, size=3),
    "one_write": Play([LINES]),
    "everything_with_its_end": Play([LINES], framing="length"),
    "no_content_type": streamed(*TALK, kind=None),
    "no_content_type_byte_by_byte": Play([b"\n\n\n\n\n: hi\n\n", *frames(*TALK)], kind=None, size=1),
    "json_content_type": streamed(*TALK, kind=JSON),
    "plain_content_type": streamed(*TALK, kind="text/plain"),
    "binary_content_type": streamed(*TALK, kind="application/octet-stream"),
    "loud_content_type": streamed(*TALK, kind="Text/Event-Stream;charset=UTF-8"),
    "gzip_flushed": gzipped(flushed=True),
    "gzip_whole": gzipped(flushed=False),
    "deflate": Play([zlib.compress(LINES)], headers=(("content-encoding", "deflate"),)),
    "gzip_two_members": Play(
        [gzip.compress(LINES[:100]), gzip.compress(LINES[100:])], headers=(("content-encoding", "gzip"),)
    ),
    "close_delimited": streamed(*TALK, framing="close"),
    "http_1_0": streamed(*TALK, framing="close", version="HTTP/1.0"),
    "early_hints": Play(
        [
            b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n",
            LINES,
        ],
        framing="raw",
    ),
    "no_done": streamed(*TALK, done=False),
    "no_done_close_delimited": streamed(*TALK, done=False, framing="close"),
    "no_done_then_open": Play([*frames(*TALK, done=False), HOLD]),
    "no_done_then_pings": Play([*frames(*TALK, done=False), *slowly(b": hi\n\n", 0.3, 8), HOLD]),
    "no_done_then_cut": Play([*frames(*TALK, done=False), CUT]),
    "done_then_open": Play([*frames(*TALK), HOLD]),
    "done_then_cut": Play([*frames(*TALK), CUT]),
    "done_then_reset": Play([*frames(*TALK), RESET]),
    "done_twice": Play([*frames(*TALK), DONE]),
    "done_without_blank_line": Play([*frames(*TALK, done=False), b"data: [DONE]"]),
    "done_with_one_newline": Play([*frames(*TALK, done=False), b"data: [DONE]\n"]),
    "done_without_space": Play([*frames(*TALK, done=False), b"data:[DONE]\n\n"]),
    "done_with_spaces": Play([*frames(*TALK, done=False), b"data:  [DONE] \n\n"]),
    "done_as_json": Play([*frames(*TALK, done=False), b'data: "[DONE]"\n\n']),
    "done_in_small_letters": Play([*frames(*TALK, done=False), b"data: [done]\n\n"]),
    "done_under_a_name": Play([*frames(*TALK, done=False), b"event: done\ndata: [DONE]\n\n"]),
    "chunks_after_done": Play([*frames(*TALK), frame(chunk({"content": " and more"})), DONE]),
    "error_after_done": Play([*frames(*TALK), frame({"error": {"message": "too late"}})]),
    "garbage_after_done": Play([LINES, b"\x00\xff<html>"]),
    "last_event_without_blank_line": Play([*frames(*TALK[:-1], done=False), frame(COUNT).rstrip()]),
    "whole_body_for_a_stream": body(whole()),
    "whole_body_over_many_lines": body(json.dumps(whole(), indent=2)),
    "whole_body_under_event_stream": body(whole(), kind="text/event-stream"),
    "whole_body_without_type": body(whole(), kind=None),
    "whole_body_byte_by_byte": body(whole(), framing="chunked", size=1),
    "whole_body_with_bom": body(b"\xef\xbb\xbf" + dump(whole()).encode()),
    "whole_body_after_blank_lines": Play([b"\n", 0.01, b"\n  \n", dump(whole()).encode()], kind=JSON),
    "whole_answer_in_one_event": streamed(whole()),
    "whole_answer_in_a_list": body([whole()]),
}

FRAMING: Cases = {name: Case(play, HELLO) for name, play in HEALTHY.items()}

FRAMING |= {
    "long_line": Case(streamed(ROLE, chunk({"content": LONG}), STOP, COUNT), want(LONG)),
    "long_line_in_pieces": Case(streamed(ROLE, chunk({"content": LONG}), STOP, COUNT, size=1000), want(LONG)),
    "done_but_no_finish": Case(streamed(ROLE, *TEXTS, COUNT), HELLO),
    "half_a_usage_chunk": Case(
        Play([*frames(ROLE, *TEXTS, STOP, done=False), frame(COUNT)[:40]]), want(WORDS, usage=ESTIMATED)
    ),
    "half_a_done": Case(Play([*frames(*TALK, done=False), b"data: [DO"]), HELLO),
    "garbage_after_finish": Case(Play([*frames(*TALK, done=False), b"data: garbage\n\n", DONE]), HELLO),
}

BROKEN: dict[str, Play] = {
    "cut": Play([*frames(ROLE, *TEXTS[:2], done=False), CUT]),
    "reset": Play([*frames(ROLE, *TEXTS[:2], done=False), RESET]),
    "cut_in_an_event": Play([*frames(ROLE, *TEXTS[:2], done=False), frame(TEXTS[2])[:50], CUT]),
    "cut_in_a_chunk": Play(
        [
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
            *(b"%x\r\n%b\r\n" % (len(event), event) for event in frames(ROLE, *TEXTS[:2], done=False)),
            b"fff\r\ndata: {",
            CUT,
        ],
        framing="raw",
    ),
    "cut_of_its_length": Play(
        [
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\n",
            *frames(ROLE, *TEXTS[:2], done=False),
            CUT,
        ],
        framing="raw",
    ),
    "cut_of_gzip": Play(
        [gzip.compress(b"".join(frames(ROLE, *TEXTS[:2], done=False)))[:-8]], headers=(("content-encoding", "gzip"),)
    ),
    "clean_end_without_finish": streamed(ROLE, *TEXTS[:2], done=False),
    "clean_close_without_finish": streamed(ROLE, *TEXTS[:2], done=False, framing="close"),
    "clean_end_in_an_event": Play([*frames(ROLE, *TEXTS[:2], done=False), frame(TEXTS[2])[:50]]),
    "clean_end_with_usage_only": streamed(ROLE, *TEXTS[:2], COUNT, done=False),
    "garbage_in_the_middle": Play([*frames(ROLE, *TEXTS[:2], done=False), b"data: <html>\n\n", DONE]),
    "truncated_json_in_the_middle": Play([*frames(ROLE, *TEXTS[:2], done=False), b'data: {"choices":[\n\n', DONE]),
    "bad_chunk_size": Play(
        [
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
            *(b"%x\r\n%b\r\n" % (len(event), event) for event in frames(ROLE, *TEXTS[:2], done=False)),
            b"zz\r\n",
        ],
        framing="raw",
    ),
    "huge_event": Play(
        [
            *frames(ROLE, *TEXTS[:2], done=False),
            b'data: {"choices":[{"delta":{"content":"',
            *([b"a" * 2**20] * 20),
            b'"}}]}\n\n',
        ]
    ),
}

FRAMING |= {name: Case(play, CUT_SHORT) for name, play in BROKEN.items()}

FRAMING |= {
    "silence_in_the_middle": Case(
        Play([*frames(ROLE, *TEXTS[:2], done=False), HOLD]),
        Broken(200, "idle_timeout", text=CUT_SHORT.text),
        provider="impatient",
    ),
    "pings_in_the_middle": Case(
        Play([*frames(ROLE, *TEXTS[:2], done=False), *slowly(frame({"type": "ping"}), 0.1, 15), HOLD]),
        Broken(200, "idle_timeout", text=CUT_SHORT.text),
        provider="impatient",
    ),
    "empty_deltas_in_the_middle": Case(
        Play([*frames(ROLE, *TEXTS[:2], done=False), *slowly(frame(chunk({"content": ""})), 0.1, 15), HOLD]),
        Broken(200, "idle_timeout", text=CUT_SHORT.text),
        provider="impatient",
    ),
    "a_megabyte_of_comments": Case(
        Play([*([b": waiting, waiting\n" * 5000] * 11), HOLD]), Broken(504, "first_event_timeout"), provider="impatient"
    ),
    "nothing_at_all": Case(Play([HOLD]), Broken(504, "first_event_timeout"), provider="impatient"),
    "no_head": Case(Play([HOLD], framing="raw"), Broken(504, "first_event_timeout"), provider="impatient"),
    "comments_without_end": Case(Play([*([b": waiting\n" * 100_000] * 20), DONE]), Broken()),
}
