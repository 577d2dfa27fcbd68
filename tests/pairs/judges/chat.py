"""OpenAI's chat and completions, by `openai`."""

import json
from typing import Any

import openai

from tests.pairs.judges.streams import HELLO, openai_used, refused, until_error
from tests.pairs.playing import Played, with_openai
from tests.pairs.said import Broken, Called, Said

_CHAT_ENDS = {"stop": "stop", "length": "length", "tool_calls": "calls", "content_filter": "filter"}


class Choice:
    """What was heard of one choice of a chat."""

    def __init__(self) -> None:
        self.text = self.thoughts = self.refusal = self.end = ""
        self.calls: list[list[str]] = []

    def hear(self, said: Any) -> None:
        """A delta, or a message."""
        self.text += said.content or ""
        self.thoughts += getattr(said, "reasoning_content", None) or ""
        self.refusal += said.refusal or ""
        for place, call in enumerate(said.tool_calls or ()):
            index = getattr(call, "index", place)
            if index == len(self.calls):
                assert call.id, "a call begins with its id"
                assert call.type == "function", "and its type"
                self.calls.append([call.id, call.function.name, ""])
            else:
                assert index == len(self.calls) - 1, "one call is whole before the next begins"
                assert call.id is None, "and said who it is once"
            self.calls[index][2] += call.function.arguments


def _chat_said(choices: dict[int, Choice], usage: Any, broke: Broken | None) -> Said:
    assert list(choices) == sorted(choices), "choices appear in their order"
    heard = [choices[index] for index in sorted(choices)]
    first = heard[0] if heard else Choice()
    return Said(
        texts=tuple(choice.text for choice in heard),
        thoughts=first.thoughts,
        refusal=first.refusal,
        calls=tuple(Called(id, name, json.loads(input)) for id, name, input in first.calls),
        ends=tuple(_CHAT_ENDS[choice.end] for choice in heard if choice.end),
        used=openai_used(usage, "prompt_tokens", "completion_tokens") if usage else None,
        broke=broke,
    )


def chat(of: Played) -> Said:
    """A streamed chat, by `openai`."""
    return _streamed(of)


def purai(of: Played) -> Said:
    """The same where every chunk counts tokens, and only the last truly."""
    return _streamed(of, counts_once=False)


def _streamed(of: Played, *, counts_once: bool = True) -> Said:
    def play(client: openai.OpenAI) -> Said:
        choices: dict[int, Choice] = {}
        usage, broke, ids, ended = None, None, set(), set[int]()
        try:
            stream = client.chat.completions.create(model="m", messages=HELLO, stream=True)
        except openai.APIStatusError as error:
            return refused(error)
        for chunk in until_error(stream, openai.APIError):
            if isinstance(chunk, openai.APIError):
                broke = Broken(chunk.message)
                continue
            assert usage is None or not counts_once, "usage comes last"
            ids.add((chunk.id, chunk.created, chunk.model, chunk.object))
            usage = chunk.usage
            for said in chunk.choices:
                is_new = said.index not in choices
                assert said.index not in ended, "nothing follows the end of a choice"
                assert said.delta.role == ("assistant" if is_new else None), "the role comes once, and first"
                heard = choices.setdefault(said.index, Choice())
                heard.hear(said.delta)
                if said.finish_reason:
                    heard.end = said.finish_reason
                    ended.add(said.index)
        assert len(ids) <= 1
        assert broke or len(ended) == len(choices)
        return _chat_said(choices, usage, broke)

    return with_openai(of, play)


def chat_whole(of: Played) -> Said:
    """A whole chat."""

    def play(client: openai.OpenAI) -> Said:
        try:
            answer = client.chat.completions.create(model="m", messages=HELLO)
        except openai.APIStatusError as error:
            return refused(error)
        choices: dict[int, Choice] = {}
        for said in answer.choices:
            heard = choices[said.index] = Choice()
            heard.hear(said.message)
            heard.end = said.finish_reason
        return _chat_said(choices, answer.usage, None)

    return with_openai(of, play)


def completions(of: Played) -> Said:
    """Streamed completions; the SDK's types lack the null that OpenAI's own pieces have for a reason."""

    def play(client: openai.OpenAI) -> Said:
        texts, ends, usage, broke = dict[int, str](), dict[int, str](), None, None
        try:
            stream = client.completions.create(model="m", prompt="Hello", stream=True)
        except openai.APIStatusError as error:
            return refused(error)
        for chunk in until_error(stream, openai.APIError):
            if isinstance(chunk, openai.APIError):
                broke = Broken(chunk.message)
                continue
            usage = chunk.usage
            for said in chunk.choices:
                texts[said.index] = texts.get(said.index, "") + said.text
                if said.finish_reason:
                    ends[said.index] = said.finish_reason
        return _words(texts, ends, usage, broke)

    return with_openai(of, play, is_strict=False)


def completions_whole(of: Played) -> Said:
    """Whole completions."""

    def play(client: openai.OpenAI) -> Said:
        try:
            answer = client.completions.create(model="m", prompt="Hello")
        except openai.APIStatusError as error:
            return refused(error)
        texts = {said.index: said.text for said in answer.choices}
        ends = {said.index: str(said.finish_reason) for said in answer.choices}
        return _words(texts, ends, answer.usage, None)

    return with_openai(of, play)


def _words(texts: dict[int, str], ends: dict[int, str], usage: Any, broke: Broken | None) -> Said:
    return Said(
        texts=tuple(texts[index] for index in sorted(texts)),
        ends=tuple(_CHAT_ENDS[ends[index]] for index in sorted(ends)),
        used=openai_used(usage, "prompt_tokens", "completion_tokens") if usage else None,
        broke=broke,
    )
