"""Whole answers in odd shapes, for clients that asked for no stream."""

from typing import Any

from tests.oddities.counts import CUMULATIVE, LEGACY, NULLS, of, token
from tests.oddities.failures import AT_ONCE, FIRE, SAYS, event
from tests.oddities.framing import HEALTHY
from tests.oddities.upstream import CUT, HOLD, JSON, Play
from tests.oddities.verdict import ESTIMATED, Choice, Said
from tests.oddities.wire import (
    COUNT,
    CREATED,
    HELLO,
    ID,
    MODEL,
    PIECES,
    ROLE,
    TALK,
    TEXTS,
    USAGE,
    WORDS,
    Broken,
    Case,
    Cases,
    Check,
    bent,
    body,
    dump,
    frame,
    frames,
    streamed,
    want,
    whole,
    without,
)


def answer(**more: Any) -> Play:
    """A regular answer with these fields of the whole."""
    return body(whole(**more))


def choice(*lost: str, **more: Any) -> Play:
    """A regular answer whose choice lost some keys, or got some."""
    return body(bent(whole(), *lost, **more))


def message(**more: Any) -> Play:
    """A regular answer whose message is this."""
    return body(whole({"role": "assistant", "content": WORDS, **more}))


def has(**values: Any) -> Check:
    """The answer says this of itself."""

    def check(said: Any) -> None:
        assert {key: said.raw.get(key) for key in values} == values

    return check


def logged(logprobs: Any) -> Play:
    """A regular answer with this log."""
    return body(bent(whole({"role": "assistant", "content": "Hi"}), logprobs=logprobs))


WHOLES_SAID: dict[str, tuple[Play, Said, Check | None]] = {
    "plain": (answer(), HELLO, has(id=ID, model=MODEL, created=CREATED)),
    "chunked": (body(whole(), framing="chunked", size=7), HELLO, None),
    "close_delimited": (body(whole(), framing="close"), HELLO, None),
    "no_content_type": (body(whole(), kind=None), HELLO, None),
    "wrong_content_type": (body(whole(), kind="text/html"), HELLO, None),
    "bom": (body(b"\xef\xbb\xbf" + dump(whole()).encode()), HELLO, None),
    "blank_lines_before": (Play([b"\n\n", 0.02, b"  \r\n", dump(whole()).encode(), b"\n"], kind=JSON), HELLO, None),
    "in_a_list": (body([whole()]), HELLO, None),
    "id_missing": (body(without(whole(), "id")), HELLO, None),
    "id_number": (answer(id=17), HELLO, has(id="17")),
    "id_null": (answer(id=None), HELLO, None),
    "object_wrong": (answer(object="text_completion"), HELLO, has(object="chat.completion")),
    "object_missing": (body(without(whole(), "object")), HELLO, has(object="chat.completion")),
    "created_text": (answer(created=str(CREATED)), HELLO, has(created=CREATED)),
    "created_float": (answer(created=CREATED + 0.5), HELLO, has(created=CREATED)),
    "created_null": (answer(created=None), HELLO, None),
    "model_missing": (body(without(whole(), "model")), HELLO, has(model="chat_whole/model_missing")),
    "fingerprint_null": (answer(system_fingerprint=None), HELLO, None),
    "fingerprint": (answer(system_fingerprint="fp_1"), HELLO, has(system_fingerprint="fp_1")),
    "fingerprint_number": (answer(system_fingerprint=3), HELLO, None),
    "tier": (answer(service_tier="default"), HELLO, has(service_tier="default")),
    "error_null": (answer(error=None), HELLO, None),
    "vendor_fields": (answer(citations=["https://example.org"]), HELLO, has(citations=["https://example.org"])),
    "azure": (answer(prompt_filter_results=[{"prompt_index": 0}]), HELLO, None),
    "index_missing": (choice("index"), HELLO, None),
    "index_text": (choice(index="0"), HELLO, None),
    "logprobs_missing": (choice("logprobs"), HELLO, None),
    "finish_missing": (choice("finish_reason"), HELLO, None),
    "finish_null": (choice(finish_reason=None), HELLO, None),
    "finish_empty": (choice(finish_reason=""), HELLO, None),
    "finish_unknown": (choice(finish_reason="eos_found"), HELLO, None),
    "finish_capitals": (choice(finish_reason="MAX_TOKENS"), want(WORDS, finish="length"), None),
    "delta_for_message": (choice("message", delta={"content": WORDS}), HELLO, None),
    "text_for_message": (choice("message", text=WORDS), HELLO, None),
    "role_missing": (body(whole({"content": WORDS})), HELLO, None),
    "role_wrong": (message(role="model"), HELLO, None),
    "content_null": (message(content=None), want(""), None),
    "content_missing": (body(whole({"role": "assistant"})), want(""), None),
    "content_parts": (message(content=[{"type": "text", "text": piece} for piece in PIECES]), HELLO, None),
    "content_number": (message(content=42), want("42"), None),
    "half_an_emoji": (body(dump(whole({"content": "X"})).replace('"X"', '"a\\ud83d"')), want("a\ufffd"), None),
    "not_utf8": (body(dump(whole({"content": "X"})).encode().replace(b"X", b"a\xff")), want("a\ufffd"), None),
    "refusal": (body(whole({"content": None, "refusal": "No."})), want(refusal="No."), None),
    "reasoning": (message(reasoning="Hmm."), want(WORDS, reasoning="Hmm."), None),
    "reasoning_content": (message(reasoning_content="Hmm."), want(WORDS, reasoning="Hmm."), None),
    "usage_missing": (body(without(whole(), "usage")), want(WORDS, usage=ESTIMATED), None),
    "usage_null": (answer(usage=None), want(WORDS, usage=ESTIMATED), None),
    "usage_no_total": (answer(usage=without(USAGE, "total_tokens")), HELLO, None),
    "usage_nulls": (answer(usage={**USAGE, **NULLS}), HELLO, None),
    "usage_floats": (answer(usage={key: float(value) for key, value in USAGE.items()}), HELLO, None),
    "usage_other_names": (answer(usage={"input_tokens": 9, "output_tokens": 12}), HELLO, None),
    "logprobs": (logged(of(token("Hi"))), want("Hi", tokens=("Hi",)), None),
    "logprobs_nan": (logged(of(token("Hi", float("nan")))), want("Hi", tokens=("Hi",)), None),
    "logprobs_without_keys": (logged({"content": [{"token": "Hi", "logprob": -1}]}), want("Hi", tokens=("Hi",)), None),
    "logprobs_legacy": (logged(LEGACY), want("Hi", tokens=("Hi",)), None),
    "choices_as_an_object": (answer(choices=whole()["choices"][0]), HELLO, None),
}

