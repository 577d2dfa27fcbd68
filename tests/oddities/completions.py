"""The legacy text completions, from upstreams that have them and through chat."""

from typing import Any

from tests.oddities.failures import FIRE, SAYS
from tests.oddities.framing import HEALTHY
from tests.oddities.upstream import CUT, HOLD, Play
from tests.oddities.verdict import ESTIMATED, Choice, Json, Said
from tests.oddities.wire import (
    COUNT,
    CREATED,
    HELLO,
    MODEL,
    PIECES,
    ROLE,
    STOP,
    TEXTS,
    USAGE,
    WORDS,
    Broken,
    Case,
    Cases,
    bent,
    body,
    chunk,
    dump,
    frame,
    frames,
    said,
    streamed,
    want,
    whole,
    without,
)


def piece(text: Any = "", finish: Any = None, index: Any = 0, **more: Any) -> Json:
    """A regular chunk of a text completion."""
    choice = {"text": text, "index": index, "logprobs": None, "finish_reason": finish}
    return {"id": "cmpl-1", "object": "text_completion", "created": CREATED, "model": MODEL, "choices": [choice]} | more


TEXT_PIECES = [piece(words) for words in PIECES]
TEXT_STOP = piece("", "stop")
TEXT_COUNT = piece(choices=[], usage=USAGE)
TALK = [*TEXT_PIECES, TEXT_STOP, TEXT_COUNT]

LOGPROBS = {"tokens": ["Hi"], "token_logprobs": [None], "top_logprobs": [{"Hi": -0.5}], "text_offset": [0]}

STREAMS: dict[str, tuple[Play, Said]] = {
    "plain": (streamed(*TALK), HELLO),
    "crlf": (Play([step.replace(b"\n", b"\r\n") for step in frames(*TALK)]), HELLO),
    "byte_by_byte": (streamed(*TALK, size=1), HELLO),
    "no_done": (streamed(*TALK, done=False), HELLO),
    "done_then_open": (Play([*frames(*TALK), HOLD]), HELLO),
    "no_done_then_open": (Play([*frames(*TALK, done=False), HOLD]), HELLO),
    "finish_with_the_last_words": (streamed(*TEXT_PIECES[:-1], piece(PIECES[-1], "stop"), TEXT_COUNT), HELLO),
    "finish_unknown": (streamed(*TEXT_PIECES, piece("", "eos"), TEXT_COUNT), HELLO),
    "finish_length": (streamed(*TEXT_PIECES, piece("", "LENGTH"), TEXT_COUNT), want(WORDS, finish="length")),
    "finish_tool_calls": (streamed(*TEXT_PIECES, piece("", "tool_calls"), TEXT_COUNT), HELLO),
    "usage_on_finish": (streamed(*TEXT_PIECES, {**TEXT_STOP, "usage": USAGE}), HELLO),
    "usage_everywhere": (streamed(*({**value, "usage": USAGE} for value in TALK)), HELLO),
    "usage_missing": (streamed(*TEXT_PIECES, TEXT_STOP), want(WORDS, usage=ESTIMATED)),
    "object_of_a_chat": (streamed(*({**value, "object": "chat.completion.chunk"} for value in TALK)), HELLO),
    "chunks_of_a_chat": (streamed(ROLE, *TEXTS, STOP, COUNT), HELLO),
    "index_missing": (streamed(*(bent(value, "index") for value in TALK)), HELLO),
    "logprobs_missing": (streamed(*(bent(value, "logprobs") for value in TALK)), HELLO),
    "id_changing": (streamed(*({**value, "id": f"c{number}"} for number, value in enumerate(TALK))), HELLO),
    "id_number": (streamed(*({**value, "id": 5} for value in TALK)), HELLO),
    "created_float": (streamed(*({**value, "created": 1.5e9} for value in TALK)), HELLO),
    "fingerprint_null": (streamed(*({**value, "system_fingerprint": None} for value in TALK)), HELLO),
    "text_null": (streamed(piece(None), *TALK), HELLO),
    "text_number": (streamed(piece("1+1="), piece(2), TEXT_STOP, TEXT_COUNT), want("1+1=2")),
    "emoji_in_two_chunks": (
        streamed(
            dump(piece("X")).replace('"X"', '"a\\ud83d"'),
            dump(piece("X")).replace('"X"', '"\\udc0e"'),
            TEXT_STOP,
            TEXT_COUNT,
        ),
        want("a🐎"),
    ),
    "logprobs": (streamed(bent(piece("Hi"), logprobs=LOGPROBS), TEXT_STOP, TEXT_COUNT), want("Hi")),
    "logprobs_nan": (
        streamed(bent(piece("Hi"), logprobs={**LOGPROBS, "token_logprobs": [float("nan")]}), TEXT_STOP, TEXT_COUNT),
        want("Hi"),
    ),
    "vendor_fields": (
        streamed(*({**bent(value, stop_reason=None, content_filter_results={}), "x_vendor": 1} for value in TALK)),
        HELLO,
    ),
    "whole_body": (body({**piece(WORDS, "stop"), "usage": USAGE}), HELLO),
    "several": (
        streamed(piece("a"), piece("b", index=1), piece("c"), piece("", "stop", 1), piece("", "length"), TEXT_COUNT),
        Said((Choice("ac", finish="length"), Choice("b")), (9, 12, 21)),
    ),
}

