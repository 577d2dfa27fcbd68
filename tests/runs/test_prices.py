"""What usages cost."""

import msgspec
import pytest

from headgate.config.prices import common_prices
from headgate.events import Usage
from headgate.runs.price import Measures, Price
from headgate.runs.prices import MAX_KNOWN, Prices, variants

TEN = Price(input=10.0, output=20.0)
SERVICES = {name: name for name in ("openai", "azure", "anthropic", "bedrock", "gemini", "xai", "ollama", "mistral")}


def known(provider: str, model: str, asked: str = "") -> tuple[float | None, float | None] | None:
    """What the list that comes with Headgate says."""
    price = Prices({}, common_prices(), {**SERVICES, "mine": "openai"}).of(provider, model, asked)
    return None if price is None else (price.input, price.output)


FOUND = {
    "by its name": ("openai", "gpt-4o", (2.5, 10)),
    "of a certain day": ("openai", "gpt-4o-2024-08-06", (2.5, 10)),
    "of a certain day with a price of its own": ("openai", "gpt-4o-2024-05-13", (5, 15)),
    "the smaller one": ("openai", "gpt-4o-mini-2024-07-18", (0.15, 0.6)),
    "in the old way": ("openai", "gpt-4-0613", (30, 60)),
    "a provider with a name of the user's": ("mine", "gpt-4o", (2.5, 10)),
    "what costs the same as another": ("openai", "gpt-5.6", (4, 20)),
    "what does so elsewhere": ("azure", "gpt-5.6", (4, 20)),
    "Claude": ("anthropic", "claude-sonnet-4-20250514", (3, 15)),
    "the latest": ("anthropic", "claude-3-5-haiku-latest", (0.8, 4)),
    "Bedrock's": ("bedrock", "anthropic.claude-haiku-4-5-20251001-v1:0", (1, 5)),
    "from a part of the world": ("bedrock", "us.anthropic.claude-opus-5-5", (4, 20)),
    "by its resource name": (
        "bedrock",
        "arn:aws:bedrock:us-east-1:1234:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        (3, 15),
    ),
    "Amazon's own": ("bedrock", "eu.amazon.nova-pro-v1:0", (0.8, 3.2)),
    "a preview": ("gemini", "models/gemini-2.5-flash-preview-09-2025", (0.3, 2.5)),
    "a version": ("gemini", "gemini-2.0-flash-001", (0.1, 0.4)),
    "in capitals": ("openai", "GPT-4o", (2.5, 10)),
    "by a pattern": ("xai", "grok-4.20-0309-reasoning", (1.25, 2.5)),
    "at home": ("ollama", "whatever:7b", (0, 0)),
}

UNKNOWN = {
    "another product": ("gemini", "gemini-2.5-flash-image"),
    "fine-tuned": ("openai", "ft:gpt-4o:mine"),
    "of nobody": ("openai", ""),
    "that only begins alike": ("openai", "gpt-4omega"),
    "whatever is the latest": ("mistral", "mistral-small-latest"),
    "not at home": ("ollama", "gpt-oss:120b-cloud"),
    "of a provider that is no service": ("elsewhere", "gpt-4o"),
}


@pytest.mark.parametrize(("provider", "model", "expected"), FOUND.values(), ids=FOUND.keys())
def test_a_model_is_known(provider: str, model: str, expected: tuple[float, float]) -> None:
    assert known(provider, model) == expected


