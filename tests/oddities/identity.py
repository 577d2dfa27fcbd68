"""Healthy chats whose chunks are bent in what they say of themselves."""

from typing import Any

from tests.oddities.upstream import Play
from tests.oddities.verdict import Failed, Said
from tests.oddities.wire import (
    COUNT,
    CREATED,
    HELLO,
    ID,
    MODEL,
    PIECES,
    ROLE,
    STOP,
    TALK,
    TEXTS,
    Case,
    Cases,
    Check,
    bent,
    chunk,
    dump,
    said,
    streamed,
    without,
)


def all_with(**more: Any) -> Play:
    """Every chunk with these fields more."""
    return streamed(*({**value, **more} for value in TALK))


def all_without(*keys: str) -> Play:
    """Every chunk without these."""
    return streamed(*(without(value, *keys) for value in TALK))


def all_bent(*lost: str, **more: Any) -> Play:
    """Every choice without some keys, or with some more."""
    return streamed(*(bent(value, *lost, **more) for value in TALK))


def counted(key: str, form: str) -> Play:
    """A field that is another one in every chunk."""
    return streamed(*({**value, key: form.format(number)} for number, value in enumerate(TALK)))


def has(**values: Any) -> Check:
    """All chunks say this of themselves."""

    def check(answer: Said | Failed) -> None:
        assert isinstance(answer, Said)
        for key, value in values.items():
            assert {dump(part.get(key)) for part in answer.raw} == {dump(value)}, key

    return check


def keeps(key: str, value: Any) -> Check:
    """The vendor's field is there, at the beginning and at the end."""

    def check(answer: Said | Failed) -> None:
        assert isinstance(answer, Said)
        chunks = [part for part in answer.raw if part["choices"]]
        assert (chunks[0].get(key), chunks[-1].get(key)) == (value, value)

    return check


def identified(answer: Said | Failed) -> None:
    """It has an identity of our own making."""
    assert isinstance(answer, Said)
    assert all(part["id"].startswith("chatcmpl-") for part in answer.raw)


FILTERS = {"hate": {"filtered": False, "severity": "safe"}}
AZURE_FIRST = {
    "id": "",
    "object": "",
    "created": 0,
    "model": "",
    "choices": [],
    "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": FILTERS}],
}

FRAMES: dict[str, tuple[Play, Check | None]] = {
    "object_missing": (all_without("object"), None),
    "object_wrong": (all_with(object="chat.completion"), None),
    "object_empty": (all_with(object=""), None),
    "object_null": (all_with(object=None), None),
    "id_missing": (all_without("id"), identified),
    "id_empty": (all_with(id=""), identified),
    "id_null": (all_with(id=None), identified),
    "id_number": (all_with(id=12345), has(id="12345")),
    "id_changing": (counted("id", "id-{}"), has(id="id-0")),
    "id_late": (streamed({**ROLE, "id": ""}, *TALK[1:]), identified),
    "created_missing": (all_without("created"), None),
    "created_null": (all_with(created=None), None),
    "created_text": (all_with(created=str(CREATED)), has(created=CREATED)),
    "created_float": (all_with(created=CREATED + 0.25), has(created=CREATED)),
    "created_iso": (all_with(created="2026-11-20T10:00:00Z"), None),
    "created_zero": (all_with(created=0), None),
    "created_changing": (streamed(*({**c, "created": CREATED + n} for n, c in enumerate(TALK))), has(created=CREATED)),
    "model_missing": (all_without("model"), has(model="model_missing")),
    "model_empty": (all_with(model=""), has(model="model_empty")),
    "model_null": (all_with(model=None), has(model="model_null")),
    "model_changing": (counted("model", "m-{}"), has(model="m-0")),
    "fingerprint": (all_with(system_fingerprint="fp_1"), has(system_fingerprint="fp_1")),
    "fingerprint_null": (all_with(system_fingerprint=None), None),
    "fingerprint_number": (all_with(system_fingerprint=5), None),
    "fingerprint_changing": (counted("system_fingerprint", "fp_{}"), has(system_fingerprint="fp_0")),
    "fingerprint_late": (streamed(ROLE, *({**c, "system_fingerprint": "fp_1"} for c in TALK[1:])), None),
    "tier": (all_with(service_tier="default"), has(service_tier="default")),
    "tier_null": (all_with(service_tier=None), None),
    "tier_list": (all_with(service_tier=["a"]), None),
    "obfuscation": (all_with(obfuscation="a8sd"), None),
    "moderation_null": (all_with(moderation=None), None),
    "error_null": (all_with(error=None), None),
    "error_false": (all_with(error=False), None),
    "error_empty": (all_with(error={}), None),
    "error_null_in_choices": (all_bent(error=None), None),
    "everything_missing": (streamed(*({"choices": c["choices"], "usage": c.get("usage")} for c in TALK)), identified),
    "vendor_fields": (all_with(provider="Acme", x_vendor={"trace": [1, 2]}), keeps("provider", "Acme")),
    "vendor_fields_changing": (counted("x_step", "{}"), None),
    "vendor_fields_in_choices": (all_bent(native_finish_reason=None, content_filter_results={}), None),
    "vendor_citations": (all_with(citations=["https://example.org"]), keeps("citations", ["https://example.org"])),
    "vendor_metadata_in_usage_chunk": (streamed(*TALK[:-1], {**COUNT, "timings": {"predicted_n": 12}}), None),
    "azure_first_chunk": (streamed(AZURE_FIRST, *TALK), has(id=ID, model=MODEL)),
    "azure_filters": (streamed(AZURE_FIRST, *(bent(c, content_filter_results=FILTERS) for c in TALK)), has(id=ID)),
}

