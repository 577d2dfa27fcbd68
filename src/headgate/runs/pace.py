"""How long a model usually takes for its first words, as it was lately."""

from collections import deque

REMEMBERED = 64
"""Answers of each model: enough to know a habit, few enough to forget an old one."""

MAX_MODELS = 1000
"""Caps the models known of one provider, because clients choose their names."""

ENOUGH = 10
"""Answers from which on a habit can be spoken of."""


class Pace:
    """One provider's models, each by itself."""

    def __init__(self) -> None:
        self._models: dict[str, deque[float]] = {}

    def note(self, model: str, seconds: float) -> None:
        """It took that long."""
        lately = self._models.get(model)
        if lately is None:
            if len(self._models) >= MAX_MODELS:
                return
            lately = self._models[model] = deque(maxlen=REMEMBERED)
        lately.append(seconds)

    def usual(self, model: str) -> float | None:
        """What nine of ten answers took at most; None while that is not known."""
        lately = self._models.get(model)
        if lately is None or len(lately) < ENOUGH:
            return None
        return sorted(lately)[len(lately) * 9 // 10]
