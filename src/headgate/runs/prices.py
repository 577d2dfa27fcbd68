"""
What models cost: which price is whose, and what a usage comes to.

A price list is a table from names to prices. A name is `provider/model`, both as the configuration and
the provider write them; `*` stands for anything. Of several that fit, the longest says more and counts.
A model that is in no list has no cost, which is not the same as 0.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from headgate.events import Usage

MILLION = 1_000_000

DIGITS = 10
"""Digits after the point that a cost is rounded to: a single token of the cheapest model has seven."""

MAX_KNOWN = 2000
"""Caps how many models are remembered; names come from upstream, and somebody may make them up."""


MAX_LIKE = 4
"""How many names may lead from one to the next; more would be a circle."""


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars for a million tokens; what is not said costs what it is a part of."""

    input: float | None = None
    output: float | None = None
    cached: float | None = None
    """Input that was read from the provider's cache."""
    cache_write: float | None = None
    """Input that was written to it."""
    cache_write_1h: float | None = None
    """The same where it is to stay for an hour."""
    reasoning: float | None = None
    audio_input: float | None = None
    audio_output: float | None = None
    above: int | None = None
    """With more tokens of input than these, all of a request costs what `long` says."""
    long: "Price | None" = None
    like: str | None = None
    """It costs what another does: a name, in which `*` is what `*` stood for."""


class Details(msgspec.Struct, frozen=True):
    """What of a usage has a price of its own, and stands in the provider's own words only."""

    written: int = 0
    written_1h: int = 0
    heard: int = 0
    """Input that was sound."""
    spoken: int = 0


NO_DETAILS = Details()


class OwnWords(NamedTuple):
    """What a provider's own usage object says beyond all others'."""

    cost: float | None = None
    """What it charges, in dollars."""
    is_estimated: bool = False
    """It is one of us, and nobody told it."""
    details: Details = NO_DETAILS


NOTHING = OwnWords()


class PriceList:
    """Prices by name."""

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._prices = {name: price for name, price in prices.items() if "*" not in name}
        patterns = sorted((name for name in prices if "*" in name), key=lambda name: (-len(name), name))
        self._patterns = [(_regex(name), prices[name]) for name in patterns]

    def find(self, name: str) -> tuple[Price, str] | None:
        """The price of that name, and what `*` stood for."""
        price = self._prices.get(name)
        if price is not None:
            return price, ""
        for pattern, price in self._patterns:
            if (match := pattern.fullmatch(name)) is not None:
                return price, match[1]
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

    def price(self, usage: Usage, provider: str, model: str, asked: str = "") -> Usage:
        """The usage with what it cost; `asked` is the model by the name it was asked for."""
        said = NOTHING if usage.extra is None else own_words(usage.extra)
        # Of one that we have completed its own words are of an earlier moment.
        cost = None if usage.estimated else said.cost
        if cost is None and (price := self.of(provider, model, asked)) is not None:
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
            round(cost, DIGITS),
        )

    def of(self, provider: str, model: str, asked: str = "") -> Price | None:
        """What a model costs; None when nobody knows."""
        key = (provider, model, asked)
        try:
            return self._known[key]
        except KeyError:
            pass
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        found = self._known[key] = self._look(provider, model) or self._look(provider, asked)
        return found

    def _look(self, provider: str, model: str) -> Price | None:
        service = self._services.get(provider, "")
        for name in variants(model):
            if (price := self._follow(self._own, f"{provider}/{name}")) is not None:
                return price if price.input is not None else None
            if service and (price := self._follow(self._common, f"{service}/{name}")) is not None:
                return price if price.input is not None else None
        return None

    def _follow(self, prices: PriceList, name: str) -> Price | None:
        found = prices.find(name)
        for _ in range(MAX_LIKE):
            if found is None:
                return None
            price, stood_for = found
            if price.like is None:
                return price
            found = self._find(price.like.replace("*", stood_for))
        return None

    def _find(self, name: str) -> tuple[Price, str] | None:
        service, _, model = name.partition("/")
        for variant in variants(model):
            for known in (self._own, self._common):
                if (found := known.find(f"{service}/{variant}")) is not None:
                    return found
        return None


