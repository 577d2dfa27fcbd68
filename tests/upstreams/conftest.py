"""What the tests of this folder share."""

from collections.abc import Iterator

import pytest

from tests.upstreams.asking import ASKS
from tests.upstreams.llama import Llama, llama


@pytest.fixture(scope="module")
def upstream() -> Iterator[Llama]:
    """llama.cpp's server."""
    with llama() as running:
        yield running


@pytest.fixture(params=ASKS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Each of ours."""
    return str(request.param)


@pytest.fixture(params=[True, False], ids=["stream", "whole"])
def stream(request: pytest.FixtureRequest) -> bool:
    """Both ways to be answered."""
    return bool(request.param)
