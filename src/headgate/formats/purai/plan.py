"""Who is to be asked, and for which of them the client gets what it wanted."""

from collections.abc import Iterable

import msgspec

from headgate.errors import Tried
from headgate.events import Attempt, Started


class Plan(msgspec.Struct, frozen=True):
    """What is known of a request's route; names are `provider/model`."""

    names: tuple[str, ...] = ()
    """Who is asked, in this order."""
    wanted: frozenset[str] = frozenset()
    """Those that have the model that was asked for."""
    is_raw: bool = False
    """Whether failed providers are quoted in full."""
    is_for_sdk: bool = False
    """Whether OpenAI's own library reads the answer."""

    def is_overwritten(self, started: Started, failed: Iterable[Attempt | Tried]) -> bool:
        """Whether the answer came from another model than the one that was asked for."""
        models = [model for provider, _, model in map(_parts, self.names) if provider == started.provider]
        if not models:
            return False
        tried = {one.model for one in failed if one.provider == started.provider}
        return f"{started.provider}/{_asked(models, tried, started.model)}" not in self.wanted


def _parts(name: str) -> tuple[str, str, str]:
    return name.partition("/")


def _asked(models: list[str], tried: set[str], said: str) -> str:
    """
    Which of a provider's models it was asked for, when it calls its answer's so.

    Providers answer with a model's full name: `gpt-4o-2024-08-06` when they were asked for `gpt-4o`.
    """
    alike = [model for model in models if said.startswith(model)]
    if alike:
        return max(alike, key=len)
    # They are asked in this order, so it is the first that has not failed.
    return next((model for model in models if model not in tried), models[-1])
