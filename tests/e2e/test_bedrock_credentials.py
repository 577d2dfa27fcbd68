"""Bedrock's lists of models, and the credentials that requests to it are signed with."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openai
import pytest

from tests.e2e import judges
from tests.e2e.amazon import ENVIRONMENT, NO_OTHERS, REGION, SECRET_KEY, TOKEN, answering, is_signed, provider
from tests.e2e.upstream import Peer, Upstream
from tests.e2e.wire import HELLO
from tests.formats.bedrock.streams import whole
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
WHOLE = whole({"text": "Hello"})


def ask(server: Serving) -> None:
    """A chat completion, from OpenAI's client."""
    judges.Sync(server.url).whole(lambda sdk: sdk.chat.completions.create(model=f"up/{CLAUDE}", messages=HELLO))


LISTED = {
    "modelSummaries": [
        {"modelId": "amazon.nova-lite-v1:0", "modelLifecycle": {"status": "ACTIVE"}},
        {"modelId": "old.model", "modelLifecycle": {"status": "LEGACY"}},
    ]
}
PROFILES = {"inferenceProfileSummaries": [{"inferenceProfileId": CLAUDE, "status": "ACTIVE"}]}


def test_models_are_listed_with_the_profiles_that_they_are_asked_by(tmp_path: Path) -> None:
    lines = []

    def play(peer: Peer) -> None:
        # One connection is kept for both questions.
        for _ in range(2):
            request = peer.request()
            assert is_signed(request)
            lines.append(request.line)
            body = json.dumps(LISTED if "foundation" in request.line else PROFILES).encode()
            peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    with Upstream(play) as upstream, serving(provider(upstream), ENVIRONMENT, tmp_path) as server:
        listed = judges.Sync(server.url).whole(lambda sdk: sdk.models.list())
        upstream.result()
    assert [model.id for model in listed if model.id.startswith("up/")] == ["up/amazon.nova-lite-v1:0", f"up/{CLAUDE}"]
    assert lines == [
        "GET /foundation-models?byInferenceType=ON_DEMAND&byOutputModality=TEXT HTTP/1.1",
        "GET /inference-profiles?maxResults=1000 HTTP/1.1",
    ]


def test_credentials_come_from_amazons_own_chain_and_are_looked_for_again_when_refused(tmp_path: Path) -> None:
    """Here a container's; the first ones are refused as expired, so the next request has others."""
    given: list[str] = []

    def give(peer: Peer) -> None:
        assert peer.request().headers["authorization"] == "of-the-container"
        given.append(f"KEY{len(given) + 1}")
        ends = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = json.dumps(
            {"AccessKeyId": given[-1], "SecretAccessKey": SECRET_KEY, "Token": TOKEN, "Expiration": ends}
        ).encode()
        peer.send(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    with Upstream(give) as container, Upstream(answering(WHOLE)) as upstream:
        env = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{container.port}/",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "of-the-container",
            "AWS_REGION": REGION,
            **NO_OTHERS,
        }
        with serving(provider(upstream), env, tmp_path) as server:
            ask(server)
            assert is_signed(upstream.result(), "KEY1")
            upstream.will(answering({"message": f"{TOKEN} is over"}, "403 Forbidden", "ExpiredTokenException"))
            with pytest.raises(openai.PermissionDeniedError, match=r"\*\*\* is over"):
                ask(server)
            assert is_signed(upstream.result(), "KEY1")
            upstream.will(answering(WHOLE))
            for _ in range(2):
                ask(server)
                assert is_signed(upstream.result(), "KEY2")
    assert given == ["KEY1", "KEY2"]


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("", "found no AWS credentials"),
        ("import sys; sys.modules['botocore'] = sys.modules['botocore.session'] = None", "scripts/extras bedrock"),
    ],
)
def test_who_cannot_sign_is_told_what_to_do(tmp_path: Path, before: str, words: str) -> None:
    env = {"AWS_REGION": REGION, **NO_OTHERS}
    with (
        Upstream(answering(WHOLE)) as upstream,
        serving(provider(upstream), env, tmp_path, before) as server,
        pytest.raises(openai.APIStatusError, match=words) as caught,
    ):
        ask(server)
    assert caught.value.status_code == 503