WHOLES: dict[str, tuple[Play, Said]] = {
    "plain": (body({**piece(WORDS, "stop"), "usage": USAGE}), HELLO),
    "finish_missing": (body({**bent(piece(WORDS), "finish_reason"), "usage": USAGE}), HELLO),
    "logprobs": (body({**bent(piece("Hi", "stop"), logprobs=LOGPROBS), "usage": USAGE}), want("Hi")),
    "logprobs_nan": (
        body({**bent(piece("Hi", "stop"), logprobs={**LOGPROBS, "token_logprobs": [float("nan")]}), "usage": USAGE}),
        want("Hi"),
    ),
    "usage_missing": (body(piece(WORDS, "stop")), want(WORDS, usage=ESTIMATED)),
    "fingerprint_null": (body({**piece(WORDS, "stop"), "usage": USAGE, "system_fingerprint": None}), HELLO),
    "of_a_chat": (body(whole()), HELLO),
    "streamed": (streamed(*TALK), HELLO),
}

CUT_SHORT = Broken(200, text="".join(PIECES[:2]))
BROKEN: dict[str, tuple[Play, Broken]] = {
    "cut": (Play([*frames(*TEXT_PIECES[:2], done=False), CUT]), CUT_SHORT),
    "clean_end": (streamed(*TEXT_PIECES[:2], done=False), CUT_SHORT),
    "late_error": (streamed(*TEXT_PIECES[:2], FIRE), Broken(200, "on_fire", message=SAYS, text=CUT_SHORT.text)),
    "first_error": (streamed(FIRE), Broken(500, "on_fire", message=SAYS)),
    "refused": (body(FIRE, status="503 Service Unavailable"), Broken(503, "on_fire", message=SAYS)),
    "empty": (streamed(), Broken(502, "upstream_empty")),
    "garbage": (Play([frame("garbage")]), Broken(502)),
}

COMPLETION_STREAMS: Cases = {name: Case(play, said) for name, (play, said) in STREAMS.items()}
COMPLETION_STREAMS |= {name: Case(play, broken) for name, (play, broken) in BROKEN.items()}
COMPLETION_WHOLES: Cases = {name: Case(play, said) for name, (play, said) in WHOLES.items()}

TOKEN = {
    "token": "Hi",
    "logprob": -0.5,
    "bytes": None,
    "top_logprobs": [{"token": "Hi", "logprob": -0.5, "bytes": None}],
}

# The same asked of an upstream that only chats.
COMPLETION_STREAMS |= {
    f"chat_{name}": Case(HEALTHY[name], HELLO, provider="chatty")
    for name in ("plain", "cr", "no_done", "whole_body_for_a_stream")
}
COMPLETION_STREAMS |= {
    "chat_thinking": Case(said({"reasoning_content": "Hmm."}, {"content": WORDS}), HELLO, provider="chatty"),
    "chat_refusing": Case(said({"refusal": "I can't."}), want("I can't."), provider="chatty"),
    "chat_logprobs": Case(
        streamed(bent(chunk({"content": "Hi"}), logprobs={"content": [TOKEN]}), STOP, COUNT),
        want("Hi"),
        provider="chatty",
    ),
    "chat_calling": Case(
        said(
            {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]}, finish="tool_calls"
        ),
        want(""),
        provider="chatty",
    ),
    "chat_cut": Case(Play([*frames(ROLE, *TEXTS[:2], done=False), CUT]), CUT_SHORT, provider="chatty"),
}
COMPLETION_WHOLES |= {
    "chat_plain": Case(body(whole()), HELLO, provider="chatty"),
    "chat_refusing": Case(body(whole({"content": None, "refusal": "No."})), want("No."), provider="chatty"),
    "chat_fails": Case(body(FIRE, status="500 Oops"), Broken(500, "on_fire"), provider="chatty"),
    "first_id": Case(body({**without(piece(WORDS, "stop"), "id"), "usage": USAGE}), HELLO),
}
