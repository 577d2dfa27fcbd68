"""Which providers are found, where they are, and with which key."""

from pathlib import Path

import pytest

from headgate.config import Config, ConfigError, load
from headgate.providers.base import Limits

from .files import loaded, problems


def names(config: Config) -> list[str]:
    return [provider.name for provider in config.providers]


def test_without_anything_there_is_the_simulator() -> None:
    config = load(None, {})
    assert names(config) == ["simulator"]
    assert config.providers[0].is_simulator
    assert config.aliases == {"default": "simulator/demo", "agent": "simulator/demo"}


def test_a_key_in_the_environment_makes_a_provider() -> None:
    config = load(None, {"GROQ_API_KEY": "g", "OPENAI_API_KEY": "sk"})
    assert names(config) == ["openai", "groq"], "in the registry's order, and without the simulator"
    openai = config.providers[0]
    assert (openai.base_url, openai.key_variable) == ("https://api.openai.com/v1", "OPENAI_API_KEY")
    assert openai.key is not None
    assert openai.key.reveal() == "sk"
    assert config.aliases["default"] == "openai/gpt-6-luna"


@pytest.mark.parametrize(
    ("environ", "variable", "key"),
    [
        ({"GEMINI_API_KEY": "a"}, "GEMINI_API_KEY", "a"),
        ({"GOOGLE_API_KEY": "b"}, "GOOGLE_API_KEY", "b"),
        ({"GEMINI_API_KEY": "a", "GOOGLE_API_KEY": "b"}, "GEMINI_API_KEY", "a"),
        ({"GEMINI_API_KEY": "", "GOOGLE_API_KEY": "b"}, "GOOGLE_API_KEY", "b"),
    ],
)
def test_a_key_may_stand_in_either_of_two_variables(environ: dict[str, str], variable: str, key: str) -> None:
    (gemini,) = load(None, {**environ, "GOOGLE_GEMINI_BASE_URL": "https://proxy.example"}).providers
    assert (gemini.name, gemini.base_url) == ("gemini", "https://proxy.example/v1beta")
    assert gemini.key is not None
    assert (gemini.key_variable, gemini.key.reveal()) == (variable, key)


def test_the_file_comes_first_and_keeps_its_order(tmp_path: Path) -> None:
    config = loaded(tmp_path, "[providers.simulator]\n[providers.groq]", {"OPENAI_API_KEY": "x", "GROQ_API_KEY": "y"})
    assert names(config) == ["simulator", "groq", "openai"]
    assert config.aliases["default"] == "simulator/demo"


def test_a_local_server_is_found_by_its_address_only() -> None:
    assert names(load(None, {"OLLAMA_HOST": "gpu-box"})) == ["ollama"]
    assert load(None, {"OLLAMA_HOST": "gpu-box"}).aliases == {}, "nobody knows which models it has"


def test_an_address_alone_asks_for_no_service_that_needs_a_key() -> None:
    assert names(load(None, {"OPENAI_BASE_URL": "http://proxy/v1"})) == ["simulator"]


