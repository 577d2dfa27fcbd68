"""What models cost, as the configuration says it."""

from pathlib import Path

import pytest

from headgate.config.prices import common_prices, services
from headgate.runs.price import Price
from headgate.runs.prices import Prices

from .files import loaded, problems

BOX = '[providers.box]\nkind = "vllm"\nbase_url = "http://box:8000/v1"\n'


def test_a_price_can_be_set(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        BOX
        + """
        [prices."box/m"]
        input = 1.25
        output = 10
        cached = 0.125
        cache_write = 1.5
        cache_write_1h = 2
        reasoning = 12
        audio_input = 3
        audio_output = 4
        above = 1000
        long = { input = 2.5, output = 15 }
        [prices."box/x/*"]
        like = "openai/*"
        [prices."box/unknown"]
        [prices."openai/gpt-4o"]
        input = 0
        output = 0
        """,
    )
    assert config.prices == {
        "box/m": Price(
            input=1.25,
            output=10.0,
            cached=0.125,
            cache_write=1.5,
            cache_write_1h=2.0,
            reasoning=12.0,
            audio_input=3.0,
            audio_output=4.0,
            above=1000,
            long=Price(input=2.5, output=15.0),
        ),
        "box/x/*": Price(like="openai/*"),
        "box/unknown": Price(),
        "openai/gpt-4o": Price(input=0.0, output=0.0),
    }
    prices = Prices(config.prices, common_prices(), services(config.providers))
    assert (found := prices.of("box", "x/gpt-4o-mini")) is not None
    assert found.input == 0.15
    assert prices.of("box", "unknown") is None
    assert (free := prices.of("box", "anything")) is not None
    assert (free.input, free.output) == (0.0, 0.0)


WRONG = {
    "no model": (
        "[prices.box]\ninput = 1\noutput = 1",
        '[prices."box"] must be named "provider/model"; the model may hold one `*`.',
    ),
    "two stars": (
        '[prices."box/*a*"]\ninput = 1\noutput = 1',
        '[prices."box/*a*"] must be named "provider/model"; the model may hold one `*`.',
    ),
    "any provider": (
        '[prices."*/m"]\ninput = 1\noutput = 1',
        '[prices."*/m"] must be named "provider/model"; the model may hold one `*`.',
    ),
    "nobody": (
        '[prices."bax/m"]\ninput = 1\noutput = 1',
        '[prices."bax/m"] is for the provider `bax`, which is not configured; did you mean `box`?',
    ),
    "a slip": (
        '[prices."box/m"]\ninput = 1\noutput = 1\ncashed = 2',
        '[prices."box/m"] has no setting `cashed`; did you mean `cached`?',
    ),
    "text": (
        '[prices."box/m"]\ninput = "1"\noutput = 1',
        '[prices."box/m"] `input` must be dollars for a million tokens, 0 or more.',
    ),
    "less than nothing": (
        '[prices."box/m"]\ninput = 1\noutput = -1',
        '[prices."box/m"] `output` must be dollars for a million tokens, 0 or more.',
    ),
    "no number": (
        '[prices."box/m"]\ninput = nan\noutput = 1',
        '[prices."box/m"] `input` must be dollars for a million tokens, 0 or more.',
    ),
    "half": ('[prices."box/m"]\ninput = 1', '[prices."box/m"] needs an `input` and an `output`.'),
    "half of long": (
        '[prices."box/m"]\ninput = 1\noutput = 1\nabove = 5',
        '[prices."box/m"] needs both `above` and `long`, or neither.',
    ),
    "long without a number": (
        '[prices."box/m"]\ninput = 1\noutput = 1\nabove = 0\nlong = { input = 1, output = 1 }',
        '[prices."box/m"] `above` must be a number of tokens.',
    ),
    "like and more": (
        '[prices."box/m"]\ninput = 1\nlike = "box/x"',
        '[prices."box/m"] `like` must be another name, "provider/model", and stand alone.',
    ),
    "like nothing": (
        '[prices."box/m"]\nlike = "x"',
        '[prices."box/m"] `like` must be another name, "provider/model", and stand alone.',
    ),
    "characters and tokens": (
        '[prices."box/m"]\ncharacters = 1\ninput = 1\noutput = 1',
        '[prices."box/m"] `input` cannot stand beside `characters` or `minute`.',
    ),
    "no minute": (
        '[prices."box/m"]\nminute = true',
        '[prices."box/m"] `minute` must be dollars for a minute, 0 or more.',
    ),
    "no table": ('[prices]\n"box/m" = 5', '[prices."box/m"] must be a section, not 5.'),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_price_is_told(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in problems(tmp_path, BOX + text)


def test_the_list_counts_for_the_services_themselves(tmp_path: Path) -> None:
    """Not for a stranger that only speaks like one of them."""
    config = loaded(
        tmp_path,
        BOX
        + """
        [providers.openai]
        base_url = "http://a-proxy-of-ours/v1"
        [providers.second]
        kind = "openai"
        api_key = "k"
        [providers.stranger]
        kind = "openai"
        base_url = "http://stranger/v1"
        [providers.claude]
        kind = "anthropic"
        base_url = "http://stranger/v1"
        [providers.cloud]
        kind = "azure"
        base_url = "https://mine.openai.azure.com/openai/v1"
        [providers.play]
        kind = "simulator"
        """,
    )
    assert services(config.providers) == {
        "box": "vllm",
        "openai": "openai",
        "second": "openai",
        "cloud": "azure",
        "play": "simulator",
    }
