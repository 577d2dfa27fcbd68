"""What the engine lends to every drive."""

from collections.abc import Mapping

import msgspec

from headgate.runs.attempt import Append, Attempt, Clock
from headgate.runs.pool import Pool
from headgate.runs.tries import Tries
from headgate.runs.wishes import Hedge


class Desk(msgspec.Struct, frozen=True):
    """The same for all of them."""

    append: Append
    clock: Clock
    pools: Mapping[str, Pool]
    attempts: set[Attempt]
    """Those at work, for the engine's clock to look at."""
    hedge: Hedge | None = None
    goes_on: bool = False
    """What counts where a request does not say."""
    tries: Tries = msgspec.field(default_factory=Tries)
