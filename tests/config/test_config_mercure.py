"""The keys of a Mercure hub: whatever would make every token, or none, a right one stops the start."""

from pathlib import Path

import pytest

from headgate.config.mercure import Mercure
from tests.config.files import loaded, problems
from tests.mercure.minting import OTHER_SECRET, SECRET, pair


def of(tmp_path: Path, text: str) -> Mercure:
    """What a section of these lines comes to."""
    return loaded(tmp_path, f"[mercure]\n{text}").mercure


def pem(key: str, text: str) -> str:
    """A line that sets a PEM."""
    return f'{key} = """\n{text}"""\n'


def test_one_key_is_for_everybody(tmp_path: Path) -> None:
    mercure = of(tmp_path, f'key = "{SECRET}"')
    assert {role: key.reveal() for role, key in mercure.keys.items()} == {"publisher": SECRET, "subscriber": SECRET}
    assert mercure.algorithms_of(mercure.keys["publisher"]) == ("HS256",)


def test_roles_may_have_their_own(tmp_path: Path) -> None:
    _, public = pair()
    mercure = of(tmp_path, pem("publisher_key", public) + f'key = "{SECRET}"')
    assert mercure.keys["subscriber"].reveal() == SECRET
    assert mercure.algorithms_of(mercure.keys["publisher"]) == ("RS256",)
    assert [*of(tmp_path, f'subscriber_key = "{OTHER_SECRET}"').keys] == ["subscriber"]


def test_without_a_key_there_is_none(tmp_path: Path) -> None:
    assert of(tmp_path, "anonymous = true").keys == {}


def test_the_environment_may_have_a_key(tmp_path: Path) -> None:
    _, public = pair()
    config = loaded(tmp_path, "", {"HEADGATE_MERCURE_KEY": public, "HEADGATE_MERCURE_ALGORITHMS": "ES256, RS512"})
    assert config.mercure.algorithms_of(config.mercure.keys["publisher"]) == ("RS512", "ES256")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('key = "short"', "[mercure] `key` must have at least 32 bytes, as the output of `openssl rand -base64 32`."),
        (
            f'key = "{SECRET}"\nalgorithms = ["HS512", "HS256"]',
            "[mercure] `key` must have at least 64 bytes, as the output of `openssl rand -base64 64`.",
        ),
        (
            f'key = "{SECRET}"\nalgorithms = ["RS256"]',
            "[mercure] `key` is a secret, and none of the `algorithms` goes with one.",
        ),
        (
            pem("key", pair()[1]) + 'algorithms = ["HS256"]',
            "[mercure] `key` is a public key, and none of the `algorithms` goes with one.",
        ),
        (
            pem("publisher_key", pair()[0]),
            "[mercure] `publisher_key` is a private key; the hub needs the public one, "
            "and whoever signs keeps this one.",
        ),
        (
            pem("key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
            "[mercure] `key` begins like a public key as PEM, and is none.",
        ),
        ("key = 5", "[mercure] `key` must be a secret, or a public key as PEM."),
        ('key = " "', "[mercure] `key` must be a secret, or a public key as PEM."),
    ],
)
def test_keys_that_are_none(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, f"[mercure]\n{text}") == (problem,)


def test_it_needs_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.config.mercure.find_spec", lambda name: None)
    (problem,) = problems(tmp_path, f'[mercure]\nkey = "{SECRET}"')
    assert "scripts/extras mercure" in problem
    assert of(tmp_path, "anonymous = true").anonymous
