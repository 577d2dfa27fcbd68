"""`headgate functions` and what `headgate check` says of them, as a process of their own."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.cli.command import Done, headgate

pytestmark = pytest.mark.slow

HANDMADE = Path(__file__).parents[1] / "tools" / "handmade.py"

TOOLS = '''
from headgate.tools import ToolError

def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b

def fail() -> str:
    """Fail."""
    raise ToolError("There is no such thing.")
'''

CONFIG = f"""
[functions.python]
modules = ["my_tools"]
[functions.get_weather]
description = "The weather."
url = "https://example.com/secret-path/{{city}}"
arguments = {{ city = "string" }}
[mcp.it]
command = "{sys.executable}"
args = ["{HANDMADE}", "honest", "--key=sk-secret-123"]
"""


def run(tmp_path: Path, *arguments: str, config: str = CONFIG) -> Done:
    """Run it in a folder with those functions."""
    (tmp_path / "my_tools.py").write_text(TOOLS)
    (tmp_path / "headgate.toml").write_text(config)
    return asyncio.run(headgate(*arguments, cwd=tmp_path))


def test_all_of_them_are_listed(tmp_path: Path) -> None:
    done = run(tmp_path, "functions")
    rows = [line.split(maxsplit=2) for line in done.out.splitlines()]
    assert done.code == 0, done.err
    assert rows[0] == ["NAME", "FROM", "WHAT FOR"]
    assert ["add", "python", "Add two numbers."] in rows
    assert ["get_weather", "http", "The weather."] in rows
    assert any(row[:2] == ["it_say", "mcp"] for row in rows)
    assert "create_todo" in done.out


def test_one_is_tried(tmp_path: Path) -> None:
    done = run(tmp_path, "functions", "call", "add", '{"a": 2}')
    assert (done.code, done.out) == (0, "3\n"), done.err
    said = run(tmp_path, "functions", "call", "it_say", '{"word": "hello"}')
    assert (said.code, said.out) == (0, "say says hello\n"), said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("call", "fail"), "headgate: There is no such thing."),
        (("call", "add", '{"a": "x"}'), '- a: "x" is not of type "integer"'),
        (("call", "nothing"), "headgate: There is no function 'nothing'."),
    ],
)
def test_what_came_to_nothing_is_told(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(tmp_path, "functions", *arguments, config='[functions.python]\nmodules = ["my_tools"]')
    assert (done.code, done.out) == (1, "")
    assert words in done.err


def test_what_models_are_told_is_printed_as_json(tmp_path: Path) -> None:
    done = run(tmp_path, "functions", "--json", config='[functions.python]\nmodules = ["my_tools:add"]')
    (add,) = [each for each in json.loads(done.out)["data"] if each["name"] == "add"]
    assert add["parameters"]["required"] == ["a"]


@pytest.mark.parametrize("arguments", [("list", "add"), ("call",)])
def test_what_cannot_be_meant_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert run(tmp_path, "functions", *arguments, config="").code == 2


def test_check_shows_where_they_come_from_and_no_secrets(tmp_path: Path) -> None:
    done = run(tmp_path, "check")
    assert done.code == 0, done.err
    assert "functions   in Python: my_tools\n" in done.out
    assert "            get_weather: GET at example.com\n" in done.out
    assert f"            of the MCP server it, by {sys.executable}\n" in done.out
    assert "secret" not in done.out


@pytest.mark.parametrize("command", ["check", "serve", "functions"])
def test_what_cannot_be_loaded_stops_the_start(tmp_path: Path, command: str) -> None:
    port = ["--port", "0"] if command == "serve" else []
    done = run(tmp_path, command, *port, config='[functions.python]\nmodules = ["nowhere", "my_tools:nothing"]')
    assert done.code == 2
    assert "`nowhere` cannot be loaded: ModuleNotFoundError: No module named 'nowhere'." in done.err
    assert "`my_tools:nothing` cannot be loaded: AttributeError: " in done.err
    assert "Traceback" not in done.err
