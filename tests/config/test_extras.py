"""What is missing for a feature is told with a command that brings it."""

import re
import tomllib
from pathlib import Path

import pytest

from headgate.config import mcp, mercure, observing
from headgate.providers import aws
from headgate.streams.waking import errors as waking

HERE = Path(__file__).parents[2]
DECLARED = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]["optional-dependencies"]
LOCKED = {file.stem: file.read_text() for file in (HERE / "requirements" / "extras").glob("*.txt")}


def test_every_extra_has_a_lock_and_every_lock_an_extra() -> None:
    assert LOCKED.keys() == DECLARED.keys()


@pytest.mark.parametrize("extra", DECLARED)
def test_a_lock_holds_what_its_extra_needs(extra: str) -> None:
    for package in DECLARED[extra]:
        name = re.split(r"[>=<~]", package)[0]
        assert f"\n{name}==" in LOCKED[extra], name


@pytest.mark.parametrize("sentence", [aws.EXTRA, observing.EXTRA, mercure.EXTRA, mcp.EXTRA, waking.EXTRA])
def test_what_is_to_be_done_can_be_done(sentence: str) -> None:
    script, extra = sentence.split(": ")[-1].split()
    assert (HERE / script).is_file()
    assert extra in LOCKED
