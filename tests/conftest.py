"""What holds for all tests."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ALL_SLOW = "\npytestmark = pytest.mark.slow\n"

FEW, MANY = 20, 100
"""Examples of each kind, without the slow tests and with them."""


def pytest_configure(config: pytest.Config) -> None:
    """How long an example takes says more about the machine than about the example: there is no limit."""
    settings.register_profile(
        "steady",
        settings(),
        max_examples=FEW if _leaves_out_slow(config) else MANY,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("steady")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without the slow tests, files that hold no others are not even read: what they import takes seconds."""
    if _leaves_out_slow(config) and collection_path.suffix == ".py":
        return ALL_SLOW in collection_path.read_text() or None
    return None


def _leaves_out_slow(config: pytest.Config) -> bool:
    return bool(config.option.markexpr == "not slow")
