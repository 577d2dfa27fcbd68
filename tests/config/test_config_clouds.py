"""The services of clouds: where they are, and what else has to be said to them."""

import sys
from pathlib import Path

import pytest

from headgate.cli.summary import facts, key_state
from headgate.config import ProviderConfig, load
from headgate.providers.registry import CONVERSE

from .files import loaded, problems

AWS_KEY, REGION = "AWS_BEARER_TOKEN_BEDROCK", {"AWS_REGION": "eu-north-1"}
AT_AMAZON = "https://bedrock-runtime.eu-north-1.amazonaws.com"
AZURE = {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com/"}
V1, DEPLOYMENTS = "https://me.openai.azure.com/openai/v1", "https://me.openai.azure.com/openai"


def bedrock(environ: dict[str, str]) -> ProviderConfig:
    """The provider that an environment asks for."""
    (provider,) = load(None, environ).providers
    assert (provider.name, provider.endpoints) == ("bedrock", CONVERSE)
    return provider


def test_a_key_of_bedrocks_and_a_region_make_a_provider() -> None:
    provider = bedrock({AWS_KEY: "k", **REGION})
    assert (provider.base_url, provider.region, provider.is_signed) == (AT_AMAZON, "eu-north-1", False)
    assert key_state(provider) == f"key from {AWS_KEY}"
    assert bedrock({AWS_KEY: "k", "AWS_DEFAULT_REGION": "eu-north-1"}).base_url == AT_AMAZON
    assert bedrock({AWS_KEY: "k", **REGION, "AWS_DEFAULT_REGION": "us-east-1"}).base_url == AT_AMAZON


def test_a_key_without_a_region_is_noted() -> None:
    config = load(None, {AWS_KEY: "k"})
    assert config.providers[0].is_simulator
    assert config.notes == (f"{AWS_KEY} is set, but AWS_REGION is not: bedrock is left out.",)


def test_credentials_alone_ask_for_nothing_but_an_address_does() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", **REGION}
    assert load(None, environ).providers[0].is_simulator
    assert load(None, environ).notes == ()
    provider = bedrock({**environ, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://vpce.example"})
    assert (provider.base_url, provider.is_signed) == ("https://vpce.example", True)


def test_a_section_is_signed_for_with_credentials(tmp_path: Path) -> None:
    (provider,) = loaded(tmp_path, '[providers.bedrock]\nregion = "us-east-1"', REGION).providers
    assert (provider.base_url, provider.region) == ("https://bedrock-runtime.us-east-1.amazonaws.com", "us-east-1")
    assert provider.is_signed
    assert not provider.lacks_key
    (provider,) = loaded(tmp_path, "[providers.bedrock]", REGION).providers
    assert (provider.base_url, provider.region) == (AT_AMAZON, "eu-north-1")


def test_the_address_may_say_the_region(tmp_path: Path) -> None:
    fips = "https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com"
    for text in (f'[providers.up]\nkind = "bedrock"\nbase_url = "{fips}"',):
        (provider,) = loaded(tmp_path, text, REGION).providers
        assert (provider.base_url, provider.region) == (fips, "us-gov-west-1")


@pytest.mark.parametrize(
    ("text", "environ", "problem"),
    [
        ("[providers.bedrock]", {}, "[providers.bedrock] needs a `region`, or the variable AWS_REGION."),
        (
            '[providers.bedrock]\nbase_url = "https://vpce.example"', {},
            "[providers.bedrock] needs a `region`, or the variable AWS_REGION.",
        ),
        (
            "[providers.bedrock]", {"AWS_REGION": "eu/../x"},
            "AWS_REGION or AWS_DEFAULT_REGION must be a word of letters, digits and hyphens.",
        ),
        (
            '[providers.openai]\nregion = "x"\napi_version = "preview"', {},
            "[providers.openai] is OpenAI, which has no use for `region`.",
        ),
        (
            "[providers.azure]", {**AZURE, "OPENAI_API_VERSION": "a b"},
            "OPENAI_API_VERSION must be a word of letters, digits and hyphens.",
        ),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_said(tmp_path: Path, text: str, environ: dict[str, str], problem: str) -> None:
    assert problem in problems(tmp_path, text, environ)


def test_a_key_for_an_address_of_ones_own_needs_no_region(tmp_path: Path) -> None:
    text = '[providers.up]\nkind = "bedrock"\nbase_url = "https://proxy.example"\napi_key = "k"'
    (provider,) = loaded(tmp_path, text).providers
    assert (provider.base_url, provider.region, provider.is_signed) == ("https://proxy.example", "", False)


def test_check_says_how_requests_are_signed_and_what_is_missing_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = loaded(tmp_path, "[providers.bedrock]", REGION)
    assert ("providers", f"bedrock at {AT_AMAZON}, signed with AWS credentials") in facts(config)
    monkeypatch.setitem(sys.modules, "botocore", None)
    sentence = f"bedrock at {AT_AMAZON}, no key, and to sign requests it needs botocore: scripts/extras bedrock"
    assert ("providers", sentence) in facts(config)


@pytest.mark.parametrize(
    ("environ", "url", "version"),
    [
        ({}, V1, ""),
        ({"AZURE_OPENAI_ENDPOINT": DEPLOYMENTS + "/"}, V1, ""),
        ({"AZURE_OPENAI_ENDPOINT": "https://me.example/azure-openai"}, "https://me.example/azure-openai/openai/v1", ""),
        ({"OPENAI_API_VERSION": "2024-10-21"}, DEPLOYMENTS, "2024-10-21"),
        ({"OPENAI_API_VERSION": "2025-04-01-preview"}, DEPLOYMENTS, "2025-04-01-preview"),
        ({"OPENAI_API_VERSION": "preview"}, V1, "preview"),
        ({"OPENAI_API_VERSION": "2024-10-21", "AZURE_OPENAI_ENDPOINT": V1 + "/"}, V1, ""),
        ({"OPENAI_API_VERSION": "2024-10-21", "AZURE_OPENAI_ENDPOINT": DEPLOYMENTS}, DEPLOYMENTS, "2024-10-21"),
    ],
)
def test_azures_version_says_which_of_its_two_apis_is_meant(environ: dict[str, str], url: str, version: str) -> None:
    (provider,) = load(None, {**AZURE, **environ}).providers
    assert (provider.base_url, provider.api_version) == (url, version)
    assert provider.by_deployment is version.startswith("20")


@pytest.mark.parametrize(
    ("kind", "url", "version", "wrong"),
    [
        ("openai", "https://llm.example/v1/chat/completions", "", "must end before /chat/completions"),
        ("openai", "https://llm.example/v1/responses/", "", "must end before /responses"),
        ("anthropic", "https://llm.example/v1/messages", "", "must end before /messages"),
        ("azure", f"{V1}/chat/completions", "", "must end before /chat/completions"),
        ("azure", f"{DEPLOYMENTS}/deployments/mine", "2024-10-21", "must end before /deployments"),
        ("azure", V1, "2024-10-21", "ends in /v1, an API that has no use for an `api_version` that is a date"),
        ("azure", "https://me.openai.azure.com", "", f"must have a path, as {V1} has"),
        ("azure", "https://me.openai.azure.com", "2024-10-21", f"must have a path, as {DEPLOYMENTS} has"),
        ("azure", "https://me.openai.azure.com/?api-version=2024-10-21", "", "must not have a query"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(tmp_path: Path, kind: str, url: str, version: str, wrong: str) -> None:
    text = f'[providers.up]\nkind = "{kind}"\nbase_url = "{url}"\n' + (f'api_version = "{version}"' if version else "")
    (problem,) = problems(tmp_path, text)
    assert problem.startswith("[providers.up] `base_url`")
    assert wrong in problem


@pytest.mark.parametrize("url", ["https://x.services.ai.azure.com/models", "https://messages.example", V1])
def test_addresses_that_only_look_like_it_are_taken(tmp_path: Path, url: str) -> None:
    assert loaded(tmp_path, f'[providers.up]\nkind = "openai"\nbase_url = "{url}"').providers[0].base_url == url


def test_check_says_which_of_azures_apis_it_is() -> None:
    config = load(None, {**AZURE, "OPENAI_API_VERSION": "2024-10-21"})
    sentence = f"azure at {DEPLOYMENTS}, key from AZURE_OPENAI_API_KEY, by deployment, API of 2024-10-21"
    assert ("providers", sentence) in facts(config)


def test_azures_version_stands_in_a_section_too(tmp_path: Path) -> None:
    text = f'[providers.mine]\nkind = "azure"\nbase_url = "{DEPLOYMENTS}"\napi_version = "2024-10-21"'
    (provider,) = loaded(tmp_path, text, {"OPENAI_API_VERSION": "preview"}).providers
    assert (provider.base_url, provider.api_version) == (DEPLOYMENTS, "2024-10-21")
    (provider,) = loaded(
        tmp_path, text.replace('api_version = "2024-10-21"', ""), {"OPENAI_API_VERSION": "2"}
    ).providers
    assert provider.api_version == "", "the environment's is meant for the service's own section"
