"""Usage and log probabilities, which clients add up and draw."""

from typing import Any

from tests.oddities.upstream import Play
from tests.oddities.verdict import ESTIMATED, Choice, Failed, Said
from tests.oddities.wire import (
    COUNT,
    HELLO,
    ROLE,
    STOP,
    TALK,
    TEXTS,
    USAGE,
    WORDS,
    Case,
    Cases,
    Check,
    bent,
    chunk,
    streamed,
    want,
    without,
)

REST = [ROLE, *TEXTS]


def ended(usage: Any, **more: Any) -> Play:
    """A stream whose usage chunk says this."""
    return streamed(*REST, STOP, {**COUNT, "usage": usage, **more})


def counted(usage: tuple[int, int, int]) -> Said:
    """The words under this usage."""
    return want(WORDS, usage=usage)


def details(**wanted: Any) -> Check:
    """The usage has these fields."""

    def check(answer: Said | Failed) -> None:
        assert isinstance(answer, Said)
        usage = answer.raw[-1]["usage"]
        assert {key: usage.get(key) for key in wanted} == wanted

    return check


CUMULATIVE = [{"prompt_tokens": 9, "completion_tokens": n, "total_tokens": 9 + n} for n in range(len(TALK))]
DETAILS = {"prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 5}}
NULLS = {"prompt_tokens_details": None, "completion_tokens_details": {"reasoning_tokens": None, "audio_tokens": None}}

USAGES: dict[str, tuple[Play, Said, Check | None]] = {
    "missing": (streamed(*REST, STOP), counted(ESTIMATED), None),
    "null_everywhere": (streamed(*({"usage": None, **value} for value in TALK)), HELLO, None),
    "null_only": (streamed(*({**value, "usage": None} for value in [*REST, STOP])), counted(ESTIMATED), None),
    "empty": (ended({}), counted(ESTIMATED), None),
    "of_nulls": (ended(dict.fromkeys(USAGE)), counted(ESTIMATED), None),
    "text": (ended("none"), counted(ESTIMATED), None),
    "on_the_finish_chunk": (streamed(*REST, {**STOP, "usage": USAGE}), HELLO, None),
    "on_a_dummy_choice": (streamed(*REST, STOP, chunk({"content": ""}, usage=USAGE)), HELLO, None),
    "on_the_first_chunk": (streamed({**ROLE, "usage": USAGE}, *TEXTS, STOP), HELLO, None),
    "in_the_choice": (streamed(*REST, bent(STOP, usage=USAGE)), HELLO, None),
    "twice": (streamed(*REST, {**STOP, "usage": USAGE}, COUNT), HELLO, None),
    "cumulative": (
        streamed(*({**value, "usage": usage} for value, usage in zip(TALK, CUMULATIVE, strict=True))),
        counted((9, 6, 15)),
        None,
    ),
    "zero_before": (
        streamed(*({**value, "usage": dict.fromkeys(USAGE, 0)} for value in [*REST, STOP]), COUNT),
        HELLO,
        None,
    ),
    "before_the_finish": (streamed(*REST, COUNT, STOP), HELLO, None),
    "before_more_words": (streamed(ROLE, *TEXTS[:2], COUNT, *TEXTS[2:], STOP), HELLO, None),
    "chunk_after_it": (streamed(*TALK, chunk({"content": ""})), HELLO, None),
    "groq": (
        streamed({**ROLE, "x_groq": {"id": "req_1"}}, *TEXTS, {**STOP, "x_groq": {"id": "req_1", "usage": USAGE}}),
        HELLO,
        None,
    ),
    "no_total": (ended(without(USAGE, "total_tokens")), HELLO, None),
    "no_completion": (ended(without(USAGE, "completion_tokens", "total_tokens")), counted(ESTIMATED), None),
    "floats": (ended({key: float(value) for key, value in USAGE.items()}), HELLO, None),
    "texts": (ended({key: str(value) for key, value in USAGE.items()}), HELLO, None),
    "negative": (ended({**USAGE, "completion_tokens": -1}), counted(ESTIMATED), None),
    "other_names": (ended({"input_tokens": 9, "output_tokens": 12}), HELLO, None),
    "details": (ended({**USAGE, **DETAILS}), HELLO, details(**DETAILS)),
    "details_null": (ended({**USAGE, **NULLS}), HELLO, None),
    "details_bent": (
        ended({**USAGE, "prompt_tokens_details": {"cached_tokens": "4", "text_tokens": 5.0}}),
        HELLO,
        None,
    ),
    "details_number": (ended({**USAGE, "prompt_tokens_details": 4, "completion_tokens_details": []}), HELLO, None),
    "deepseek": (
        ended({**USAGE, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 5}),
        HELLO,
        details(prompt_cache_hit_tokens=4),
    ),
    "vendor_fields": (ended({**USAGE, "cost": 0.0001, "queue_time": 0.2}), HELLO, details(cost=0.0001, queue_time=0.2)),
    "without_choices": (streamed(*REST, STOP, without(COUNT, "choices")), HELLO, None),
}


def token(text: str, logprob: Any = -0.5, **more: Any) -> dict[str, Any]:
    """A token as OpenAI logs it."""
    return {"token": text, "logprob": logprob, "bytes": list(text.encode()), "top_logprobs": [], **more}


def logged(*pieces: tuple[str, Any], finish: Any = None) -> Play:
    """A stream of pieces, each with its log."""
    made = [bent(chunk({"content": words}), logprobs=logprobs) for words, logprobs in pieces]
    return streamed(ROLE, *made, chunk(finish="stop") if finish is None else finish, COUNT)


def of(*entries: Any) -> dict[str, Any]:
    """A chat's logprobs."""
    return {"content": list(entries), "refusal": None}


TOKENS = want("Hi!", tokens=("Hi", "!"))
LEGACY = {"tokens": ["Hi"], "token_logprobs": [-0.5], "top_logprobs": [{"Hi": -0.5, "Ho": -1.5}], "text_offset": [0]}

LOGS: dict[str, tuple[Play, Said]] = {
    "plain": (logged(("Hi", of(token("Hi"))), ("!", of(token("!")))), TOKENS),
    "without_refusal_key": (logged(("Hi", {"content": [token("Hi")]}), ("!", {"content": [token("!")]})), TOKENS),
    "nan": (logged(("Hi", of(token("Hi", float("nan")))), ("!", of(token("!", float("-inf"))))), TOKENS),
    "null_number": (logged(("Hi", of(token("Hi", None))), ("!", of(token("!")))), TOKENS),
    "no_bytes": (logged(("Hi", of(without(token("Hi"), "bytes"))), ("!", of(token("!")))), TOKENS),
    "no_top": (
        logged(("Hi", of(without(token("Hi"), "top_logprobs"))), ("!", of(token("!", top_logprobs=None)))),
        TOKENS,
    ),
    "top_bent": (
        logged(
            ("Hi", of(token("Hi", top_logprobs=[{"token": "Hi", "logprob": float("nan")}, {"token": "Ho"}]))),
            ("!", of(token("!"))),
        ),
        TOKENS,
    ),
    "not_a_list": (logged(("Hi", {"content": token("Hi")}), ("!", of(token("!")))), want("Hi!", tokens=("!",))),
    "of_other_things": (logged(("Hi", of("Hi", token("Hi"))), ("!", of(token("!")))), TOKENS),
    "empty": (logged(("Hi", of()), ("!", of())), want("Hi!")),
    "legacy": (logged(("Hi", LEGACY), ("!", {"tokens": ["!"], "token_logprobs": [None]})), TOKENS),
    "on_the_finish_chunk": (
        logged(("Hi", of(token("Hi"))), finish=bent(chunk({"content": "!"}, "stop"), logprobs=of(token("!")))),
        TOKENS,
    ),
    "without_words": (logged(("Hi", of(token("Hi"))), ("", of(token("!")))), want("Hi", tokens=("Hi", "!"))),
}

REFUSED = streamed(
    ROLE, bent(chunk({"refusal": "No."}), logprobs={"content": None, "refusal": [token("No.")]}), STOP, COUNT
)

COUNTS: Cases = {f"usage_{name}": Case(play, said, check) for name, (play, said, check) in USAGES.items()}
COUNTS |= {f"logprobs_{name}": Case(play, said, fields={"logprobs": True}) for name, (play, said) in LOGS.items()}
COUNTS["logprobs_of_a_refusal"] = Case(
    REFUSED, Said((Choice(refusal="No.", tokens=("No.",)),), (9, 12, 21)), fields={"logprobs": True}
)
