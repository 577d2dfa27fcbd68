"""Anthropic's Messages, by `anthropic`."""

from typing import Any

import anthropic

from tests.pairs.judges.streams import HELLO, until_error
from tests.pairs.playing import Played, with_anthropic
from tests.pairs.said import Broken, Called, Said, Used

_CLAUDE_ENDS = {
    "end_turn": "stop",
    "stop_sequence": "sequence",
    "max_tokens": "length",
    "tool_use": "calls",
    "refusal": "filter",
}


def messages(of: Played) -> Said:
    """A streamed message, by `anthropic`'s own helper."""

    def play(client: anthropic.Anthropic) -> Said:
        try:
            with client.messages.stream(model="m", max_tokens=9, messages=HELLO) as stream:
                broke = None
                for event in until_error(stream, anthropic.APIError):
                    if isinstance(event, anthropic.APIError):
                        broke = Broken(_claude_message(event))
                return _message(stream.current_message_snapshot)._replace(broke=broke)
        except anthropic.APIStatusError as error:
            return Said(broke=Broken(_claude_message(error), error.status_code))

    return with_anthropic(of, play)


def messages_whole(of: Played) -> Said:
    """A whole message."""

    def play(client: anthropic.Anthropic) -> Said:
        try:
            return _message(client.messages.create(model="m", max_tokens=9, messages=HELLO))
        except anthropic.APIStatusError as error:
            return Said(broke=Broken(_claude_message(error), error.status_code))

    return with_anthropic(of, play)


def _claude_message(error: Any) -> str:
    return str(error.body["error"]["message"])


def _message(message: Any) -> Said:
    text = thoughts = ""
    calls, signatures = list[Called](), list[str]()
    for block in message.content:
        match block.type:
            case "text":
                text += block.text
            case "thinking":
                thoughts += block.thinking
                signatures += [block.signature] if block.signature else []
            case "tool_use":
                calls.append(Called(block.id, block.name, block.input))
            case _:
                pass
    usage = message.usage
    read, made = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    details = usage.output_tokens_details
    used = Used(usage.input_tokens + read + made, usage.output_tokens, read, details.thinking_tokens if details else 0)
    return Said(
        texts=(text,),
        thoughts=thoughts,
        calls=tuple(calls),
        ends=(_CLAUDE_ENDS[message.stop_reason],) if message.stop_reason else (),
        stopped_by=message.stop_sequence,
        signatures=tuple(signatures),
        used=used if message.stop_reason else None,
    )
