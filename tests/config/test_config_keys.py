"""Keys that are for some channels only."""

from pathlib import Path

import pytest

from headgate.config.channels import Channels
from headgate.dialects.messaging.switchboard import Limits
from tests.config.files import loaded, problems


def test_a_key_may_be_for_some_channels_only(tmp_path: Path) -> None:
    text = '[keys]\na = "long-enough"\nb = { key = "also-long", channels = ["sales-*", "tab|*"] }'
    assert [key.channels for key in loaded(tmp_path, text).keys] == [None, ("sales-*", "tab|*")]


@pytest.mark.parametrize("channels", ["[]", '"sales"', "[1]", '[""]', "{}", "5"])
def test_channels_that_are_none_are_a_problem(tmp_path: Path, channels: str) -> None:
    """A restriction that was silently left out would open everything."""
    (problem,) = problems(tmp_path, f'[keys]\na = {{ key = "long-enough", channels = {channels} }}')
    assert problem.startswith("[keys] `a` must have `channels` as a list of names or patterns")


def test_a_misspelt_setting_of_a_key_is_a_problem(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '[keys]\na = { key = "long-enough", chanels = ["a"] }')
    assert problem == "[keys] `a` has no setting `chanels`; did you mean `channels`?"


def test_the_limits_of_the_configuration_are_those_of_the_switchboard() -> None:
    config, limits = Channels(), Limits()
    assert (config.max_message, config.messages_per_second) == (limits.message, limits.messages_per_second)
    assert config.connections_per_key == limits.connections_per_key
