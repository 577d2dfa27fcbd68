"""What a price is, and what a usage comes to at it."""

from typing import NamedTuple

import msgspec

from headgate.events import Usage

MILLION = 1_000_000


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """
    US dollars for a million tokens; what is not said costs what it is a part of.

    Sounds may have a price of another kind, which stands in place of that.
    """

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
    characters: float | None = None
    """For a million of those that are spoken."""
    minute: float | None = None
    """For a single one of a recording that is heard, or of a sound that is made."""
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


class Measures(NamedTuple):
    """What sounds are charged by, where it is not tokens; None is what nobody knows."""

    characters: int | None
    seconds: float | None


def cost_of_sound(price: Price, measures: Measures) -> float | None:
    """Dollars, not rounded; None where it has another price, or what that is for is not known."""
    asked = ((price.characters, measures.characters, MILLION), (price.minute, measures.seconds, 60))
    parts = [None if size is None else dollars * size / unit for dollars, size, unit in asked if dollars is not None]
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None


class OwnWords(NamedTuple):
    """What a provider's own usage object says beyond all others'."""

    cost: float | None = None
    """What it charges, in dollars."""
    is_estimated: bool = False
    """It is one of us, and nobody told it."""
    details: Details = NO_DETAILS


NOTHING = OwnWords()


def is_detailed(price: Price | None) -> bool:
    """Whether it has words for what stands in the provider's own words only: to read those takes a while."""
    return price is not None and not (
        price.cache_write is price.cache_write_1h is price.audio_input is price.audio_output is None
    )


def cost_of(usage: Usage, price: Price, details: Details = NO_DETAILS) -> float:
    """Dollars, not rounded; the price must have an input and an output."""
    if price.long is not None and price.above is not None and usage.input > price.above:
        price = price.long
    input, output = price.input or 0.0, price.output or 0.0
    if details is NO_DETAILS and not usage.cached and not usage.reasoning:
        # Most of them, and nearly every answer passes here.
        return (usage.input * input + usage.output * output) / MILLION
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
    input_token_details: _InputDetails | None = None
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
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
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
    inputs = said.prompt_tokens_details or said.input_tokens_details or said.input_token_details
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
