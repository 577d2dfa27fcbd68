"""Gemini, by `google-genai`."""

import json
from typing import Any

from google.genai import errors, types

from tests.pairs.judges.streams import until_error
from tests.pairs.playing import Played, Wire, with_google
from tests.pairs.said import Broken, Called, Said, Used


def gemini(of: Played) -> Said:
    """A streamed answer, by `google-genai`."""

    def play(models: Any) -> Said:
        chunks, broke = list[Any](), None
        for chunk in until_error(models.generate_content_stream(model="m", contents="Hello"), errors.APIError):
            if isinstance(chunk, errors.APIError):
                broke = Broken(str(chunk.message), 0 if chunks else chunk.code)
            else:
                chunks.append(chunk)
        return _generated(chunks, broke)

    return with_google(of, play)


def gemini_whole(of: Played) -> Said:
    """A whole answer."""

    def play(models: Any) -> Said:
        try:
            return _generated([models.generate_content(model="m", contents="Hello")], None)
        except errors.APIError as error:
            return Said(broke=Broken(str(error.message), error.code))

    return with_google(of, play)


_GOOGLE_ENDS = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "filter"}


def _generated(chunks: list[Any], broke: Broken | None) -> Said:
    texts, ends, thoughts = dict[int, str](), dict[int, str](), ""
    calls, signatures, used = list[Called](), list[str](), None
    for chunk in chunks:
        assert (chunk.response_id, chunk.model_version) == (chunks[0].response_id, chunks[0].model_version)
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
            ends[0] = "filter"
        for candidate in chunk.candidates or ():
            index = candidate.index or 0
            assert index not in ends, "nothing follows the end of a candidate"
            texts.setdefault(index, "")
            for part in candidate.content.parts:
                signatures += [part.thought_signature.hex()] if part.thought_signature else []
                if part.function_call:
                    calls.append(Called(part.function_call.id or "", part.function_call.name, part.function_call.args))
                elif part.thought:
                    thoughts += part.text
                else:
                    texts[index] += part.text or ""
            if candidate.finish_reason:
                end = _GOOGLE_ENDS[candidate.finish_reason.value]
                ends[index] = "calls" if calls and end == "stop" else end
        used = _google_used(chunk.usage_metadata) or used
    return Said(
        texts=tuple(texts[index] for index in sorted(texts)),
        thoughts=thoughts,
        calls=tuple(calls),
        ends=tuple(ends[index] for index in sorted(ends)),
        signatures=tuple(signatures),
        used=None if broke else used,
        broke=broke,
    )


def _google_used(usage: Any) -> Used | None:
    if usage is None:
        return None
    thought = usage.thoughts_token_count or 0
    asked, said = usage.prompt_token_count or 0, (usage.candidates_token_count or 0) + thought
    assert usage.total_token_count == asked + said
    return Used(asked, said, usage.cached_content_token_count or 0, thought)


def gemini_array(of: Wire) -> Said:
    """A stream as one array: JSON that holds what the SDK's types hold."""
    listed = json.loads(of.body)
    if of.status != 200:
        return Said(broke=Broken(listed["error"]["message"], of.status))
    *chunks, last = listed
    broke = Broken(last["error"]["message"]) if "error" in last else None
    for chunk in listed:
        # Ours, and passed over by the SDK where it reads an answer itself.
        chunk.get("usageMetadata", {}).pop("cost", None)
    read = [types.GenerateContentResponse.model_validate(chunk) for chunk in (chunks if broke else listed)]
    return _generated(read, broke)
