"""The table of well-known services, and how their addresses are read."""

import pytest

from headgate.net import Target
from headgate.providers.registry import SERVICES, address


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_a_row_is_complete(service: object) -> None:
    row = SERVICES[getattr(service, "name")]  # noqa: B009
    assert row is service
    assert row.endpoints
    assert row.key_variable or row.url_variable
    assert row.base_url or row.url_variable
    if row.base_url:
        Target("POST", f"{row.base_url}/chat/completions", {})
        assert not row.base_url.endswith("/")
        assert row.base_url.startswith("https://") or not row.key_variable, "no key goes over an open line"


def test_nothing_is_claimed_twice() -> None:
    rows = list(SERVICES.values())
    for values in (
        [row.key_variable for row in rows if row.key_variable],
        [row.url_variable for row in rows if row.url_variable],
        [prefix for row in rows for prefix in row.prefixes],
    ):
        assert len(values) == len(set(values))


@pytest.mark.parametrize(
    ("service", "text", "url"),
    [
        ("ollama", "gpu-box", "http://gpu-box:11434/v1"),
        ("ollama", "gpu-box:9", "http://gpu-box:9/v1"),
        ("ollama", "0.0.0.0", "http://127.0.0.1:11434/v1"),
        ("ollama", "0.0.0.0:9", "http://127.0.0.1:9/v1"),
        ("ollama", ":9", "http://127.0.0.1:9/v1"),
        ("ollama", "[::]:9", "http://[::1]:9/v1"),
        ("ollama", "[::1]", "http://[::1]:11434/v1"),
        ("ollama", "http://gpu-box", "http://gpu-box/v1"),
        ("ollama", "https://gpu-box/ollama/", "https://gpu-box/ollama/v1"),
        ("vllm", "http://gpu-box:8000/v1/", "http://gpu-box:8000/v1"),
        ("openai", "https://proxy.example/openai", "https://proxy.example/openai"),
        ("azure", "https://me.openai.azure.com/", "https://me.openai.azure.com/openai/v1"),
        ("azure", "https://me.openai.azure.com/openai/v1/", "https://me.openai.azure.com/openai/v1"),
        ("azure", "me.openai.azure.com", "https://me.openai.azure.com/openai/v1"),
        ("groq", "https://api.groq.com", "https://api.groq.com/openai/v1"),
    ],
)
def test_an_address_is_read_as_people_write_it(service: str, text: str, url: str) -> None:
    assert address(SERVICES[service], text) == url
