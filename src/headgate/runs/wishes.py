"""What a dialect asks of a run beyond its call."""

import math
from collections.abc import Mapping

import msgspec

from headgate.providers.base import Limits
from headgate.store.base import Head, Hook


class Hedge(msgspec.Struct, frozen=True):
    """Ask the next of a route as well when one is slow to begin; whoever speaks first gives the answer."""

    after: float | None = None
    """Seconds; None is what the slow one usually takes."""


NO_HEDGE = Hedge(math.inf)


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """All of it is the run's from its first moment on."""

    keep: bool = False
    """Go on without the client."""
    limits: Mapping[str, float] = {}
    """Those of `Limits` that count in place of each provider's own."""
    names: tuple[str, ...] = ()
    """Other names to be found by; a newer run takes a name over."""
    note: bytes = b""
    """What the dialect wants to remember of it, as JSON; nothing secret."""
    retention: float | None = None
    """How many seconds after its end to keep it, in place of the configuration's."""
    hooks: tuple[Hook, ...] = ()
    """Whom to tell of its end."""
    fingerprint: bytes = b""
    """Of the request, when it may come again."""
    key: str = ""
    """The caller's own key at the provider, for this one call; never kept."""
    organization: str = ""
    """Whom the provider is to charge for what that key asks."""
    hedge: Hedge | None = None
    """Whether several may be asked at once; None is as the configuration says."""
    goes_on: bool | None = None
    """Have another provider go on with an answer that breaks in the middle; None is as the configuration says."""
    trace: tuple[bytes, bytes] = (b"", b"")
    """Which trace the client takes part in: its `traceparent` and `tracestate`."""

    @property
    def kept_limits(self) -> tuple[float | None, ...]:
        """The limits as a run's head has them: in the order of `Limits`, None for what was not said."""
        return tuple(self.limits.get(name) for name in Limits.__struct_fields__) if self.limits else ()

    def limits_of(self, usual: Limits) -> Limits:
        """What counts where a provider has these limits of its own."""
        return msgspec.structs.replace(usual, **self.limits) if self.limits else usual


NOTHING = Wishes()


def wishes_again(head: Head) -> Wishes:
    """What is still to be wished of a run that is asked again after a crash."""
    said = zip(Limits.__struct_fields__, head.limits, strict=False)
    return Wishes(limits={name: seconds for name, seconds in said if seconds is not None})