CHOICES: dict[str, Play] = {
    "choices_null_in_usage_chunk": streamed(*TALK[:-1], {**COUNT, "choices": None}),
    "choices_missing_in_usage_chunk": streamed(*TALK[:-1], without(COUNT, "choices")),
    "choices_null_first": streamed(chunk(choices=None), *TALK),
    "choices_missing_first": streamed(without(ROLE, "choices"), *TALK),
    "choices_empty_everywhere": streamed(*(step for value in TALK for step in (chunk(choices=[]), value))),
    "choices_of_a_null": streamed(chunk(choices=[None]), *TALK),
    "choices_as_an_object": streamed(*({**c, "choices": c["choices"][0]} for c in TALK[:-1]), COUNT),
    "chunks_in_lists": streamed(*([value] for value in TALK)),
    "index_missing": all_bent("index"),
    "index_null": all_bent(index=None),
    "index_text": all_bent(index="0"),
    "index_float": all_bent(index=0.0),
    "finish_missing": streamed(*(bent(value, "finish_reason") for value in TALK[:-2]), STOP, COUNT),
    "logprobs_missing": all_bent("logprobs"),
    "logprobs_number": all_bent(logprobs=-0.25),
    "logprobs_empty": all_bent(logprobs={}),
    "logprobs_of_nulls": all_bent(logprobs={"content": None, "refusal": None}),
    "delta_missing_at_the_end": streamed(ROLE, *TEXTS, bent(STOP, "delta"), COUNT),
    "delta_null_at_the_end": streamed(ROLE, *TEXTS, bent(STOP, delta=None), COUNT),
    "delta_text": streamed(*(chunk(piece) for piece in PIECES), STOP, COUNT),
    "role_never": streamed(*TALK[1:]),
    "role_everywhere": said(*({"role": "assistant", "content": piece} for piece in PIECES)),
    "role_empty": said({"role": "", "content": ""}, *({"role": "", "content": piece} for piece in PIECES)),
    "role_null": said(*({"role": None, "content": piece} for piece in PIECES)),
    "role_wrong": said({"role": "model"}, *({"role": "bot", "content": piece} for piece in PIECES)),
    "role_number": said(*({"role": 1, "content": piece} for piece in PIECES)),
    "role_late": said(*({"content": piece} for piece in PIECES), {"role": "assistant"}),
    "role_at_the_end_too": streamed(*TALK[:-2], chunk({"role": "assistant", "content": ""}, "stop"), COUNT),
    "role_with_the_first_word": streamed(chunk({"role": "assistant", "content": PIECES[0]}), *TALK[2:]),
    "role_with_nulls": said(
        {"role": "assistant", "content": None, "refusal": None, "tool_calls": None}, {"content": "".join(PIECES)}
    ),
    "role_with_empty_lists": said({"role": "assistant", "content": "", "tool_calls": []}, {"content": "".join(PIECES)}),
}

IDENTITY: Cases = {name: Case(play, HELLO, check) for name, (play, check) in FRAMES.items()}
IDENTITY |= {name: Case(play, HELLO) for name, play in CHOICES.items()}
