"""What was asked for on the command line."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench.servers import Kind


@dataclass(frozen=True)
class Options:
    """For one run of measurements."""

    kinds: Sequence[Kind]
    quick: bool
    rounds: int | None
    """How many, where rounds are measured; None for as many as are good."""
    in_step: bool = False
    """Whether all streams speak in the same moments."""

    def say(self, sentence: str) -> None:
        """Tell whoever waits what is going on."""
        print(sentence, file=sys.stderr, flush=True)
