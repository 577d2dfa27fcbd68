"""A provider that is taken for one of another kind: a clear error, and never an empty answer."""

import json
from collections.abc import Iterator
from itertools import product

import pytest

from tests.e2e.upstream import Upstream
from tests.serving import Serving, serving
from tests.upstreams.chaos.formats import FORMATS
from tests.upstreams.chaos.playing import KINDS, assert_good, dialect_of, hear, perform, section, sections
from tests.upstreams.raw import ask

pytestmark = pytest.mark.slow

MISTAKES = [
    (kind, f"{way}_{spoken}") for kind, way, spoken in product(KINDS, ("streams", "tells"), FORMATS) if kind != spoken
]

TITLES = {
    "chat": "OpenAI's chat completions",
    "responses": "OpenAI's Responses",
    "messages": "Anthropic's Messages",
    "generate": "Gemini's generateContent",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with Upstream(perform) as upstream:
        config = sections(upstream, ["honest"])
        config += "".join(
            section(f"{kind}_{play}{twin}", upstream.port, play, kind=kind)
            for kind, play in MISTAKES
            for twin in ("", "_led")
        )
        config += "".join(
            section(f"{kind}_{way}_right", upstream.port, f"{way}_{kind}", kind=kind)
            for kind, way in product(KINDS, ("streams", "tells"))
        )
        with serving(config) as server:
            yield server


@pytest.mark.parametrize(("kind", "play"), MISTAKES)
def test_the_format_of_somebody_else(server: Serving, kind: str, play: str) -> None:
    name = f"{kind}_{play}"
    heard = hear(server, name)
    for answer in heard.alone:
        assert answer.status == 502, answer
        message = json.loads(answer.body)["error"]["message"]
        assert message.startswith(f"{name} was asked in the format of {TITLES[kind]}")
        assert f"and answered in that of {TITLES[play.partition('_')[2]]}:" in message
    for answer, stream in zip(heard.led, (True, False), strict=True):
        assert_good(dialect_of(name), answer, stream=stream)
        assert answer.headers["headgate-attempts"].startswith(f"{name}_led/m 502 ")


@pytest.mark.parametrize(("kind", "way"), list(product(KINDS, ("streams", "tells"))))
def test_the_right_format(server: Serving, kind: str, way: str) -> None:
    """Each is a good answer where it belongs, whether it came as it was asked for or not."""
    name = f"{kind}_{way}_right"
    for stream in (True, False):
        assert_good(dialect_of(name), ask(server, dialect_of(name), f"{name}/m", stream=stream), stream=stream)
