"""Aliases that bring functions and words of their own."""

from pathlib import Path

import pytest

from headgate.config.assistants import PROMPT, TODOS
from headgate.runs import Assistant, Several
from tests.config.files import loaded, problems


def test_the_agent_has_the_todos_unless_it_is_said(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").assistants == {"agent": Assistant(TODOS, PROMPT)}
    plain = loaded(tmp_path, '[aliases]\nagent = "simulator/fast"')
    assert plain.assistants == {"agent": Assistant(TODOS, PROMPT)}
    worded = loaded(tmp_path, '[aliases.agent]\nprompt = "Be brief."')
    assert worded.assistants == {"agent": Assistant(TODOS, "Be brief.")}
    own = loaded(tmp_path, '[aliases.agent]\nfunctions = ["weather"]')
    assert own.assistants == {"agent": Assistant(("weather",))}
    none = loaded(tmp_path, "[aliases.agent]\nfunctions = []")
    assert none.assistants == {}
    assert none.aliases["agent"] == "simulator/demo"


def test_any_alias_may_be_an_assistant(tmp_path: Path) -> None:
    """In a section, beside those that are written on a line."""
    config = loaded(
        tmp_path,
        """
        [aliases]
        quick = "simulator/fast"

        [aliases.helper]
        models = ["simulator/demo", "simulator/fast"]
        functions = ["weather", "weather", "search"]
        prompt = "You help."

        [aliases.spread]
        models = { "simulator/demo" = 3, "simulator/fast" = 1 }

        [aliases.echo]
        models = "simulator/echo"
        prompt = "You echo."
        """,
    )
    assert config.aliases["helper"] == Several(("simulator/demo", "simulator/fast"))
    assert config.aliases["spread"] == Several(("simulator/demo", "simulator/fast"), (3.0, 1.0))
    assert config.aliases["echo"] == "simulator/echo"
    assert config.assistants["helper"] == Assistant(("weather", "search"), "You help.")
    assert config.assistants["echo"] == Assistant((), "You echo.")
    assert set(config.assistants) == {"helper", "echo", "agent"}


def test_an_assistant_that_names_no_models_is_what_the_default_is(tmp_path: Path) -> None:
    config = loaded(tmp_path, '[aliases]\ndefault = "simulator/fast"\n[aliases.helper]\nfunctions = ["weather"]')
    assert config.aliases["helper"] == config.aliases["agent"] == "simulator/fast"
    default = loaded(tmp_path, '[aliases.default]\nfunctions = ["weather"]')
    assert default.aliases["default"] == "simulator/demo"
    assert default.assistants["default"] == Assistant(("weather",))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('functions = "weather"', "[aliases.a] `functions` must be a list of texts."),
        ("functions = [1]", "[aliases.a] `functions` must be a list of texts."),
        ('prompt = ["x"]', "[aliases.a] `prompt` must be text."),
        ('prompt = "x"\nfunction = ["y"]', "[aliases.a] has no setting `function`; did you mean `functions`?"),
        (
            'models = ["nowhere"]',
            '[aliases] `a` must be "provider/model", a list of them in the order to ask them, or a table that gives '
            "each a weight.",
        ),
    ],
)
def test_what_is_wrong_with_an_assistant_is_said(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, f"[aliases.a]\n{text}") == (problem,)


def test_an_assistant_needs_models_where_nothing_is_the_default(tmp_path: Path) -> None:
    text = '[providers.mine]\nkind = "openai"\nbase_url = "http://127.0.0.1:9/v1"\n[aliases.a]\nprompt = "x"'
    assert problems(tmp_path, text) == ("[aliases.a] needs `models`, for there is no alias `default`.",)
    assert problems(tmp_path, '[aliases."a/b"]\nprompt = "x"') == (
        "[aliases] `a/b`: an alias must be a word without slashes.",
    )
