"""What is wrong with a configuration, all of it at once, in words for a person."""

from collections.abc import Iterable
from pathlib import Path

from headgate.errors import HeadgateError


class ConfigError(HeadgateError):
    """The configuration cannot be used; `problems` has a sentence for everything that is wrong."""

    code = "bad_configuration"

    def __init__(self, problems: Iterable[str], source: Path | None = None) -> None:
        self.problems = tuple(problems)
        self.source = source
        """The file that was read, if there was one."""
        super().__init__("\n".join(self.problems))


class Problems:
    """Collects sentences while reading goes on, so that a person can mend everything in one go."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, sentence: str) -> None:
        if sentence not in self.found:
            self.found.append(sentence)

    def check(self, source: Path | None) -> None:
        """Raise ConfigError if anything was found."""
        if self.found:
            raise ConfigError(self.found, source)


def nearest(wrong: str, known: Iterable[str], quote: str = "`{}`") -> str:
    """How a sentence about an unknown name ends: with the known one that looks most like it, or with all of them."""
    # Needed only when something is wrong, and not cheap to import.
    from difflib import get_close_matches

    names = {name.lower(): quote.format(name) for name in known}
    close = get_close_matches(wrong.lower(), names, n=1, cutoff=0.5)
    return f"did you mean {names[close[0]]}?" if close else f"known are {', '.join(names.values())}."
