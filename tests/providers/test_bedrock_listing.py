"""Where Bedrock is asked for its models: of a server beside the one that answers."""

import asyncio
import json
from typing import Any

import pytest

from headgate.errors import ProviderError
from headgate.net import Client
from headgate.providers.bedrock import BedrockProvider
from headgate.providers.service import Service
from tests.e2e.upstream import Peer, Upstream

MODELS = {"modelSummaries": [{"modelId": "amazon.nova-lite-v1:0"}, {"modelId": "b", "modelLifecycle": {"status": "X"}}]}
PROFILES = {"inferenceProfileSummaries": [{"inferenceProfileId": "us.amazon.nova-lite-v1:0"}]}
LISTED = ["amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0"]


def provider(base_url: str, **more: Any) -> BedrockProvider:
    """One with a key, and its client."""
    return BedrockProvider(Service(name="up", base_url=base_url, headers={}, **more), Client(), None)


@pytest.mark.parametrize(
    ("base_url", "control"),
    [
        ("https://bedrock-runtime.us-east-1.amazonaws.com", "https://bedrock.us-east-1.amazonaws.com"),
        ("https://bedrock-runtime-fips.us-east-1.amazonaws.com", "https://bedrock-fips.us-east-1.amazonaws.com"),
        ("https://proxy.example/bedrock-runtime/", "https://proxy.example/bedrock-runtime"),
    ],
)
def test_the_server_beside_is_asked(base_url: str, control: str) -> None:
    assert provider(base_url).control_url == control


@pytest.mark.parametrize(
    ("models", "profiles", "expected"),
    [
        ((200, MODELS), (200, PROFILES), LISTED),
        ((200, MODELS), (403, {"message": "No"}), LISTED[:1]),
        ((200, MODELS), (200, []), LISTED[:1]),
        ((200, {}), (200, PROFILES), LISTED[1:]),
        ((403, {"message": "No"}), (200, PROFILES), "No"),
        ((200, {"modelSummaries": 7}), (200, PROFILES), "up sent something that is no list of models."),
    ],
)
def test_who_may_not_see_all_is_told_what_there_is(models: Any, profiles: Any, expected: Any) -> None:
    def play(peer: Peer) -> None:
        request = peer.request()
        status, body = models if "/foundation-models" in request.line else profiles
        data = json.dumps(body).encode()
        peer.send(b"HTTP/1.1 %d X\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (status, len(data), data))

    async def main() -> list[str]:
        return list(await provider(f"http://127.0.0.1:{upstream.port}").models())

    with Upstream(play) as upstream:
        if isinstance(expected, list):
            assert asyncio.run(main()) == expected
        else:
            with pytest.raises(ProviderError, match=expected):
                asyncio.run(main())


def test_models_that_were_named_are_not_asked_for() -> None:
    assert asyncio.run(provider("https://nowhere.invalid", models=("a",)).models()) == ("a",)
