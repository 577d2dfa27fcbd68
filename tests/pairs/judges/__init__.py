"""What each vendor's SDK understands of an answer: it reads, it checks types, and only then do we look."""

from collections.abc import Callable
from typing import TypeAlias

from tests.pairs.judges.amazon import converse, converse_whole
from tests.pairs.judges.chat import chat, chat_whole, completions, completions_whole, purai
from tests.pairs.judges.claude import messages, messages_whole
from tests.pairs.judges.google import gemini, gemini_array, gemini_whole
from tests.pairs.judges.responses import responses, responses_whole
from tests.pairs.judges.ui import ui
from tests.pairs.playing import Played, Wire
from tests.pairs.said import Said

Judge: TypeAlias = Callable[[Wire], Said]

STREAMED: dict[str, Judge] = {
    "chat": chat,
    "completions": completions,
    "responses": responses,
    "anthropic": messages,
    "gemini": gemini,
    "gemini_array": gemini_array,
    "ui": ui,
    "purai": purai,
    "offload": chat,
    "converse": converse,
}
"""For each dialect, and what only providers speak, who judges its streams."""

LIVE: dict[str, tuple[Callable[[Played], Said], Callable[[Played], Said]]] = {
    "chat": (chat, chat_whole),
    "completions": (completions, completions_whole),
    "responses": (responses, responses_whole),
    "anthropic": (messages, messages_whole),
    "gemini": (gemini, gemini_whole),
}
"""Who can judge a running server: its streams, and its whole answers."""

WHOLE: dict[str, Judge] = {
    "chat": chat_whole,
    "completions": completions_whole,
    "responses": responses_whole,
    "anthropic": messages_whole,
    "gemini": gemini_whole,
    "purai": chat_whole,
    "converse": converse_whole,
}

VENDORS: dict[str, str] = {
    "openai_chat": "chat",
    "openai_responses": "responses",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "bedrock": "converse",
}
"""By whose judge a recording is understood."""
