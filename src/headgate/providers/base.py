"""What the engine expects of a provider."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import msgspec

from headgate.calls import Call
from headgate.events import AnyEvent, Usage
from headgate.formats.embedding import EmbedCall, Vectors
from headgate.formats.voices import Voice
from headgate.providers.heading import Heading

Emit: TypeAlias = Callable[[Sequence[AnyEvent]], None]
"""Takes events in order; synchronous, called straight from the socket's callback."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a provider may take, in seconds; None is for ever. Kept with runs: fields are added at the end only."""

    connect: float = 5.0
    first_event: float = 30.0
    idle: float = 60.0
    """Between two events that mean something: comments and empty deltas do not count."""
    total: float | None = None
    whole: float = 600.0
    """As `first_event`, for an answer that is asked for in one piece: nothing of it comes before all of it is made."""


class Flow(Protocol):
    """A hand on where an answer comes from."""

    def pause(self) -> None:
        """Bring no more for now."""

    def resume(self) -> None:
        """Go on."""


class Listener(Protocol):
    """Whoever wants to know more of an answer than what it says."""

    def on_flow(self, flow: Flow) -> None:
        """How to hold it back, when the log cannot keep up; said by providers whose answers come from a socket."""

    def on_usage(self, usage: Usage) -> None:
        """What is known of the usage of one that breaks, or is cancelled, before it could tell."""

    def on_heading(self, heading: Heading) -> None:
        """What its head told of limits; said once, before anything of the answer."""


class _Nobody:
    def on_flow(self, flow: Flow) -> None:
        pass

    def on_usage(self, usage: Usage) -> None:
        pass

    def on_heading(self, heading: Heading) -> None:
        pass


NOBODY: Listener = _Nobody()
"""Wants to know nothing."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One try at one provider."""

    run: str
    """The run's id: providers build ids of their own from it where the upstream gave none."""
    call: Call
    model: str
    """The model as this provider names it."""
    created: int
    """Unix seconds, for answers that do not say when they began."""
    limits: Limits
    key: str = ""
    """The caller's own key, to be used in place of the configured one for this call; never to be kept or shown."""
    trace: tuple[tuple[str, str], ...] = ()
    """Headers that say which trace the request belongs to."""
    organization: str = ""
    """The organization that key is used for, where it belongs to several."""
    listener: Listener = NOBODY


class Provider(Protocol):
    """Where answers come from."""

    name: str

    @property
    def limits(self) -> Limits:
        """How long this provider may take unless a request says otherwise."""

    async def run(self, ask: Ask, emit: Emit) -> None:
        """
        Ask, and emit what comes: `Started` first, exactly one `Finished` last.

        Returns when the answer is over. Raises ProviderError when it breaks, before the
        first event or after any; what was emitted stays emitted. Cancelling the task closes
        the upstream socket at once. The first-event, idle and total limits are kept by the
        engine; `limits.connect` by the provider.
        """

    async def models(self) -> Sequence[str]:
        """The models it has, as it names them; empty when it cannot say."""

    async def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Counter(Protocol):
    """A provider that counts a request's tokens without answering it."""

    async def count(self, call: Call, model: str, key: str) -> int | None:
        """
        How many tokens it has; raises ProviderError. `key` is the caller's own, "" for ours.

        None where it does not count that model's.

        Whoever asks keeps the time, but for `limits.connect`.
        """


@runtime_checkable
class Embedder(Protocol):
    """A provider that may make vectors of texts."""

    @property
    def embeds(self) -> bool:
        """Whether it does."""

    async def embed(self, call: EmbedCall, model: str, connect: float) -> Vectors:
        """
        As many vectors as are asked for, all of one size and all of numbers.

        Raises ProviderError, and BadRequest for what it cannot be asked. Whoever asks keeps the time, but for
        connecting, which may take `connect` seconds.
        """


def answers(provider: Provider) -> bool:
    """Whether it answers questions: all do, but one that speaks and listens and nothing more, which says so."""
    return getattr(provider, "answers", True)


@runtime_checkable
class Voiced(Protocol):
    """
    A provider that may speak and listen. Both are runs like any other (`Provider.run`), in formats of their own.

    `openai_speech.speech(ask.call)` and `openai_transcription.recording(ask.call)` say what is asked. It emits
    `Started`, whose `format` is the call's, then `Audio`, or `Transcript` and `Segment`, as they are made, and
    `Finished("stop")`. It may say `Usage` before that; if not, tokens are counted as of any answer. `Started.extra` may
    hold `{"content_type": ...}` where the sound is in another format than was asked for, and `Finished.extra` the
    `duration` (in seconds) and the `language` of a recording. What blocks runs outside the loop, comes back by
    `call_soon_threadsafe`, and ends when the task of `run` is cancelled. A recording that cannot be read is a
    ProviderError of status 400 (413 for one that is too long), `param` "file", that is not retryable.
    """

    @property
    def speaks(self) -> bool:
        """Whether it makes sounds of texts."""

    @property
    def hears(self) -> bool:
        """Whether it makes texts of sounds."""

    async def voices(self) -> Sequence[Voice]:
        """The voices it has, those first that it is best known for; empty when it cannot say."""
