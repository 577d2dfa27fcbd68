"""What a dialect asks of a run beyond its call."""

import msgspec

from headgate.providers.base import Limits
from headgate.store.base import Head, Hook


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """All of it is the run's from its first moment on."""

    keep: bool = False
    """Go on without the client."""
    limits: Limits | None = None
    """In place of the provider's own."""
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

    @property
    def kept_limits(self) -> tuple[float | None, ...]:
        """The limits as a run's head has them."""
        return () if self.limits is None else msgspec.structs.astuple(self.limits)


NOTHING = Wishes()


def wishes_again(head: Head) -> Wishes:
    """What is still to be wished of a run that is asked again after a crash."""
    if not head.limits:
        return NOTHING
    return Wishes(limits=msgspec.convert(dict(zip(Limits.__struct_fields__, head.limits, strict=False)), Limits))
