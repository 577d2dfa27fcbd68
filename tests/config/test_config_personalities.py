"""[purai.personalities.NAME]."""

from pathlib import Path

import pytest

from .files import loaded, problems

KIRA = '[purai.personalities.kira]\nprompt = "You are Kira."\n'


def test_there_are_none_by_default(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").personalities == {}


def test_a_prompt_is_enough(tmp_path: Path) -> None:
    kira = loaded(tmp_path, KIRA).personalities["kira"]
    assert (kira.name, kira.prompt, kira.models, kira.blocked) == ("kira", "You are Kira.", (), frozenset())
    assert (kira.owner, kira.is_nsfw, kira.defaults) == ("headgate", False, {})


def test_everything_is_read(tmp_path: Path) -> None:
    more = 'models = ["default", "simulator/echo", "gpt-4"]\nblocked_models = ["gpt-3"]\nowner = "us"\nnsfw = true\n'
    kira = loaded(tmp_path, f"{KIRA}{more}defaults = {{ temperature = 0.5, stop = ['x'] }}").personalities["kira"]
    assert kira.models == ("default", "simulator/echo", "gpt-4")
    assert kira.blocked == {"gpt-3"}
    assert (kira.owner, kira.is_nsfw, kira.defaults) == ("us", True, {"temperature": 0.5, "stop": ["x"]})


SECTION = "[purai.personalities.kira]"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (SECTION, f"{SECTION} needs a `prompt`."),
        (f"{SECTION}\nprompt = 3", f"{SECTION} `prompt` must be text, not 3."),
        (f"{KIRA}model = 'm'", f"{SECTION} has no setting `model`; did you mean `models`?"),
        (f"{KIRA}models = ['fox/m']", f"{SECTION} `models`: the provider of `fox/m` is not configured."),
        (f"{KIRA}defaults = 3", f"{SECTION} `defaults` must be a table, like {{ temperature = 0.2 }}, not 3."),
        (
            f"{KIRA}defaults = {{ temperature = 9 }}",
            f"{SECTION} `defaults`: Invalid value for 'temperature': expected 'number' <= 2.0.",
        ),
        (f"{KIRA}defaults = {{ messages = [] }}", f"{SECTION} `defaults` must not have `messages`."),
        (
            "[purai.personalities.'a b']\nprompt = 'x'",
            "[purai.personalities.a b]: a personality's name may hold letters, digits, dots, hyphens and underscores "
            "only.",
        ),
        ("[purai]\nmodels = []", "[purai] has no setting `models`; known are `personalities`."),
        ("[purai]\npersonalities = 3", "[purai.personalities] must be a section, not 3."),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text) == (problem,)
