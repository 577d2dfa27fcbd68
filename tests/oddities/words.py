"""Chats whose words come in odd forms, and ends that say odd things."""

from typing import Any

from tests.oddities.upstream import Play
from tests.oddities.verdict import Choice, Said
from tests.oddities.wire import (
    COUNT,
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
    bent,
    chunk,
    frame,
    played,
    said,
    streamed,
    told,
    want,
    whole,
)

THOUGHT = want(WORDS, reasoning="Hmm.")
GROWING = ["".join(PIECES[: number + 1]) for number in range(len(PIECES))]

CONTENT: dict[str, tuple[Play, Said]] = {
    "content_null_everywhere_else": (
        said({"role": "assistant", "content": None}, {"content": WORDS}, {"content": None}),
        HELLO,
    ),
    "content_parts": (said(*({"content": [{"type": "text", "text": piece}]} for piece in PIECES)), HELLO),
    "content_parts_as_texts": (said({"content": PIECES}), HELLO),
    "content_part_alone": (said(*({"content": {"type": "text", "text": piece}} for piece in PIECES)), HELLO),
    "content_parts_with_value": (
        said({"content": [{"type": "text", "text": {"value": WORDS, "annotations": []}}]}),
        HELLO,
    ),
    "content_output_parts": (said({"content": [{"type": "output_text", "text": WORDS}]}), HELLO),
    "content_thinking_parts": (
        said(
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]},
            {"content": [{"type": "thinking", "thinking": "m."}]},
            {"content": [{"type": "text", "text": WORDS}]},
        ),
        THOUGHT,
    ),
    "content_number": (said({"content": "1 + 1 = "}, {"content": 2}, {"content": 0.5}), want("1 + 1 = 20.5")),
    "content_and_finish_together": (streamed(*TALK[:-3], chunk({"content": PIECES[-1]}, "stop"), COUNT), HELLO),
    "content_finish_and_usage_together": (
        streamed(*TALK[:-3], chunk({"content": PIECES[-1]}, "stop", usage=COUNT["usage"])),
        HELLO,
    ),
    "content_after_finish": (streamed(*TALK[:-3], STOP, TEXTS[-1], COUNT), HELLO),
    "text_for_delta": (streamed(*(bent(chunk(), "delta", text=piece) for piece in PIECES), STOP, COUNT), HELLO),
    "text_beside_delta": (streamed(ROLE, *(bent(value, text="") for value in TEXTS), STOP, COUNT), HELLO),
    "message_for_delta": (
        streamed(*(bent(chunk(), "delta", message={"content": piece}) for piece in PIECES), STOP, COUNT),
        HELLO,
    ),
    "message_growing": (
        streamed(*(bent(chunk(), "delta", message={"content": words}) for words in GROWING), STOP, COUNT),
        HELLO,
    ),
    "message_beside_delta": (
        streamed(
            *(bent(value, message={"content": words}) for value, words in zip(TEXTS, GROWING, strict=True)),
            bent(STOP, message={"role": "assistant", "content": WORDS}),
            COUNT,
        ),
        HELLO,
    ),
    "whole_message_at_the_end": (streamed(ROLE, *TEXTS, whole(), COUNT), HELLO),
    "empty_answer": (streamed(ROLE, STOP, COUNT), want("")),
    "line_ends_in_words": (said({"content": "a\r\nb\n\ndata: c\u0085\x00"}), want("a\r\nb\n\ndata: c\u0085\x00")),
    "not_utf8": (
        played(b'data: {"choices":[{"delta":{"content":"a\xff\xfeb"}}]}\n\n', frame(STOP), frame(COUNT)),
        want("a\ufffd\ufffdb"),
    ),
    "half_an_emoji": (told('"a\\ud83d!"'), want("a\ufffd!")),
    "emoji_in_two_chunks": (told('"a\\ud83d"', '"\\udc0e!"'), want("a🐎!")),
    "emoji_in_two_chunks_with_a_pause": (told('"a\\ud83d"', '""', '"\\udc0e!"'), want("a🐎!")),
    "emoji_never_ended": (told('"a\\ud83d"', '"b"', '"c\\ud83d"'), want("a\ufffdbc\ufffd")),
    "escaped_emoji": (told('"\\ud83d\\udc0e"'), want("🐎")),
    "raw_control_characters": (told('"a\tb"'), want("a\tb")),
    "reasoning_content": (said({"reasoning_content": "Hm"}, {"reasoning_content": "m."}, {"content": WORDS}), THOUGHT),
    "reasoning": (said({"reasoning": "Hm"}, {"reasoning": "m."}, {"content": WORDS}), THOUGHT),
    "reasoning_twice": (said({"reasoning": "Hmm.", "reasoning_content": "Hmm."}, {"content": WORDS}), THOUGHT),
    "reasoning_null": (said(*({"content": piece, "reasoning_content": None} for piece in PIECES)), HELLO),
    "reasoning_and_content_together": (said({"reasoning_content": "Hmm.", "content": WORDS}), THOUGHT),
    "reasoning_object": (said({"reasoning": {"content": "Hmm."}}, {"content": WORDS}), THOUGHT),
    "reasoning_details": (
        said(
            {"reasoning": "Hmm.", "reasoning_details": [{"type": "reasoning.text", "text": "Hmm."}]}, {"content": WORDS}
        ),
        THOUGHT,
    ),
    "reasoning_only": (said({"reasoning_content": "Hmm."}, finish="length"), want(reasoning="Hmm.", finish="length")),
    "refusal": (said({"refusal": "I ca"}, {"refusal": "n't."}), want(refusal="I can't.")),
    "refusal_empty": (said(*({"content": piece, "refusal": ""} for piece in PIECES)), HELLO),
    "refusal_null": (said(*({"content": piece, "refusal": None} for piece in PIECES)), HELLO),
}

