from collections.abc import Iterator

import pytest

from tests.web.site import Site


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A server without a provider; nothing a test does changes it."""
    site = Site()
    yield site
    site.close()