def test_azure_needs_its_address_too() -> None:
    config = load(None, {"AZURE_OPENAI_API_KEY": "k"})
    assert names(config) == ["simulator"]
    assert config.notes == ("AZURE_OPENAI_API_KEY is set, but AZURE_OPENAI_ENDPOINT is not: azure is left out.",)
    both = {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com/"}
    assert load(None, both).providers[0].base_url == "https://me.openai.azure.com/openai/v1"


def test_a_token_for_many_things_is_no_wish_for_this_one(tmp_path: Path) -> None:
    assert names(load(None, {"HF_TOKEN": "t"})) == ["simulator"]
    (huggingface,) = loaded(tmp_path, "[providers.huggingface]", {"HF_TOKEN": "t"}).providers
    assert huggingface.key is not None


def test_everything_about_a_provider_can_be_said(tmp_path: Path) -> None:
    text = """
        [providers.mine]
        kind = "openai"
        base_url = "http://gpu-box:9000/v1/"
        api_key_env = "MY_KEY"
        models = ["big", "small"]
        headers = { "X-Team" = "blue" }
        endpoints = ["chat", "responses"]
        connect_timeout = 1
        first_event_timeout = "2s"
        idle_timeout = "3s"
        total_timeout = "1m"
    """
    config = loaded(tmp_path, text, {"MY_KEY": "secret"})
    (mine,) = config.providers
    assert (mine.base_url, mine.key_variable, mine.models) == ("http://gpu-box:9000/v1", "MY_KEY", ("big", "small"))
    assert mine.key is not None
    assert mine.key.reveal() == "secret"
    assert mine.headers["X-Team"].reveal() == "blue"
    assert mine.endpoints == {"chat", "responses"}
    assert mine.limits == Limits(connect=1, first_event=2, idle=3, total=60)
    assert config.aliases["default"] == "mine/big"
    assert config.owned == (), "somebody's own service does not own OpenAI's model names"


def test_a_row_says_what_the_file_does_not(tmp_path: Path) -> None:
    (box,) = loaded(tmp_path, '[providers.box]\nkind = "vllm"\nbase_url = "http://box/v1"').providers
    assert box.service is not None
    assert box.service.name == "vllm"
    assert box.endpoints == {"chat", "completions", "responses", "embeddings", "transcriptions"}
    assert box.limits == Limits()
    assert not box.lacks_key


def test_openais_key_goes_to_no_stranger(tmp_path: Path) -> None:
    """A compatible service at another address must not be sent a key that was meant for OpenAI."""
    text = '[providers.{}]\nkind = "openai"\nbase_url = "https://elsewhere.example/v1"'
    environ = {"OPENAI_API_KEY": "sk"}
    assert loaded(tmp_path, text.format("mine"), environ).providers[0].key is None
    assert loaded(tmp_path, text.format("openai"), environ).providers[0].key is not None, "its own section says so"
    assert loaded(tmp_path, '[providers.mine]\nkind = "openai"', environ).providers[0].key is not None
    text = '[providers.mine]\nkind = "groq"\nbase_url = "https://elsewhere.example/v1"'
    assert loaded(tmp_path, text, {"GROQ_API_KEY": "g"}).providers[0].key is None


def test_a_missing_key_is_no_reason_not_to_start(tmp_path: Path) -> None:
    """Callers of some APIs bring the provider's key with each request."""
    (openai,) = loaded(tmp_path, "[providers.openai]").providers
    assert openai.lacks_key
    assert openai.key_variable == "OPENAI_API_KEY"


def test_model_names_belong_to_the_first_provider_that_owns_them(tmp_path: Path) -> None:
    config = loaded(tmp_path, '[providers.eu]\nkind = "openai"\n[providers.xai]', {"OPENAI_API_KEY": "x"})
    assert ("gpt-", "eu") in config.owned
    assert ("grok-", "xai") in config.owned
    assert ("gpt-", "openai") not in config.owned


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[providers.mistrl]", '"mistrl" is no service known here: "openai" for any that is compatible'),
        ("[providers.mistrl]", "did you mean `mistral`?"),
        ('[providers.a]\nkind = "opnai"', '`kind` is no service known here: "opnai"; did you mean `openai`?'),
        ("[providers.'a b']", "a provider's name may hold letters, digits, dots, hyphens and underscores only."),
        ("[providers.'a/b']", "a provider's name may hold letters, digits, dots, hyphens and underscores only."),
        ("[providers.azure]", "[providers.azure] needs a `base_url`, or the variable AZURE_OPENAI_ENDPOINT."),
        ('[providers.openai]\nbase_url = "api.com"', "`base_url`: The URL must begin with http:// or https://."),
        ('[providers.openai]\nbase_url = "https://u:p@x.com"', "must not hold a user or a password"),
        ('[providers.openai]\nbase_url = "https://x.com/?v=1"', "must not have a query"),
        ('[providers.openai]\nheaders = { "a b" = "c" }', "[providers.openai] `headers`: A header's name holds"),
        ('[providers.openai]\nheaders = { a = "c\\nd" }', "[providers.openai] `headers`: The value of the header a "),
        ("[providers.openai]\nheaders = { a = 1 }", "`headers` must be a table of texts"),
        ("[providers.openai]\nendpoints = []", "`endpoints` must be a list of some of"),
        ('[providers.openai]\nendpoints = ["chatt"]', "`endpoints` must be a list of some of"),
        ('[providers.openai]\napi_key = "a"\napi_key_env = "B"', "must have `api_key` or `api_key_env`, not both."),
        ('[providers.simulator]\napi_key = "a"', "is a simulator, which has no use for `api_key`."),
        ('[providers.llamacpp]\nbase_url = "http://localhost:8080/v1"', "which is this server itself"),
    ],
)
def test_a_wrong_provider_is_refused(tmp_path: Path, text: str, part: str) -> None:
    assert part in "\n".join(problems(tmp_path, text))


def test_a_wrong_key_is_not_repeated(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '[providers.openai]\napi_key = "hunter 2"')
    assert problem == "[providers.openai] `api_key` must be text without spaces."


def test_the_address_for_our_own_clients_does_not_make_us_call_ourselves() -> None:
    with pytest.raises(ConfigError, match="is this server itself; give one of them another port"):
        load(None, {"OPENAI_API_KEY": "x", "OPENAI_BASE_URL": "http://127.0.0.1:8080/v1"})
