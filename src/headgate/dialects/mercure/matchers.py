"""
What subscribers ask for and tokens allow: one topic, all of them, or those of a pattern.

URL Patterns become regular expressions. Those of the library behind them take time in proportion to the topic, whatever
the pattern; what a pattern itself may cost, in time to make it and in memory, is bounded here before it is made.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from headgate.dialects.mercure import templates
from headgate.dialects.mercure.topics import fault_of

if TYPE_CHECKING:
    from urlpattern import URLPattern

Kind: TypeAlias = Literal["exact", "urlpattern", "template"]

EVERYTHING = "*"
"""Matches every topic, whatever its kind."""

MAX_PARTS = 32
"""Groups, wildcards, repetitions and classes of one pattern: with so many a match takes tens of microseconds."""

MAX_CLASSES = 4
"""Classes like `\\w` of one pattern; each knows all of Unicode, and takes milliseconds to make."""

KEPT_PATTERNS = 1000
"""Patterns that are kept ready; each takes about 75 kB, and a third of a millisecond to be made again."""

_PART = re.compile(r"[:*({\[?+|]|\\[A-Za-z]")
_CLASS = re.compile(r"\\[A-Za-z]")
_GROUP = re.compile(r"\\.|\(((?:[^()\\]|\\.)*)", re.DOTALL)
"""An escaped character; or a regular expression, up to whatever ends it or is inside it."""


class BadMatcher(ValueError):
    """A matcher that cannot be used; its text says why."""


class Matcher(NamedTuple):
    """Which topics are meant."""

    kind: Kind
    text: str


ALL = Matcher("exact", EVERYTHING)


class Matchers:
    """Reads matchers, and knows which topics they match."""

    def __init__(self, hub: str) -> None:
        self.hub = hub
        """The hub's own URL, which relative patterns and topics are seen from."""
        self._patterns: OrderedDict[str, URLPattern] = OrderedDict()

    def read(self, kind: Kind, text: str) -> Matcher:
        """A matcher of a client or a token; raises BadMatcher."""
        if fault := fault_of(text, "matcher"):
            raise BadMatcher(fault)
        if text == EVERYTHING:
            return ALL
        if kind == "urlpattern":
            self.pattern(text)
        return Matcher(kind, text)

    def accepts(self, matcher: Matcher, topic: str) -> bool:
        """Whether it matches a topic."""
        if matcher.kind == "urlpattern":
            return self.tests(self.pattern(matcher.text), topic)
        if matcher is ALL or matcher.text == topic:
            return True
        return matcher.kind == "template" and templates.matches(matcher.text, topic)

    def any_accepts(self, matchers: Iterable[Matcher], topics: Iterable[str]) -> bool:
        """Whether one of them matches one of the topics."""
        return any(self.accepts(matcher, topic) for topic in topics for matcher in matchers)

    def pattern(self, text: str) -> "URLPattern":
        """A pattern that is ready to be asked; raises BadMatcher."""
        found = self._patterns.get(text)
        if found is None:
            found = self._patterns[text] = self._made(text)
            if len(self._patterns) > KEPT_PATTERNS:
                self._patterns.popitem(last=False)
        else:
            self._patterns.move_to_end(text)
        return found

    def tests(self, pattern: "URLPattern", topic: str) -> bool:
        """Whether a pattern matches a topic as a URL; what is no URL matches none."""
        try:
            return pattern.test(topic, self.hub)
        except ValueError:
            return False

    def _made(self, text: str) -> "URLPattern":
        # It belongs to an extra, which a server without Mercure does not have.
        from urlpattern import URLPattern

        if len(_PART.findall(text)) > MAX_PARTS or len(_CLASS.findall(text)) > MAX_CLASSES:
            raise BadMatcher(f"A URL Pattern has at most {MAX_PARTS} groups and wildcards, and few classes.")
        if any("{" in group for group in _GROUP.findall(text)):
            raise BadMatcher("Regular expressions in a URL Pattern have no counted repetitions.")
        try:
            return URLPattern(text, self.hub)
        except ValueError as error:
            raise BadMatcher(f"This is no URL Pattern: {error}.") from None
