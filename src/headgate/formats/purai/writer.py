"""
Writes answers in PurAI's shape: OpenAI's, and with every chunk who made it.

Chunks call themselves `chat.completion`, but to OpenAI's own libraries, and count no tokens until the last. What
failed before the answer stands in the first chunk of a stream, and in no other: it would be repeated with every word.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from typing_extensions import override

from headgate.calls import Call
from headgate.errors import Tried
from headgate.events import AnyEvent, Attempt, Called, Continued, Failed, Finished, Started, Stopped
from headgate.fold import fold
from headgate.formats import openai_chat, sse
from headgate.formats.purai import failures
from headgate.formats.purai.plan import Plan

NAME = "purai.chat"

_OWN = ("provider", "overwritten", "cache", "calledFunctions")
_NO_USAGE = b',"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}'

_encode = msgspec.json.Encoder().encode


class Writer(openai_chat.Writer):
    """One streamed answer."""

    kind = "chat.completion"

    def __init__(self, call: Call, run: str, created: int, plan: Plan) -> None:
        super().__init__(call, run, created)
        self._plan = plan
        if plan.is_for_sdk:
            # Its helpers pass over whatever does not call itself so.
            self.kind = openai_chat.Writer.kind
        self._failed: list[Attempt | Tried] = []
        self._called: list[Any] = []
        self._model = ""
        self._made: dict[str, Any] = _fields(plan, Started("", call.model, "", created), ())
        self._set_ends(_NO_USAGE, _tail(self._made))

    @override
    def _other(self, event: AnyEvent) -> bytes:
        match event:
            case Attempt():
                self._failed.append(event)
            case Continued(provider, model, broke):
                self._failed.append(broke)
                self._made["provider"] = provider
                self._made["overwritten"] = f"{provider}/{model}" not in self._plan.wanted
                self._set_ends(_NO_USAGE, _tail(self._made))
            case Called():
                self._called.append(_pair(event))
                return self._tell_called()
            case Finished() | Stopped() if self._called:
                self._set_ends(_NO_USAGE, _tail(self._made | {"calledFunctions": self._called}))
            case Failed():
                return sse.write(_encode(self._failure(event)))
            case _:
                pass
        return super()._other(event)

    def _tell_called(self) -> bytes:
        """All of them so far, in a chunk without words: results may be long, and each chunk would repeat them."""
        self._set_ends(_NO_USAGE, _tail(self._made | {"calledFunctions": self._called}))
        told = self._roles(0) if not self._heads else self._chunk(0, {"content": ""})
        self._set_ends(_NO_USAGE, _tail(self._made))
        return told

    @override
    def _start(self, event: Started) -> None:
        super()._start(event)
        self._model = event.model
        self._made = _fields(self._plan, event, self._failed)
        self._set_ends(_NO_USAGE, _tail(self._made | failures.cache(self._failed, is_raw=self._plan.is_raw)))

    @override
    def _roles(self, choice: int) -> bytes:
        frames = super()._roles(choice)
        self._set_ends(_NO_USAGE, _tail(self._made))
        return frames

    @override
    def _chunk(
        self,
        choice: int,
        delta: dict[str, Any],
        *,
        reason: str | None = None,
        logprobs: dict[str, Any] | None = None,
        extra: dict[str, Any] | None = None,
        usage: bytes = b"",
    ) -> bytes:
        if extra and (chunk := extra.get("chunk")):
            # Some vendors have a field `provider` too, and nothing may be said twice.
            extra = {**extra, "chunk": {name: value for name, value in chunk.items() if name not in _OWN}}
        return super()._chunk(choice, delta, reason=reason, logprobs=logprobs, extra=extra, usage=usage)

    def _failure(self, failed: Failed) -> dict[str, Any]:
        tried: Sequence[Attempt | Tried] = failed.attempts
        message = failures.ALL_FAILED if tried else failed.message
        if not tried and self._made["provider"]:
            # It broke in the middle, so it is one of them.
            broke = Tried(self._made["provider"], self._model, failed.status, failed.code, failed.message)
            tried = [*self._failed, broke]
        return failures.error_object(failed, 500, message, failures.records(tried, is_raw=self._plan.is_raw))


def whole(call: Call, run: str, created: int, events: Sequence[AnyEvent], plan: Plan) -> bytes:
    """The whole answer of a finished or stopped run."""
    answer = fold(events)
    started = answer.started or Started("", call.model, "", created)
    failed: list[Attempt | Tried] = [*answer.attempts, *(one.broke for one in answer.continued)]
    made = _fields(plan, started, answer.attempts) | {"calledFunctions": [_pair(one) for one in answer.called]}
    if answer.continued:
        last = answer.continued[-1]
        made |= {"provider": last.provider, "overwritten": f"{last.provider}/{last.model}" not in plan.wanted}
    said = openai_chat.whole_object(call, run, created, answer)
    kept = {name: value for name, value in said.items() if name not in _OWN}
    return _encode(kept | made | failures.cache(failed, is_raw=plan.is_raw))


def _fields(plan: Plan, started: Started, failed: Sequence[Attempt | Tried]) -> dict[str, Any]:
    is_overwritten = plan.is_overwritten(started, failed)
    return {"provider": started.provider, "overwritten": is_overwritten, "calledFunctions": []}


def _pair(called: Called) -> list[dict[str, str]]:
    """A call, and its result as the message of a function."""
    call = {"name": called.name, "arguments": called.arguments}
    return [call, {"role": "function", "name": called.name, "content": called.result}]


def _tail(fields: dict[str, Any]) -> bytes:
    return b"," + _encode(fields)[1:-1]