BOTH = [{**whole()["choices"][0], "index": number, "message": {"content": words}} for number, words in enumerate("ab")]
A_AND_B = Said((Choice("a"), Choice("b")), (9, 12, 21))

WHOLES: Cases = {name: Case(play, said, check) for name, (play, said, check) in WHOLES_SAID.items()}
WHOLES |= {
    "two_choices": Case(answer(choices=BOTH), A_AND_B, fields={"n": 2}),
    "two_choices_backwards": Case(answer(choices=BOTH[::-1]), A_AND_B, fields={"n": 2}),
    "two_choices_without_index": Case(
        answer(choices=[without(each, "index") for each in BOTH]), A_AND_B, fields={"n": 2}
    ),
    "finish_error": Case(choice(finish_reason="error"), Broken(502)),
    "error_in_the_choice": Case(choice("message", error={"message": SAYS, "code": 503}), Broken(503, message=SAYS)),
    "error_beside_choices": Case(answer(choices=[], **FIRE), Broken(500, "on_fire", message=SAYS)),
    "cut": Case(
        Play([b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", dump(whole()).encode(), CUT], framing="raw"),
        Broken(502),
    ),
    "cut_chunked": Case(Play([dump(whole())[:50].encode(), CUT], kind=JSON), Broken(502)),
    "nothing": Case(Play([HOLD], kind=JSON), Broken(504, "first_event_timeout"), provider="impatient"),
    "too_large": Case(
        Play([b'{"choices":[{"message":{"content":"', *([b"a" * 2**20] * 70), b'"}}]}'], kind=JSON),
        Broken(502, "upstream_too_large"),
    ),
    # A stream where none was asked for.
    "streamed_cut": Case(Play([*frames(ROLE, *TEXTS, done=False), CUT]), Broken(502)),
    "streamed_without_finish": Case(streamed(ROLE, *TEXTS, done=False), Broken(502, "upstream_incomplete")),
    "streamed_then_error": Case(
        Play([*frames(ROLE, *TEXTS, done=False), event(FIRE)]), Broken(500, "on_fire", message=SAYS)
    ),
    "streamed_cumulative_usage": Case(
        streamed(*({**value, "usage": usage} for value, usage in zip(TALK, CUMULATIVE, strict=True))),
        want(WORDS, usage=(9, 6, 15)),
    ),
    "streamed_in_small_pieces_without_type": Case(
        Play([b": hi\n", frame(ROLE), *frames(*TEXTS, TALK[-2], COUNT)], kind=None, size=2), HELLO
    ),
}
WHOLES |= {
    f"streamed_{name}": Case(HEALTHY[name], HELLO)
    for name in (
        "plain",
        "comments",
        "crlf",
        "cr",
        "bom",
        "event_message",
        "json_content_type",
        "gzip_flushed",
        "no_done",
        "done_then_open",
        "chunks_after_done",
        "several_data_lines",
    )
}
WHOLES |= {f"fails_{name}": Case(play, broken, provider="secretive") for name, (play, broken) in AT_ONCE.items()}
WHOLES["fails_500_cut"] = Case(AT_ONCE["500_cut"][0], Broken(504), provider="impatient")
