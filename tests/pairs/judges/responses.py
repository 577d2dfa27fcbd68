"""OpenAI's Responses, by `openai`."""

import json
from typing import Any

import openai

from tests.pairs.judges.streams import openai_used, refused, until_error
from tests.pairs.playing import Played, with_openai
from tests.pairs.said import Broken, Called, Said


def responses(of: Played) -> Said:
    """A streamed response: every event, and what the SDK's own helper puts together of them."""

    def play(client: openai.OpenAI) -> Said:
        try:
            stream = client.responses.create(model="m", input="Hello", stream=True)
        except openai.APIStatusError as error:
            return refused(error)
        events = list(until_error(stream, openai.APIError))
        broke = None
        if isinstance(events[-1], openai.APIError):
            broke = Broken(events.pop().message)
        assert [event.sequence_number for event in events] == list(range(len(events)))
        assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
        last = events[-1]
        assert [event.type for event in events if hasattr(event, "response")][2:] == [last.type]
        assert last.type in ("response.completed", "response.incomplete", "response.failed")
        if last.type == "response.failed":
            broke = broke or Broken(last.response.error.message)
        assert (last.type == "response.failed") == (broke is not None)
        said = _response(last.response)
        deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
        return said._replace(texts=("".join(deltas),), broke=broke)

    return with_openai(of, play)


def responses_whole(of: Played) -> Said:
    """A whole response."""

    def play(client: openai.OpenAI) -> Said:
        try:
            return _response(client.responses.create(model="m", input="Hello"))
        except openai.APIStatusError as error:
            return refused(error)

    return with_openai(of, play)


def _response(response: Any) -> Said:
    text = thoughts = refusal = ""
    calls, signatures = list[Called](), list[str]()
    for item in response.output:
        match item.type:
            case "message":
                text += "".join(part.text for part in item.content if part.type == "output_text")
                refusal += "".join(part.refusal for part in item.content if part.type == "refusal")
            case "reasoning":
                thoughts += "".join(part.text for part in [*item.summary, *(item.content or ())])
                signatures += [item.encrypted_content] if item.encrypted_content else []
            case "function_call":
                calls.append(Called(item.call_id, item.name, json.loads(item.arguments)))
            case _:
                pass
    details = response.incomplete_details
    end = {"max_output_tokens": "length", "content_filter": "filter"}[details.reason] if details else "stop"
    usage = response.usage
    return Said(
        texts=(text,),
        thoughts=thoughts,
        refusal=refusal,
        calls=tuple(calls),
        ends=() if response.status == "failed" else ("calls" if calls and end == "stop" else end,),
        signatures=tuple(signatures),
        used=openai_used(usage, "input_tokens", "output_tokens") if usage else None,
    )