REASONS: dict[str, tuple[Any, str]] = {
    "length": ("length", "length"),
    "content_filter": ("content_filter", "content_filter"),
    "unknown": ("eos_found", "stop"),
    "eos": ("eos_token", "stop"),
    "capitals": ("STOP", "stop"),
    "length_in_capitals": ("LENGTH", "length"),
    "max_tokens": ("max_tokens", "length"),
    "max_tokens_in_capitals": ("MAX_TOKENS", "length"),
    "hyphen": ("content-filter", "content_filter"),
    "enum": ("FinishReason.MAX_TOKENS", "length"),
    "safety": ("SAFETY", "content_filter"),
    "true": (True, "stop"),
    "number": (1, "stop"),
    "object": ({"type": "length"}, "length"),
    "calls_without_a_call": ("tool_calls", "stop"),
    "function_without_a_call": ("function_call", "stop"),
}

ENDS: Cases = {
    **{
        f"finish_{name}": Case(streamed(ROLE, *TEXTS, chunk(finish=said), COUNT), want(WORDS, finish=finish))
        for name, (said, finish) in REASONS.items()
    },
    "finish_empty_before": Case(streamed(*(bent(value, finish_reason="") for value in TALK[:-2]), STOP, COUNT), HELLO),
    "finish_null_as_text": Case(
        streamed(*(bent(value, finish_reason="null") for value in TALK[:-2]), STOP, COUNT), HELLO
    ),
    "finish_everywhere": Case(streamed(*(bent(value, finish_reason="stop") for value in TALK[:-1]), COUNT), HELLO),
    "finish_everywhere_with_pauses": Case(
        Play(
            [step for value in TALK[:-1] for step in (frame(bent(value, finish_reason="stop")), 0.9)] + [frame(COUNT)]
        ),
        HELLO,
    ),
    "finish_twice": Case(streamed(*TALK[:-1], STOP, COUNT), HELLO),
    "finish_length_then_stop": Case(
        streamed(ROLE, *TEXTS, chunk(finish="length"), STOP, COUNT), want(WORDS, finish="length")
    ),
    "finish_empty_only": Case(streamed(ROLE, *TEXTS, chunk(finish=""), COUNT, done=False), Broken(200, text=WORDS)),
    "finish_error": Case(streamed(ROLE, *TEXTS, chunk(finish="error"), COUNT), Broken(200, text=WORDS)),
    "finish_abort": Case(streamed(ROLE, *TEXTS, chunk(finish="abort"), COUNT), Broken(200, text=WORDS)),
    "finish_no_resource": Case(
        streamed(ROLE, *TEXTS, chunk(finish="insufficient_system_resource"), COUNT), Broken(200, text=WORDS)
    ),
    "finish_long_before_its_usage": Case(Play([*map(frame, TALK[:-1]), 1.0, frame(COUNT), frame("[DONE]")]), HELLO),
}


