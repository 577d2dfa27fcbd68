"""What may stand in headgate.toml, and what a person is told about what may not."""

from pathlib import Path

import pytest

from headgate.config import ConfigError, Secret, load
from headgate.runs import Several

from .files import loaded, problems


def test_everything_can_be_set(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """
        [server]
        host = "::1"
        port = 0
        max_body = "1.5 MB"
        max_connections = 5
        cors_origins = ["https://example.com"]
        body_timeout = 2.5
        keep_alive = "20s"
        shutdown_grace = 0
        log_level = "debug"
        [store]
        path = "memory"
        sync = "normal"
        retention = "7d"
        commit_interval = "5ms"
        [aliases]
        fast = "simulator/demo"
        [providers.simulator]
        """,
    )
    server, store = config.server, config.store
    assert (server.host, server.port, server.max_body, server.max_connections) == ("::1", 0, 1_572_864, 5)
    assert (server.cors_origins, server.log_level) == (("https://example.com",), "debug")
    assert (server.body_timeout, server.keep_alive, server.shutdown_grace) == (2.5, 20.0, 0.0)
    assert (store.in_memory, store.sync, store.retention, store.commit_interval) == (True, "normal", 604_800.0, 0.005)
    assert config.aliases["fast"] == "simulator/demo"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[server]\nprot = 1", "[server] has no setting `prot`; did you mean `port`?"),
        ("[serve]\nport = 1", "There is no section [serve]; did you mean [server]?"),
        ("port = 1", "`port` stands outside of any section; it belongs under [server]."),
        ("server = 1", "[server] must be a section, not 1."),
        ("[providers]\nopenai = 1", "[providers.openai] must be a section, not 1."),
        ('[server]\nport = "80"', '[server] `port` must be a whole number from 0 to 65535, not "80".'),
        ("[server]\nport = true", "[server] `port` must be a whole number from 0 to 65535, not true."),
        ("[server]\nport = 70000", "[server] `port` must be a whole number from 0 to 65535, not 70000."),
        ("[server]\ninsecure_open = 1", "[server] `insecure_open` must be true or false, not 1."),
        ('[server]\nhost = " "', '[server] `host` must be text, not " ".'),
        ('[store]\nsync = "maybe"', '[store] `sync` must be "full" or "normal", not "maybe".'),
        ('[providers.simulator]\nmodel = "x"', "[providers.simulator] has no setting `model`; did you mean `models`?"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_meant(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text) == (problem,)


@pytest.mark.parametrize("wrong", ['"5 years"', '"soon"', "-1", "nan", "inf", "true", '"1e3"', "[]", "1" + "0" * 400])
@pytest.mark.parametrize("setting", ["body_timeout", "max_body"])
def test_amounts_are_finite_and_have_units_we_know(tmp_path: Path, setting: str, wrong: str) -> None:
    assert f"`{setting}` must be a" in problems(tmp_path, f"[server]\n{setting} = {wrong}")[0]


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path, '[server]\nprot = 1\nport = "x"\n[stroe]\n[aliases]\na = "nowhere/b"\n[keys]\nk = "short"'
    )
    assert len(found) == 5


@pytest.mark.parametrize(
    ("content", "part"),
    [(b"[server\n", "is not valid TOML"), (b"a = \xff", "UTF-8"), (b"a = " + b"1" * 5000, "is not valid TOML")],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, part: str) -> None:
    source = tmp_path / "headgate.toml"
    source.write_bytes(content)
    with pytest.raises(ConfigError, match=part):
        load(source, {})


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    for path, environ in ((tmp_path / "no.toml", {}), (None, {"HEADGATE_CONFIG": str(tmp_path / "no.toml")})):
        with pytest.raises(ConfigError, match=r"no\.toml cannot be read: No such file"):
            load(path, environ)


def test_the_file_of_the_current_folder_is_read_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(None, {}).source is None
    loaded(tmp_path, "[server]\nport = 9")
    assert load(None, {}).server.port == 9


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('a = "short"', "[keys] `a` must have at least 8 characters."),
        ('a = "with a space"', "[keys] `a` must be text without spaces"),
        ('a = "line\\nend-line"', "[keys] `a` must be text without spaces"),
        ("a = 12345678", "[keys] `a` must be text without spaces"),
        ("a = {}", "[keys] `a` must have either `key` or `key_env`."),
        ('a = { key = "long enough", key_env = "X" }', "[keys] `a` must have either `key` or `key_env`."),
        ('anybody = "long-enough"', "[keys] `anybody` is how a server without keys calls its clients"),
        ('a = { kee = "long-enough", key = "long-enough" }', "`kee`; did you mean `key`?"),
        ('a = { key_env = "NOT_SET" }', "from the variable NOT_SET, which is not set."),
        ('a = { key_env = "EMPTY" }', "from the variable EMPTY, which is not set."),
        ('a = "same-same"\nb = "same-same"', "The keys `a` and `b` are the same"),
    ],
)
def test_no_key_is_ever_left_out_silently(tmp_path: Path, text: str, part: str) -> None:
    found = problems(tmp_path, f"[keys]\n{text}", {"EMPTY": ""})
    assert part in found[0]
    assert "long" not in found[0], "a secret is not repeated"


