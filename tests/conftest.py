"""What holds for all tests."""

from pathlib import Path

import pytest

ALL_SLOW = "\npytestmark = pytest.mark.slow\n"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without the slow tests, files that hold no others are not even read: what they import takes seconds."""
    if config.option.markexpr == "not slow" and collection_path.suffix == ".py":
        return ALL_SLOW in collection_path.read_text() or None
    return None
