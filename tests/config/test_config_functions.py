"""What the server executes for models, as it is configured: whatever would go wrong later is told at once."""

import re
from pathlib import Path

import pytest

from headgate.config import Config
from tests.config.files import loaded, problems

WEATHER = """
[functions.get_weather]
description = "The weather."
url = "https://example.com/{city}"
"""

ENVIRON = {"WEATHER_KEY": "sk-weather-123", "PATH": "/bin", "HOME": "/root", "OTHER_TOKEN": "tok-other-456"}


def of(tmp_path: Path, text: str) -> Config:
    """What a file of that text comes to."""
    return loaded(tmp_path, text, ENVIRON)


def test_nothing_is_executed_where_nothing_is_said(tmp_path: Path) -> None:
    functions = of(tmp_path, "").functions
    assert (functions.services, functions.servers, functions.python.is_used) == ((), (), False)
    assert (functions.limits.rounds, functions.limits.timeout, functions.limits.max_result) == (10, 30.0, 65536)


def test_limits_are_settings(tmp_path: Path) -> None:
    limits = of(tmp_path, '[functions]\nrounds = 3\ntimeout = "5s"\nmax_result = "2KB"').functions.limits
    assert (limits.rounds, limits.timeout, limits.max_result, limits.parallel) == (3, 5.0, 2048, 8)


def test_python_is_looked_for_beside_the_file(tmp_path: Path) -> None:
    functions = of(tmp_path, '[functions.python]\nmodules = ["a", "b:c"]\nfolders = [".", "lib"]').functions
    assert functions.python.modules == ("a", "b:c")
    assert functions.folders == (str(tmp_path.resolve()), str(tmp_path.resolve() / "lib"))


def test_a_service_with_all_that_it_may_have(tmp_path: Path) -> None:
    text = f"""{WEATHER}
method = "POST"
headers = {{ Authorization = "Bearer ${{WEATHER_KEY}}", Accept-Language = "de-DE-1996" }}
timeout = "5s"
max_answer = "10KB"
max_parallel = 2
repeatable = true
[functions.get_weather.arguments]
city = "string"
days = {{ type = "integer", default = 3 }}
note = {{ type = "string", optional = true }}
"""
    config = of(tmp_path, text).functions
    (service,) = config.services
    assert service.schema == {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "default": 3},
            "note": {"type": "string"},
        },
        "required": ["city"],
        "additionalProperties": False,
    }
    assert service.headers["Authorization"].reveal() == "Bearer sk-weather-123"
    assert (service.body, service.idempotency_header, service.repeatable) == ("json", "Idempotency-Key", True)
    assert (service.timeout, service.max_answer, service.max_parallel) == (5.0, 10240, 2)
    secrets = {secret.reveal() for secret in config.secrets}
    assert {"Bearer sk-weather-123", "sk-weather-123", "tok-other-456"} <= secrets
    assert "de-DE-1996" not in secrets
    assert "sk-" not in repr(config)


def test_what_is_fetched_has_no_body(tmp_path: Path) -> None:
    (service,) = of(tmp_path, f'{WEATHER}arguments = {{ city = "string" }}').functions.services
    assert (service.method, service.body, service.idempotency_header) == ("GET", "none", "")


def test_a_server_that_is_started(tmp_path: Path) -> None:
    text = """[mcp.files]
command = "npx"
args = ["-y", "server", "--key=${WEATHER_KEY}"]
env = { TOKEN = "${OTHER_TOKEN}" }
tools = ["read_*"]
"""
    config = of(tmp_path, text).functions
    (server,) = config.servers
    assert (server.command, [arg.reveal() for arg in server.args]) == ("npx", ["-y", "server", "--key=sk-weather-123"])
    # Of our own environment it gets what any program needs.
    assert {name: secret.reveal() for name, secret in server.env.items()} == {
        "PATH": "/bin",
        "HOME": "/root",
        "TOKEN": "tok-other-456",
    }
    assert (server.prefix, server.folder, server.is_lazy) == ("files_", str(tmp_path.resolve()), False)
    assert "--key=sk-weather-123" in {secret.reveal() for secret in config.secrets}


def test_a_server_that_is_reached(tmp_path: Path) -> None:
    text = '[mcp.far]\nurl = "https://mcp.example.com/mcp"\nstart = "when asked"\nprefix = "none"'
    (server,) = of(tmp_path, text).functions.servers
    assert (server.url, server.prefix, server.is_lazy) == ("https://mcp.example.com/mcp", "", True)


