"""Signatures, as receivers check them."""

import base64
import hashlib
import hmac
import secrets

import pytest

from headgate.webhooks.signing import SigningSecret, signed_headers

TEXT = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_signature_is_the_standards_own() -> None:
    """The example of the standard's reference libraries."""
    signature = SigningSecret.from_text(TEXT).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_every_secret_signs_while_one_is_being_changed() -> None:
    new, old = SigningSecret(secrets.token_bytes(32)), SigningSecret(secrets.token_bytes(32))
    headers = dict(signed_headers([new, old], "msg_1", 7, b"{}"))
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == "7"
    assert headers["webhook-signature"] == f"{new.sign('msg_1', 7, b'{}')} {old.sign('msg_1', 7, b'{}')}"


def test_a_secret_is_written_as_it_was_read() -> None:
    assert SigningSecret.from_text(TEXT).reveal() == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_c2hvcnQ=",
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        TEXT[:-1],
        TEXT + "\n",
        TEXT.replace("9", "-"),
        "whsec_" + "=" * 32,
    ],
)
def test_what_is_no_secret_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes") as caught:
        SigningSecret.from_text(text)
    assert text == "" or text == "whsec_" or text not in str(caught.value)


def test_derived_secrets_are_everybodys_own() -> None:
    root = secrets.token_bytes(32)
    alice, bob = SigningSecret.derived(root, "alice"), SigningSecret.derived(root, "bob")
    assert alice.reveal() == SigningSecret.derived(root, "alice").reveal() != bob.reveal()
    assert SigningSecret.from_text(alice.reveal()).sign("a", 1, b"") == alice.sign("a", 1, b"")
    key = base64.b64decode(alice.reveal().removeprefix("whsec_"))
    assert key == hmac.digest(root, b"webhooks/alice", hashlib.sha256)


def test_a_secret_is_not_shown_by_accident() -> None:
    assert TEXT not in repr(SigningSecret.from_text(TEXT))