def test_keys_are_read_from_the_file_and_from_variables(tmp_path: Path) -> None:
    text = '[keys]\nplain = "plain-secret"\ntable = { key = "table-secret" }\nfrom_env = { key_env = "TEAM_KEY" }'
    keys = loaded(tmp_path, text, {"TEAM_KEY": "env-secret", "HEADGATE_API_KEY": "default-secret"}).keys
    assert [(key.name, key.secret.reveal()) for key in keys] == [
        ("plain", "plain-secret"),
        ("table", "table-secret"),
        ("from_env", "env-secret"),
        ("default", "default-secret"),
    ]


def test_a_secret_is_never_printed(tmp_path: Path) -> None:
    text = """
        [keys]
        a = "hunter2-client"
        [providers.openai]
        api_key = "hunter2-provider"
        headers = { "x-token" = "hunter2-header" }
    """
    config = loaded(tmp_path, text, {"HTTPS_PROXY": "http://me:hunter2-proxy@proxy:80"})
    assert "***" in repr(config)
    assert "hunter2" not in f"{config} {config!r} {config.keys[0].secret!s:>30}"
    assert Secret("a") == Secret("a") != Secret("b")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])
def test_a_server_without_keys_stays_on_this_machine(tmp_path: Path, host: str) -> None:
    text = f'[server]\nhost = "{host}"\n'
    (problem,) = problems(tmp_path, text)
    assert f"not on {host}. Set HEADGATE_API_KEY" in problem
    assert "--insecure-open" in problem
    assert loaded(tmp_path, text, {"HEADGATE_API_KEY": "12345678"}).server.host == host
    assert loaded(tmp_path, f"{text}insecure_open = true").server.host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machines_own_addresses_need_no_key(tmp_path: Path, host: str) -> None:
    assert loaded(tmp_path, f'[server]\nhost = "{host}"').server.host == host


ALIAS = '"provider/model", a list of them in the order to ask them, or a table that gives each a weight'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('a = "demo"', f"[aliases] `a` must be {ALIAS}."),
        ('a = ["simulator/demo", "demo"]', f"[aliases] `a` must be {ALIAS}."),
        ("a = []", f"[aliases] `a` must be {ALIAS}."),
        ('a = { "simulator/demo" = 0 }', f"[aliases] `a` must be {ALIAS}."),
        ('a = "simulator/"', f"[aliases] `a` must be {ALIAS}."),
        ('"a/b" = "simulator/demo"', "[aliases] `a/b`: an alias must be a word without slashes."),
        (
            'a = "simulatr/demo"',
            "[aliases] `a` leads to the provider `simulatr`, which is not configured; did you mean `simulator`?",
        ),
        (
            'a = "groq/x"',
            "[aliases] `a` leads to the provider `groq`, which is not configured; "
            "set GROQ_API_KEY, or add [providers.groq].",
        ),
    ],
)
def test_an_alias_leads_somewhere(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, f"[aliases]\n{text}") == (problem,)


def test_the_agent_is_what_the_default_is_unless_it_is_said(tmp_path: Path) -> None:
    both = loaded(tmp_path, '[aliases]\ndefault = "simulator/x"').aliases
    assert both == {"default": "simulator/x", "agent": "simulator/x"}
    own = loaded(tmp_path, '[aliases]\nagent = "simulator/y"').aliases
    assert own == {"default": "simulator/demo", "agent": "simulator/y"}


def test_an_alias_may_mean_several_models(tmp_path: Path) -> None:
    """In an order, or by weight."""
    aliases = loaded(
        tmp_path,
        """
        [aliases]
        safe = ["simulator/demo", "simulator/fast"]
        spread = { "simulator/demo" = 3, "simulator/fast" = 1.5 }
        one = ["simulator/demo"]
        """,
    ).aliases
    assert aliases["safe"] == Several(("simulator/demo", "simulator/fast"))
    assert aliases["spread"] == Several(("simulator/demo", "simulator/fast"), (3.0, 1.5))
    assert aliases["one"] == "simulator/demo"
    assert str(aliases["spread"]) == "simulator/demo (3) or simulator/fast (1.5)"
    assert str(aliases["safe"]) == "simulator/demo, then simulator/fast"


def test_a_provider_may_have_several_keys(tmp_path: Path) -> None:
    """From the file or from the environment, with weights."""
    text = '[providers.openai]\napi_keys_env = ["A", "B"]\nkey_weights = [2, 1]\nmax_concurrent = 5\nretries = 2\n'
    (tmp_path / "h.toml").write_text(text)
    (provider,) = load(tmp_path / "h.toml", {"A": "sk-1", "B": "sk-2"}).providers
    assert (provider.key, provider.more_keys, provider.key_weights) == (Secret("sk-1"), (Secret("sk-2"),), (2.0, 1.0))
    assert (provider.max_concurrent, provider.max_queued, provider.retries) == (5, 100, 2)
    (provider,) = loaded(tmp_path, '[providers.openai]\napi_keys = ["sk-1", "sk-2", "sk-3"]').providers
    assert len(provider.more_keys) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('api_keys = ["a"]\napi_key = "b"', "[providers.openai] must have `api_key` or `api_keys`, not both."),
        (
            'api_keys = ["a", "b"]\nkey_weights = [1]',
            "[providers.openai] `key_weights` must have one number for each of several keys.",
        ),
        ('api_keys_env = ["NONE"]', "[providers.openai] `api_keys_env`: NONE must be text without spaces."),
    ],
)
def test_keys_that_do_not_fit_together_are_named(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, f"[providers.openai]\n{text}") == (problem,)
