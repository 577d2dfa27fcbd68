"""What runs have come to, for those who ask again and again while one is made."""

from weakref import WeakKeyDictionary

from headgate.fold import Answer
from headgate.runs import Run


class Folded:
    """The answers so far; a longer one costs more only for what is new of it."""

    def __init__(self) -> None:
        self._answers: WeakKeyDictionary[Run, tuple[Answer, int]] = WeakKeyDictionary()

    def of(self, run: Run) -> Answer:
        """What a run has come to, as far as it is shown."""
        answer, upto = self._answers.get(run) or (Answer(), 0)
        if upto < run.shown:
            for event in run.events[upto : run.shown]:
                answer.add(event)
            self._answers[run] = answer, run.shown
        return answer
