"""Texts of the file that have parts from the environment: `Bearer ${WEATHER_KEY}`."""

import re
from collections.abc import Iterator, Mapping, Sequence

from headgate.config.problems import Problems
from headgate.config.secret import Secret

MIN_SECRET = 8
"""Characters. What is shorter is no key, and stands in too many texts."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET = re.compile(r"key|token|secret|passw|credential|authorization|cookie", re.IGNORECASE)


class Expander:
    """Fills in what the environment has; what is not there is a problem. Knows which of it must not be told."""

    def __init__(self, environ: Mapping[str, str], problems: Problems) -> None:
        self._environ, self._problems = environ, problems
        self._secrets: list[str] = []

    def expand(self, label: str, name: str, text: str) -> str:
        """The text of what is called `name`, with `${...}` filled in."""
        variables = _VARIABLE.findall(text)
        for variable in variables:
            if not self._environ.get(variable):
                self._problems.add(f"{label} reads the variable {variable}, which is not set.")
        filled = _VARIABLE.sub(lambda match: self._environ.get(match[1], ""), text)
        if any(_SECRET.search(each) for each in (name, *variables)):
            # Of `Bearer sk-...` the second word alone is one, too.
            self._secrets += [filled, filled.split()[-1] if filled.split() else ""]
        return filled

    def table(self, label: str, table: Mapping[str, Secret]) -> dict[str, Secret]:
        """The same for a table of texts."""
        return {name: Secret(self.expand(label, name, text.reveal())) for name, text in table.items()}

    def texts(self, label: str, texts: Sequence[str]) -> tuple[Secret, ...]:
        """The same for a list."""
        return tuple(Secret(self.expand(label, "", text)) for text in texts)

    def secrets(self) -> tuple[Secret, ...]:
        """All that was filled in and sounds secret, and whatever else in the environment does."""
        return tuple(Secret(text) for text in dict.fromkeys(self._all()) if len(text) >= MIN_SECRET)

    def _all(self) -> Iterator[str]:
        yield from self._secrets
        for name, value in self._environ.items():
            if _SECRET.search(name):
                yield value.strip()
