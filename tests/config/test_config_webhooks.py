"""[webhooks] and its endpoints."""

from pathlib import Path

import pytest

from headgate.config import secrets_of
from headgate.net.guard import network

from .files import loaded, problems

SECRET = "whsec_ZXhhbXBsZSBleGFtcGxlIGV4YW1wbGUgZXhhbXBsZSE="
OTHER = "whsec_YW5vdGhlciBvbmUgYW5vdGhlciBvbmUgYW5vdGhlciE="

AUDIT = '[webhooks.endpoints.audit]\nurl = "https://example.com/audit"\n'


def test_nothing_is_allowed_and_nobody_told_by_default(tmp_path: Path) -> None:
    config = loaded(tmp_path, "")
    assert (config.webhooks.allow, config.endpoints, secrets_of(config.webhooks)) == ((), (), ())


def test_networks_are_read_from_the_file_and_the_environment(tmp_path: Path) -> None:
    networks = (network("127.0.0.0/8"), network("fd00::/8"))
    assert loaded(tmp_path, '[webhooks]\nallow = ["127.0.0.0/8", "fd00::/8"]').webhooks.allow == networks
    assert loaded(tmp_path, "", {"HEADGATE_WEBHOOKS_ALLOW": "127.0.0.0/8, fd00::/8"}).webhooks.allow == networks


def test_an_endpoint_is_told_of_runs_and_signs_with_the_secret_for_all(tmp_path: Path) -> None:
    config = loaded(tmp_path, f'[webhooks]\nsecret = "{SECRET}"\nprevious_secret = "{OTHER}"\n{AUDIT}')
    (endpoint,) = config.endpoints
    assert (endpoint.name, endpoint.url) == ("audit", "https://example.com/audit")
    assert endpoint.events == {"run.finished", "run.failed", "run.stopped"}
    assert [secret.reveal() for secret in endpoint.secrets] == [SECRET, OTHER]


def test_an_endpoints_own_secret_wins(tmp_path: Path) -> None:
    config = loaded(tmp_path, f'[webhooks]\nsecret = "{SECRET}"\n{AUDIT}secret = "{OTHER}"')
    assert [secret.reveal() for secret in config.endpoints[0].secrets] == [OTHER]
    config = loaded(tmp_path, f'{AUDIT}secret_env = "AUDIT_SECRET"', {"AUDIT_SECRET": SECRET})
    assert [secret.reveal() for secret in config.endpoints[0].secrets] == [SECRET]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '[webhooks]\nallow = ["10.0.0.1/8"]',
            '[webhooks] `allow` must be a list of networks, like ["10.1.0.0/16", "fd00::/8"], not [\'10.0.0.1/8\'].',
        ),
        (
            '[webhooks]\nsecret = "too short"',
            '[webhooks] `secret` must be a secret like "whsec_..." of 24 to 64 bytes in base64.',
        ),
        ("[webhooks]\ntime = 1", "[webhooks] has no setting `time`; did you mean `timeout`?"),
        (AUDIT, "[webhooks.endpoints.audit] needs a `secret`, or one for all under [webhooks]: whsec_ and the output"),
        (
            f'[webhooks.endpoints.audit]\nsecret = "{SECRET}"',
            "[webhooks.endpoints.audit] needs a `url`.",
        ),
        (
            f'[webhooks.endpoints.audit]\nurl = "http://127.0.0.1:1/"\nsecret = "{SECRET}"',
            "[webhooks.endpoints.audit] `url`: The webhook cannot be used: messages are sent to public addresses only",
        ),
        (
            f'[webhooks.endpoints.audit]\nurl = "ftp://x/"\nsecret = "{SECRET}"',
            "[webhooks.endpoints.audit] `url`: The webhook cannot be used. The URL must begin with http:// or https://.",
        ),
        (
            f'{AUDIT}secret = "{SECRET}"\nevents = ["run.begun"]',
            "[webhooks.endpoints.audit] `events` must be a list of some of",
        ),
        (
            f'{AUDIT}secret = "{SECRET}"\nsecret_env = "X"',
            "[webhooks.endpoints.audit] must have `secret` or `secret_env`, not both.",
        ),
        (
            f'{AUDIT}secret_env = "AUDIT_SECRET"',
            "[webhooks.endpoints.audit] reads its secret from the variable AUDIT_SECRET, which is not set.",
        ),
        (
            '[webhooks.endpoints."a b"]\nurl = "https://example.com/"',
            "[webhooks.endpoints.a b]: an endpoint's name may hold letters",
        ),
        ("[webhooks]\nendpoints = 1", "[webhooks.endpoints] must be a section, not 1."),
        ("[webhooks.endpoints]\naudit = 1", "[webhooks.endpoints.audit] must be a section, not 1."),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text)[0].startswith(problem)


def test_a_wrong_secret_is_not_repeated(tmp_path: Path) -> None:
    wrong = "whsec_almost-a-secret"
    for text in (f'[webhooks]\nsecret = "{wrong}"', f'{AUDIT}secret = "{wrong}"'):
        assert all("almost" not in problem for problem in problems(tmp_path, text))
    assert all("almost" not in each for each in problems(tmp_path, f'{AUDIT}secret_env = "X"', {"X": wrong}))
