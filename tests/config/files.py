"""Configurations as they are written in a file."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from headgate.config import Config, ConfigError, load


def loaded(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration that a file with that text makes."""
    source = tmp_path / "headgate.toml"
    source.write_text(text, encoding="utf-8")
    return load(source, environ or {})


def problems(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """What is wrong with a file of that text."""
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, environ)
    return caught.value.problems
