from collections.abc import Iterator

import pytest

from tests.purai.companies import Company, Town, town

CONFIG = """
[store]
path = "memory"

[aliases]
safe = ["fox/small", "openai/gpt-3.5-turbo"]

[purai.personalities.kira]
prompt = "You are Kira."
models = ["gpt-3.5-turbo"]
blocked_models = ["gpt-4", "small"]
defaults = { temperature = 0.2 }
nsfw = true
"""


@pytest.fixture(scope="session")
def _town() -> Iterator[Town]:
    fox = Company("fox", models=["small", "gpt-3.5-turbo"], own="small")
    openai = Company("openai", models=["gpt-3.5-turbo", "gpt-4"], own="gpt-3.5-turbo")
    catto = Company("catto", models=["gpt-4"], own="gpt-4")
    with town(fox, openai, catto, config=CONFIG) as made:
        yield made


@pytest.fixture
def place(_town: Town) -> Town:
    """A server with three providers, all of them well."""
    _town.well()
    return _town
