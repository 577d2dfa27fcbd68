"""One round of an answer: what a provider said in it, apart from the log of the run that it belongs to."""

from typing_extensions import override

from headgate.runs.run import Run


class Round(Run):
    """
    A run to whoever drives it, which nobody follows and nobody keeps.

    What its provider says stays as it was said, so that the provider can be given it back; the run's own log tells
    of it what readers are to see.
    """

    def __init__(self, whole: Run, number: int) -> None:
        self.whole = whole
        super().__init__(whole.head, durable=False)
        if number:
            # Ids that are made of it are not made twice.
            self.id = f"{whole.id}_{number}"
        self.task, self.tries, self.trace = whole.task, whole.tries, whole.trace

    # mypy does not see `override` on a property that can be set.
    @property  # type: ignore[explicit-override]
    @override
    def shown(self) -> int:
        """As far behind as the run is: providers are held back by that."""
        return len(self.events) - (len(self.whole.events) - self.whole.shown)

    @shown.setter
    @override
    def shown(self, upto: int) -> None:
        pass

    @property  # type: ignore[explicit-override]
    @override
    def stopped_by(self) -> str | None:
        """Who stopped the run."""
        return self.whole.stopped_by

    @stopped_by.setter
    @override
    def stopped_by(self, by: str | None) -> None:
        pass
