"""What holds for all tests."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ALL_SLOW = "\npytestmark = pytest.mark.slow\n"

# How long an example takes says more about the machine than about the example.
# More examples than these find little more.
settings.register_profile(
    "steady", settings(), max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without the slow tests, files that hold no others are not even read: what they import takes seconds."""
    if config.option.markexpr == "not slow" and collection_path.suffix == ".py":
        return ALL_SLOW in collection_path.read_text() or None
    return None