@pytest.mark.parametrize(("provider", "model"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_model_has_no_price(provider: str, model: str) -> None:
    """Which is better than a wrong one, and than 0."""
    assert known(provider, model) is None
    assert Prices({}, common_prices(), SERVICES).price(Usage(9, 3, 12), provider, model).cost is None


def test_the_name_it_was_asked_for_counts_where_the_answer_has_another() -> None:
    assert known("openai", "some-internal-name", "gpt-4o") == (2.5, 10)
    assert known("openai", "gpt-4o-mini", "gpt-4o") == (0.15, 0.6)


def test_a_name_of_its_own_says_more_than_a_rule_for_all() -> None:
    own = {"azure/mine": Price(input=1.0, output=2.0), "up/dear": Price(input=3.0, output=4.0), "up/*": TEN}
    prices = Prices(own, common_prices(), SERVICES)
    assert prices.of("azure", "gpt-4o-2024-08-06", "mine") == own["azure/mine"]
    assert prices.of("up", "whatever", "dear") == own["up/dear"]
    assert prices.of("up", "dear", "whatever") == own["up/dear"]


def test_the_configuration_counts_before_the_list() -> None:
    common = {"openai/a-b": TEN, "openai/a": TEN}
    own = {"openai/a": Price(input=1.0, output=2.0), "openai/a-*": Price(input=3.0, output=4.0)}
    prices = Prices(own, common, {"openai": "openai"})
    assert prices.of("openai", "a") == own["openai/a"]
    assert prices.of("openai", "a-b") == own["openai/a-*"]


def test_the_longest_name_counts() -> None:
    prices = Prices(
        {name: Price(input=float(len(name)), output=0.0) for name in ("p/*", "p/a*", "p/ab*", "p/*c", "p/abc")}
    )
    found = {model: prices.of("p", model) for model in ("x", "ax", "abx", "xc", "abc")}
    assert {model: price and price.input for model, price in found.items()} == {
        "x": 3,
        "ax": 4,
        "abx": 5,
        "xc": 4,
        "abc": 5,
    }


def test_names_that_lead_in_a_circle_lead_nowhere() -> None:
    assert Prices({"p/a": Price(like="p/b"), "p/b": Price(like="p/a")}).of("p", "a") is None
    assert Prices({"p/*": Price(like="p/*x")}).of("p", "a") is None


def test_an_unknown_price_in_the_configuration_hides_the_list() -> None:
    assert Prices({"openai/gpt-4o": Price()}, common_prices(), SERVICES).of("openai", "gpt-4o") is None


def test_names_from_outside_do_not_fill_the_memory() -> None:
    prices = Prices({"p/*": TEN})
    for number in range(2 * MAX_KNOWN):
        prices.of("p", f"m{number}")
    assert len(prices._known) <= MAX_KNOWN


def test_a_name_is_undressed_piece_by_piece() -> None:
    assert list(variants("us.anthropic.claude-x-20250101-v1:0")) == [
        "us.anthropic.claude-x-20250101-v1:0",
        "anthropic.claude-x-20250101-v1:0",
        "anthropic.claude-x-20250101",
        "anthropic.claude-x",
    ]


FULL = Price(
    input=10.0,
    output=100.0,
    cached=1.0,
    cache_write=12.5,
    cache_write_1h=20.0,
    reasoning=200.0,
    audio_input=50.0,
    audio_output=500.0,
)
BARE = Price(input=10.0, output=100.0)
LONG = Price(input=1.0, output=1.0, above=1000, long=Price(input=2.0, output=4.0, cached=1.0))

CHAT = (
    b'{"prompt_tokens_details":{"audio_tokens":100,"cache_write_tokens":200},'
    b'"completion_tokens_details":{"audio_tokens":10}}'
)
CLAUDE = (
    b'{"input_tokens":700,"cache_creation_input_tokens":200,"cache_read_input_tokens":100,'
    b'"cache_creation":{"ephemeral_5m_input_tokens":50,"ephemeral_1h_input_tokens":150}}'
)
GOOGLE = b'{"promptTokensDetails":[{"modality":"TEXT","tokenCount":900},{"modality":"AUDIO","tokenCount":100}]}'
CONVERSE = b'{"cacheWriteInputTokens":200,"cacheReadInputTokens":100}'

COSTS = {
    # Millionths of a dollar, so that one token costs its price.
    "what goes in and what comes out": (BARE, Usage(1000, 50, 1050), 1000 * 10 + 50 * 100),
    "from a cache": (FULL, Usage(1000, 0, 1000, cached=400), 600 * 10 + 400 * 1),
    "from a cache that saves nothing": (BARE, Usage(1000, 0, 1000, cached=400), 1000 * 10),
    "thought": (FULL, Usage(0, 50, 50, reasoning=30), 20 * 100 + 30 * 200),
    "thought at the price of words": (BARE, Usage(0, 50, 50, reasoning=30), 50 * 100),
    "thought beside the words": (BARE, Usage(10, 50, 90, reasoning=30), 10 * 10 + 80 * 100),
    "heard, spoken and written to a cache": (
        FULL,
        Usage(1000, 50, 1050, extra=CHAT),
        700 * 10 + 100 * 50 + 200 * 12.5 + 40 * 100 + 10 * 500,
    ),
    "written to a cache for two times": (
        FULL,
        Usage(1000, 0, 1000, cached=100, extra=CLAUDE),
        700 * 10 + 100 * 1 + 50 * 12.5 + 150 * 20,
    ),
    "heard by Google": (FULL, Usage(1000, 0, 1000, extra=GOOGLE), 900 * 10 + 100 * 50),
    "written to Bedrock's cache": (
        FULL,
        Usage(1000, 0, 1000, cached=100, extra=CONVERSE),
        700 * 10 + 100 * 1 + 200 * 12.5,
    ),
    "long": (LONG, Usage(1001, 10, 1011, cached=1), 1000 * 2 + 1 + 10 * 4),
    "just not long": (LONG, Usage(1000, 10, 1010), 1000 + 10),
    "nothing": (BARE, Usage(0, 0, 0), 0),
    "more from the cache than there is": (FULL, Usage(10, 0, 10, cached=400), 10),
    "more sound than there is": (FULL, Usage(10, 5, 15, extra=CHAT), 100 * 50 + 200 * 12.5 + 10 * 500),
    "odd": (BARE, Usage(10, 5, 15, extra=b'{"prompt_tokens_details":{"audio_tokens":"many"},"cost":"much"}'), 600),
    "negative": (FULL, Usage(10, 5, 15, extra=b'{"prompt_tokens_details":{"audio_tokens":-5}}'), 600),
    "no object": (BARE, Usage(10, 5, 15, extra=b"[1]"), 600),
    "no JSON": (BARE, Usage(10, 5, 15, extra=b"{"), 600),
}


@pytest.mark.parametrize(("price", "usage", "millionths"), COSTS.values(), ids=COSTS.keys())
def test_a_usage_costs(price: Price, usage: Usage, millionths: float) -> None:
    priced = Prices({"p/m": price}).price(usage, "p", "m")
    assert priced.cost == pytest.approx(millionths / 1e6)
    assert msgspec.structs.replace(priced, cost=None) == usage


SAID = {
    "as OpenRouter": (b'{"cost":0.00014,"cost_details":{"upstream_inference_cost":null}}', 0.00014),
    "as Perplexity": (b'{"cost":{"input_tokens_cost":0.1,"total_cost":0.006}}', 0.006),
    "as xAI": (b'{"cost_in_usd_ticks":1234500}', 0.00012345),
    "that it is free": (b'{"cost":0}', 0.0),
    "that it does not know": (b'{"cost":null}', 1.0),
    "nonsense": (b'{"cost":-3}', 1.0),
}


@pytest.mark.parametrize(("extra", "cost"), SAID.values(), ids=SAID.keys())
def test_a_provider_that_says_what_it_charges_is_believed(extra: bytes, cost: float) -> None:
    usage = Usage(100_000, 0, 100_000, extra=extra)
    assert Prices({"p/m": TEN}).price(usage, "p", "m").cost == cost
    unknown = Prices().price(usage, "p", "m").cost
    assert unknown == (None if cost == 1.0 else cost)


def test_what_was_estimated_has_no_price_of_the_provider() -> None:
    """What it said was of an earlier moment."""
    usage = Usage(100_000, 0, 100_000, extra=b'{"cost":0.1}', estimated=True)
    assert Prices({"p/m": TEN}).price(usage, "p", "m").cost == 1.0


def test_costs_have_no_endless_digits() -> None:
    assert Prices({"p/m": Price(input=0.1, output=0.2)}).price(Usage(3, 3, 6), "p", "m").cost == 9e-7


def test_another_of_us_that_estimated_is_repeated() -> None:
    priced = Prices().price(Usage(1, 2, 3, extra=b'{"cost":0.5,"estimated":true}'), "p", "m")
    assert (priced.cost, priced.estimated) == (0.5, True)


def test_every_price_of_the_list_is_whole() -> None:
    """Each leads to a price, or says that there is none; what is long costs more, what is cached less."""
    listed = common_prices()
    prices = Prices({}, listed, {name.partition("/")[0]: name.partition("/")[0] for name in listed})
    for name, said in listed.items():
        service, _, model = name.partition("/")
        is_of_sounds = said.characters is not None or said.minute is not None
        if "*" in name or said == Price() or is_of_sounds:
            continue
        price = prices.of(service, model)
        assert price is not None, name
        assert price.input is not None, name
        assert price.output is not None, name
        assert price.cached is None or price.cached < price.input, name
        assert price.cache_write is None or price.cache_write > price.input, name
        if price.long is not None:
            assert price.long.input is not None, name
            assert price.long.input > price.input, name
            assert (price.long.cached is None) == (price.cached is None), name


SOUNDS = {
    "by characters": ("openai", "tts-1-1106", Measures(1_000_000, None), 15.0),
    "in another place": ("azure", "tts-1-hd", Measures(1_000_000, None), 30.0),
    "by minutes": ("openai", "whisper-1", Measures(None, 600.0), 0.06),
    "of nobody knows how much": ("openai", "whisper-1", Measures(None, None), None),
    "by tokens": ("openai", "gpt-4o-mini-tts", Measures(1_000_000, 60.0), None),
}


@pytest.mark.parametrize(("provider", "model", "measures", "cost"), SOUNDS.values(), ids=SOUNDS.keys())
def test_sounds_have_prices_of_their_own(provider: str, model: str, measures: Measures, cost: float | None) -> None:
    prices = Prices({}, common_prices(), SERVICES)
    usage = Usage(1000, 1000, 2000)
    assert prices.price_sound(usage, measures, provider, model) == msgspec.structs.replace(usage, cost=cost)
    if cost is not None:
        assert prices.price(usage, provider, model) == usage, "they are none of tokens"