def choices(*pairs: tuple[int, str]) -> list[Any]:
    """Pieces of several choices."""
    return [chunk({"content": piece}, index=index) for index, piece in pairs]


TWO = Said((Choice("Hello!"), Choice("Hi there.", finish="length")), (9, 12, 21))
ENDS_OF_TWO = [chunk(finish="stop", index=0), chunk(finish="length", index=1), COUNT]
PAIRS = [(0, "Hel"), (1, "Hi"), (0, "lo"), (1, " there"), (1, "."), (0, "!")]

SEVERAL: dict[str, tuple[Play, Said]] = {
    "interleaved": (
        streamed(*(chunk({"role": "assistant"}, index=n) for n in (0, 1)), *choices(*PAIRS), *ENDS_OF_TWO),
        TWO,
    ),
    "one_after_the_other": (streamed(*choices(*sorted(PAIRS, key=lambda pair: pair[0])), *ENDS_OF_TWO), TWO),
    "second_first": (streamed(*choices(*PAIRS[1:2], *PAIRS[:1], *PAIRS[2:]), *ENDS_OF_TWO), TWO),
    "in_one_chunk": (
        streamed(
            *(
                chunk(choices=[*a["choices"], *b["choices"]])
                for a, b in zip(*[iter(choices(*PAIRS[:4]))] * 2, strict=True)
            ),
            *choices(*PAIRS[4:]),
            *ENDS_OF_TWO,
        ),
        TWO,
    ),
    "in_one_chunk_without_index": (
        streamed(
            *(
                bent(chunk(choices=[*a["choices"], *b["choices"]]), "index")
                for a, b in zip(*[iter(choices(*PAIRS[:4]))] * 2, strict=True)
            ),
            *choices(*PAIRS[4:]),
            *ENDS_OF_TWO,
        ),
        TWO,
    ),
    "first_ends_early": (
        Play(
            [
                *map(frame, choices((0, "Hello!"))),
                frame(ENDS_OF_TWO[0]),
                2.5,
                *map(frame, choices((1, "Hi there."))),
                *map(frame, ENDS_OF_TWO[1:]),
            ]
        ),
        TWO,
    ),
    "usage_twice": (
        streamed(*choices(*PAIRS), ENDS_OF_TWO[0], {**ENDS_OF_TWO[1], "usage": COUNT["usage"]}, COUNT),
        TWO,
    ),
    "third_before_second": (
        streamed(*choices((0, "a"), (2, "c"), (1, "b")), *(chunk(finish="stop", index=n) for n in (2, 1, 0)), COUNT),
        Said((Choice("a"), Choice("b"), Choice("c")), (9, 12, 21)),
    ),
}

WORDS_CASES: Cases = {name: Case(play, said) for name, (play, said) in CONTENT.items()}
WORDS_CASES |= ENDS
WORDS_CASES |= {
    f"choices_{name}": Case(play, said, fields={"n": len(said.choices)}) for name, (play, said) in SEVERAL.items()
}
WORDS_CASES["choices_one_lacks_its_end"] = Case(
    streamed(*choices(*PAIRS), ENDS_OF_TWO[0], COUNT, done=False), Broken(200, text="Hello!"), fields={"n": 2}
)
WORDS_CASES["choices_fewer_than_asked"] = Case(streamed(*TALK), HELLO, fields={"n": 2})