def cost_of(usage: Usage, price: Price, details: Details = NO_DETAILS) -> float:
    """Dollars, not rounded; the price must have an input and an output."""
    if price.long is not None and price.above is not None and usage.input > price.above:
        price = price.long
    input, output = price.input or 0.0, price.output or 0.0
    cached = min(usage.cached, usage.input)
    plain = max(0, usage.input - cached - details.written - details.written_1h - details.heard)
    dollars = plain * input + cached * _or(price.cached, input)
    if details is not NO_DETAILS:
        write = _or(price.cache_write, input)
        dollars += details.written * write + details.written_1h * _or(price.cache_write_1h, write)
        dollars += details.heard * _or(price.audio_input, input) + details.spoken * _or(price.audio_output, output)
    thought = usage.reasoning
    # Most count it as a part of the output; with xAI it comes on top, and only the total says so.
    is_beside = thought > usage.output or 0 < thought == usage.total - usage.input - usage.output
    spoken = usage.output if is_beside else usage.output - thought
    dollars += max(0, spoken - details.spoken) * output + thought * _or(price.reasoning, output)
    return dollars / MILLION


def _or(price: float | None, otherwise: float) -> float:
    return otherwise if price is None else price


class _InputDetails(msgspec.Struct, gc=False):
    cache_write_tokens: int = 0
    audio_tokens: int = 0


class _OutputDetails(msgspec.Struct, gc=False):
    audio_tokens: int = 0


class _Written(msgspec.Struct, gc=False):
    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0


class _TotalCost(msgspec.Struct, gc=False):
    total_cost: float = 0.0


class _Modality(msgspec.Struct, gc=False):
    modality: str = ""
    tokenCount: int = 0


class _Object(msgspec.Struct, gc=False):
    """Of all providers' usage objects what is of use here; no two of them use the same name for two things."""

    estimated: bool | None = None
    cost: float | _TotalCost | None = None
    cost_in_usd_ticks: int | None = None
    prompt_tokens_details: _InputDetails | None = None
    input_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    output_tokens_details: _OutputDetails | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _Written | None = None
    cacheWriteInputTokens: int | None = None
    promptTokensDetails: list[_Modality] | None = None
    candidatesTokensDetails: list[_Modality] | None = None


_own_words = msgspec.json.Decoder(_Object)

_TICKS = 10_000_000_000
"""xAI's parts of a dollar."""


def own_words(extra: bytes) -> OwnWords:
    """What such an object says; nothing, where it is too odd."""
    try:
        said = _own_words.decode(extra)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return NOTHING
    cost = said.cost
    if isinstance(cost, _TotalCost):
        cost = cost.total_cost
    elif said.cost_in_usd_ticks is not None and not isinstance(cost, float):
        cost = said.cost_in_usd_ticks / _TICKS
    if not isinstance(cost, float) or not 0 <= cost < MILLION:
        cost = None
    return OwnWords(cost, said.estimated is True, _details(said))


def _details(said: _Object) -> Details:
    inputs = said.prompt_tokens_details or said.input_tokens_details
    outputs = said.completion_tokens_details or said.output_tokens_details
    written = said.cache_creation_input_tokens or said.cacheWriteInputTokens or 0
    for_hour = said.cache_creation.ephemeral_1h_input_tokens if said.cache_creation else 0
    heard, spoken = _sound(said.promptTokensDetails), _sound(said.candidatesTokensDetails)
    if inputs is not None:
        written, heard = written + inputs.cache_write_tokens, heard + inputs.audio_tokens
    if outputs is not None:
        spoken += outputs.audio_tokens
    if written == for_hour == heard == spoken == 0 or min(written, for_hour, heard, spoken) < 0:
        return NO_DETAILS
    return Details(max(0, written - for_hour), for_hour, heard, spoken)


def _sound(counts: list[_Modality] | None) -> int:
    return sum(each.tokenCount for each in counts or () if each.modality == "AUDIO")


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
