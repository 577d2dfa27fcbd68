from collections.abc import Iterator

import pytest

from tests.serving import Serving, serving

KEYS = '[keys]\nalice = "key-of-alice"\nbob = "key-of-bob"\n'


@pytest.fixture(scope="session")
def server() -> Iterator[Serving]:
    """An open one; tests look at nothing that others may have left."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def keyed() -> Iterator[Serving]:
    """One with keys."""
    with serving(KEYS) as server:
        yield server
