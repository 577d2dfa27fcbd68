"""
Which price is whose.

A price list is a table from names to prices. A name is `provider/model`, both as the configuration and
the provider write them; `*` stands for anything. Of several that fit, the longest says more and counts.
A model that is in no list has no cost, which is not the same as 0.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from headgate.events import Usage
from headgate.runs.price import NOTHING, Measures, Price, cost_of, cost_of_sound, is_detailed, own_words

SCALE = 10**10
"""Costs are rounded to ten digits after the point: a single token of the cheapest model has seven."""

_IN_BOTH = b"st"
"""Part of `cost` and of `estimated`, and of no word of OpenAI's own: one look is enough for most."""

MAX_KNOWN = 2000
"""Caps how many models are remembered; names come from upstream, and somebody may make them up."""


MAX_LIKE = 4
"""How many names may lead from one to the next; more would be a circle."""


class Found(NamedTuple):
    """A price of a list, and how well its name fits; of two, the greater one counts."""

    is_exact: bool
    size: int
    """Of what was said of the name: without `*`."""
    price: Price
    stood_for: str
    """What `*` stood for."""

    @property
    def fit(self) -> tuple[bool, int]:
        """To be compared."""
        return self.is_exact, self.size


class PriceList:
    """Prices by name."""

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._prices = {name: price for name, price in prices.items() if "*" not in name}
        patterns = sorted((name for name in prices if "*" in name), key=lambda name: (-len(name), name))
        self._patterns = [(_regex(name), len(name) - 1, prices[name]) for name in patterns]

    def find(self, who: str, model: str) -> Found | None:
        """What it says of a model, by its whole name or what is left of that; the longest counts."""
        best: Found | None = None
        for variant in variants(model):
            found = self._named(f"{who}/{variant}")
            if found is not None and (best is None or found.size > best.size):
                best = found
        return best

    def _named(self, name: str) -> Found | None:
        price = self._prices.get(name)
        if price is not None:
            return Found(True, len(name), price, "")
        for pattern, size, price in self._patterns:
            if (match := pattern.fullmatch(name)) is not None:
                return Found(False, size, price, match[1])
        return None


class Prices:
    """What the configuration says, and for what it does not speak of, what is commonly known."""

    def __init__(
        self,
        own: Mapping[str, Price] | None = None,
        common: Mapping[str, Price] | None = None,
        services: Mapping[str, str] | None = None,
    ) -> None:
        self._own, self._common = PriceList(own or {}), PriceList(common or {})
        self._services = services or {}
        """Which well-known service a provider is, by its name; what is commonly known goes by that."""
        self._known: dict[tuple[str, str, str], Price | None] = {}
        self._detailed: set[Price | None] = set()
        """Those of them that need a look at a provider's own words."""

    def price(self, usage: Usage, provider: str, model: str, asked: str = "") -> Usage:
        """The usage with what it cost; `asked` is the model by the name it was asked for."""
        price, extra = self.of(provider, model, asked), usage.extra
        said = NOTHING
        if extra is not None and (extra.find(_IN_BOTH) >= 0 or price in self._detailed):
            said = own_words(extra)
        # Of one that we have completed its own words are of an earlier moment.
        cost = None if usage.estimated else said.cost
        if cost is None and price is not None:
            cost = cost_of(usage, price, said.details)
        if cost is None:
            return usage
        return Usage(
            usage.input,
            usage.output,
            usage.total,
            usage.cached,
            usage.reasoning,
            usage.extra,
            usage.estimated or said.is_estimated,
            rounded(cost),
        )

    def price_sound(self, usage: Usage, measures: Measures, provider: str, model: str, asked: str = "") -> Usage:
        """The usage with what it cost, where its price is one of sounds."""
        price = self._look(provider, model, asked)
        cost = None if price is None else cost_of_sound(price, measures)
        return usage if cost is None else msgspec.structs.replace(usage, cost=rounded(cost))

    def of(self, provider: str, model: str, asked: str = "") -> Price | None:
        """What tokens of a model cost; None when nobody knows."""
        key = (provider, model, asked)
        try:
            return self._known[key]
        except KeyError:
            pass
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        price = self._look(provider, model, asked)
        if price is not None and price.input is None:
            price = None
        self._known[key] = price
        if is_detailed(price):
            self._detailed.add(price)
        return price

    def _look(self, provider: str, model: str, asked: str) -> Price | None:
        service = self._services.get(provider)
        for prices, who in ((self._own, provider), (self._common, service)):
            if who is None:
                continue
            answered, meant = prices.find(who, model), prices.find(who, asked)
            # A deployment has a name of its own, which says more than a rule that fits all models.
            if answered is None or (meant is not None and meant.fit > answered.fit and not answered.is_exact):
                answered = meant
            if answered is not None:
                return self._follow(answered)
        return None

    def _follow(self, found: Found | None) -> Price | None:
        for _ in range(MAX_LIKE):
            if found is None:
                return None
            if found.price.like is None:
                return found.price
            service, _, model = found.price.like.replace("*", found.stood_for).partition("/")
            found = self._own.find(service, model) or self._common.find(service, model)
        return None


def rounded(cost: float) -> float:
    """As `round`, for costs, and in a fifth of its time."""
    return int(cost * SCALE + 0.5) / SCALE


_DRESS = (
    # A path or an ARN, of which the last step is the name; the part of the world that Bedrock serves it from.
    (re.compile(r"(?:models|publishers/[^/]+/models)/"), True),
    (re.compile(r"arn:[^/]*/"), True),
    (re.compile(r"(?:us-gov|us|eu|apac|jp|au|ca|global)\.(?=[a-z0-9]+\.)"), True),
    (re.compile(r"-v\d+(?::\d+){0,2}(?::\d+k)?"), False),
    # When it was made; in many ways.
    (re.compile(r"[-@]20\d\d-?\d\d-?\d\d"), False),
    (re.compile(r"-(?:preview-|exp-)?\d\d-(?:\d\d|20\d\d)"), False),
    (re.compile(r"-\d{4}(?:-preview)?"), False),
    (re.compile(r"-\d{3}"), False),
    (re.compile(r"-(?:latest|preview|exp)"), False),
)


def variants(model: str) -> Iterator[str]:
    """The name, and then what is left of it when it is undressed, piece by piece."""
    if not model:
        return
    yield model
    if model != model.lower():
        model = model.lower()
        yield model
    for piece, is_start in _DRESS:
        if is_start:
            match = piece.match(model)
            shorter = model[match.end() :] if match else model
        else:
            shorter = re.sub(f"(?:{piece.pattern})$", "", model)
        if shorter and shorter != model:
            model = shorter
            yield model


def _regex(pattern: str) -> re.Pattern[str]:
    """Of one with a single `*`."""
    before, _, after = pattern.partition("*")
    return re.compile(f"{re.escape(before)}(.*){re.escape(after)}", re.DOTALL)
