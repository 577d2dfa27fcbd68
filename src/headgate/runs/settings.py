"""What the engine is told by the configuration."""

from collections.abc import Callable

import msgspec

from headgate.runs.prices import Prices
from headgate.runs.trace import Tracer
from headgate.runs.wishes import Hedge
from headgate.store.base import Hook


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, with what counts where it says nothing."""

    commit_interval: float = 0.01
    retention: float = 24 * 3600.0
    keep_alive: float = 15.0
    """How long a reader waits for news before it is told that there are none."""
    max_live: int = 20_000
    """Caps the runs at work at once: each holds a socket, a task and its log in memory."""
    max_size: int | None = None
    """How many bytes the store may take before no new runs are begun."""
    min_free: int = 0
    """How many bytes its disk must have left."""
    hooks: tuple[Hook, ...] = ()
    """Whom to tell of every run's end."""
    hedge: Hedge | None = None
    """Whether a run asks several providers at once, where its request does not say."""
    goes_on: bool = False
    """Whether another provider goes on with an answer that breaks, where its request does not say."""
    prices: Prices = msgspec.field(default_factory=Prices)
    tracer: Tracer | None = None
    """Who gives runs their places in traces, if anybody does."""
    check_hook: Callable[[Hook], None] = lambda hook: None
    """Raises BadRequest for a run's own hook that nobody could ever be told by."""
