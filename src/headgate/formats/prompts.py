"""How a call of each format is taken apart, for providers of another."""

from collections.abc import Callable, Mapping

from headgate.calls import Call, Prompt
from headgate.formats import anthropic, gemini, openai_chat, openai_completions, openai_responses

PROMPTS: Mapping[str, Callable[[Call], Prompt]] = {
    openai_chat.NAME: openai_chat.prompt,
    openai_completions.NAME: openai_completions.prompt,
    openai_responses.NAME: openai_responses.prompt,
    anthropic.NAME: anthropic.prompt,
    gemini.NAME: gemini.prompt,
}
