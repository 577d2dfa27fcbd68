"""What the environment and the command line say, and who wins."""

import re
from operator import attrgetter
from pathlib import Path

import pytest

from headgate.config import SETTINGS, ConfigError, load, load_client


def test_an_option_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    source = tmp_path / "headgate.toml"
    source.write_text("[server]\nport = 1\nkeep_alive = 1\n[store]\nsync = 'normal'")
    environ = {"HEADGATE_SERVER_PORT": "2", "HEADGATE_SERVER_KEEP_ALIVE": "2s"}
    config = load(source, environ, {"server.port": "3"})
    assert (config.server.port, config.server.keep_alive, config.store.sync) == (3, 2.0, "normal")
    assert config.server.max_connections == 10_000


def test_every_setting_of_server_and_store_has_a_variable() -> None:
    for setting in SETTINGS:
        if setting.variable:
            text = re.sub(r'^\["?|"?\]$|"', "", setting.shown_default)
            config = load(None, {setting.variable: text})
            assert attrgetter(f"{setting.section}.{setting.name}")(config) == setting.default, setting
    assert sum(bool(setting.variable) for setting in SETTINGS) > 50


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("HEADGATE_SERVER_PRT", "1", "There is no variable HEADGATE_SERVER_PRT; did you mean HEADGATE_SERVER_PORT?"),
        ("HEADGATE_API_KEYS", "1", "There is no variable HEADGATE_API_KEYS; did you mean HEADGATE_API_KEY?"),
        ("HEADGATE_SERVER_PORT", "x", 'HEADGATE_SERVER_PORT must be a whole number from 0 to 65535, not "x".'),
        ("HEADGATE_SERVER_INSECURE_OPEN", "on", 'HEADGATE_SERVER_INSECURE_OPEN must be true or false, not "on".'),
        ("HEADGATE_API_KEY", "", "HEADGATE_API_KEY must be text without spaces, of at least 8 characters."),
        ("OPENAI_API_KEY", "sk-1 2", "OPENAI_API_KEY must be text without spaces."),
        ("OLLAMA_HOST", "host:port", "OLLAMA_HOST must be the address of Ollama."),
        ("HTTPS_PROXY", "socks5://x", "HTTPS_PROXY: A proxy must be an http:// one; SOCKS and TLS to the proxy are "),
    ],
)
def test_a_wrong_variable_is_named(name: str, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, {name: text})
    assert caught.value.problems[0].startswith(problem)


def test_a_wrong_option_is_named_as_it_was_typed() -> None:
    with pytest.raises(ConfigError, match="--port must be a whole number"):
        load(None, {}, {"server.port": "99999"})


def test_an_empty_variable_is_as_good_as_none() -> None:
    config = load(None, {"HEADGATE_STORE_PATH": "", "OPENAI_API_KEY": "", "HEADGATE_CONFIG": "", "OLLAMA_HOST": ""})
    assert config.store.path == "headgate.db"
    assert [provider.name for provider in config.providers] == ["simulator"]


@pytest.mark.parametrize("service", ["HEADGATE", "HEADGATE_SERVER"])
def test_what_kubernetes_sets_for_a_service_of_our_name_is_not_ours(service: str) -> None:
    links = {
        f"{service}_PORT": "tcp://10.0.0.1:8080",
        f"{service}_SERVICE_HOST": "10.0.0.1",
        f"{service}_SERVICE_PORT": "8080",
        f"{service}_SERVICE_PORT_HTTP": "8080",
        f"{service}_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        f"{service}_PORT_8080_TCP_ADDR": "10.0.0.1",
    }
    assert load(None, links).server.port == 8080
    del links[f"{service}_PORT"]
    with pytest.raises(ConfigError, match="There is no variable"):
        load(None, links)


def test_a_client_takes_options_before_the_environment() -> None:
    environ = {"HEADGATE_URL": "http://there/", "HEADGATE_API_KEY": "env-secret"}
    client = load_client(None, None, environ)
    assert (client.url, client.key and client.key.reveal()) == ("http://there", "env-secret")
    client = load_client("http://here:1/", "option", environ)
    assert (client.url, client.key and client.key.reveal()) == ("http://here:1", "option")
    assert load_client(None, None, {}).url == "http://127.0.0.1:8080"


def test_the_environment_is_looked_at_in_one_file_only() -> None:
    root = Path(__file__).parents[2] / "src" / "headgate"
    looking = [
        path.relative_to(root).as_posix()
        for path in sorted(root.rglob("*.py"))
        if re.search(r"\b(environb?\b(?=[\[.)])|getenvb?\()", path.read_text().replace("environ.get(", ""))
        and "import os" in path.read_text()
    ]
    assert looking == ["config/environment.py"]