def test_a_key_may_be_kept_to_some(tmp_path: Path) -> None:
    (key,) = of(tmp_path, '[keys]\nguest = { key = "long-enough", functions = ["get_*"] }').keys
    assert (key.functions, key.channels) == (("get_*",), None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[functions]\nrounds = 0", "[functions] `rounds` must be a whole number from 1 to 100, not 0."),
        ("[functions]\nround = 1", "[functions] has no setting `round`; did you mean `rounds`?"),
        ("[functions.python]\nmodule = ['a']", "[functions.python] has no setting `module`; did you mean `modules`?"),
        (
            "[functions.'get weather']",
            "[functions.get weather]: a function's name may hold letters, digits, underscores",
        ),
        ("[functions.x]\nurl = 'http://h/'", "[functions.x] needs a `description`."),
        ("[functions.x]\ndescription = 'X'", "[functions.x] needs a `url`."),
        (
            "[functions.x]\ndescription = 'X'\nurl = 'h/x'",
            "[functions.x] `url`: it must begin with http:// or https://",
        ),
        ("[functions.x]\ndescription = 'X'\nurl = 'http://{h}/'", "[functions.x] `url`: it must begin with http://"),
        (
            "[functions.x]\ndescription = 'X'\nurl = 'http://a:b@h/'",
            "[functions.x] `url` or `headers`: The URL must not hold",
        ),
        (f"{WEATHER}", "[functions.get_weather] has a place for `city`, which is not among its `arguments`."),
        (
            f'{WEATHER}arguments = {{ city = {{ type = "string", optional = true }} }}',
            "[functions.get_weather] has `city` in the path of its `url`, so it must not be optional, and have",
        ),
        (
            f'{WEATHER}arguments = {{ city = "array" }}',
            "[functions.get_weather] has `city` in the path of its `url`, so it must not be optional, and have",
        ),
        (
            f'{WEATHER}arguments = {{ city = "text" }}',
            "[functions.get_weather] `arguments` is no JSON Schema: ",
        ),
        (
            f"{WEATHER}arguments = {{ city = 5 }}",
            '[functions.get_weather] `arguments`: `city` must be a JSON Schema, or a type like "string".',
        ),
        (
            f'{WEATHER}arguments = {{ city = "string" }}\nbody = "json"',
            "[functions.get_weather] asks with GET, which has no body.",
        ),
        (
            f'{WEATHER}arguments = {{ city = "string" }}\nbody = "xml"',
            '[functions.get_weather] `body` must be "json", "form", "none", or a table, like { text = "{words}" }, not',
        ),
        (
            f'{WEATHER}method = "POST"\narguments = {{ city = "string", x = "string" }}\nbody = {{ a = "b" }}',
            "[functions.get_weather] has an argument `x` that has no place in its `url` or its `body`.",
        ),
        (
            f'{WEATHER}method = "POST"\narguments = {{ city = "string" }}\nbody = {{ a = ["{{x}}"] }}',
            "[functions.get_weather] has a place for `x`, which is not among its `arguments`.",
        ),
        (
            f'{WEATHER}arguments = {{ city = "string" }}\nheaders = {{ A = "${{MISSING}}" }}',
            "[functions.get_weather] `headers` reads the variable MISSING, which is not set.",
        ),
        (
            f'{WEATHER}arguments = {{ city = "string" }}\nheaders = {{ Host = "x" }}',
            "[functions.get_weather] `url` or `headers`: The header Host is not the caller's to set.",
        ),
        ("[mcp.x]", "[mcp.x] must have either a `command` or a `url`."),
        ("[mcp.x]\ncommand = 'a'\nurl = 'http://h'", "[mcp.x] must have either a `command` or a `url`."),
        (
            "[mcp.'a b']\ncommand = 'a'",
            "[mcp.a b]: a server's name may hold letters, digits, underscores and hyphens only",
        ),
        ("[mcp.x]\ncommand = 'a'\nheaders = { A = 'b' }", "[mcp.x] has `headers`, which is for servers with a `url`."),
        ("[mcp.x]\nurl = 'http://h'\nargs = ['a']", "[mcp.x] has `args`, which is for servers with a `command`."),
        ("[mcp.x]\nurl = 'ftp://h'", "[mcp.x] `url` or `headers`: The URL must begin with http:// or https://."),
        ("[mcp.x]\ncommand = 'a'\nfolder = 'nowhere'", "[mcp.x] `folder` is no folder: "),
        ("[mcp.x]\ncommand = 'a'\nprefix = 'a b'", '[mcp.x] `prefix` must be "none", or a name\'s beginning, like'),
        (
            "[mcp.x]\ncommand = 'a'\nargs = ['${MISSING}']",
            "[mcp.x] `args` reads the variable MISSING, which is not set.",
        ),
        ("[keys]\na = { key = 'long-enough', functions = [] }", "[keys] `a` must have `functions` as a list of names"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in problems(tmp_path, text, ENVIRON)), problems(
        tmp_path, text, ENVIRON
    )


def test_without_its_package_there_is_no_mcp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.config.mcp.find_spec", lambda name: None)
    assert problems(tmp_path, "[mcp.x]\ncommand = 'a'") == ("[mcp] needs the package mcp: scripts/extras mcp.",)


def test_the_examples_of_the_page_work(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "functions.md"
    examples = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) >= 4
    for example in examples:
        loaded(tmp_path, example, {**ENVIRON, "ISSUES_TOKEN": "tok-issues-1"})
