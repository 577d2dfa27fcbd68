"""How a call of each format is taken apart, for providers of another; and a call that is in no API's format."""

from collections.abc import Callable, Mapping

import msgspec

from headgate.calls import Call, Prompt
from headgate.errors import ProviderError
from headgate.formats import anthropic, gemini, openai_chat, openai_completions, openai_responses
from headgate.formats.adding import in_words
from headgate.formats.voices import SPEECH, TRANSCRIPTION

OWN = "prompt"
"""The format of a call that we put together ourselves: every provider takes it apart."""

_FIELD = "prompt"


def own_call(call: Call, prompt: Prompt) -> Call:
    """That call, but with other words."""
    fields = {_FIELD: msgspec.Raw(msgspec.json.encode(prompt))}
    return msgspec.structs.replace(call, format=OWN, fields=fields, headers=(), added=None)


def _own_prompt(call: Call) -> Prompt:
    return msgspec.json.decode(call.fields[_FIELD], type=Prompt)


def _no_prompt(call: Call) -> Prompt:
    raise ProviderError(
        f"That provider neither speaks nor listens, so '{call.model[:100]}' cannot be asked for it.",
        code="method_not_supported",
        param="model",
        status=404,
        kind="invalid_request_error",
        retryable=False,
    )


def _with_added(read: Callable[[Call], Prompt]) -> Callable[[Call], Prompt]:
    def prompt(call: Call) -> Prompt:
        found = read(call)
        return found if call.added is None else in_words(found, call.added)

    return prompt


PROMPTS: Mapping[str, Callable[[Call], Prompt]] = {
    openai_chat.NAME: _with_added(openai_chat.prompt),
    openai_completions.NAME: _with_added(openai_completions.prompt),
    openai_responses.NAME: _with_added(openai_responses.prompt),
    anthropic.NAME: _with_added(anthropic.prompt),
    gemini.NAME: _with_added(gemini.prompt),
    OWN: _with_added(_own_prompt),
    SPEECH: _no_prompt,
    TRANSCRIPTION: _no_prompt,
}
