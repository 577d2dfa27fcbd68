"""Upstreams whose TLS is not to be trusted, or is none: what is said of it, and that nothing was told to them."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from tests.e2e.upstream import Peer, Upstream
from tests.serving import Serving, serving
from tests.upstreams.chaos.playing import assert_good, perform, section
from tests.upstreams.raw import DIALECTS, ask

pytestmark = pytest.mark.slow

HOST = "127.0.0.1"
LONG_AGO, LATELY = datetime(2001, 1, 1, tzinfo=UTC), datetime(2002, 1, 1, tzinfo=UTC)
FAR_AWAY = datetime(2190, 1, 1, tzinfo=UTC)
FAULTS = {
    "expired": "certificate has expired",
    "not_yet": "certificate is not yet valid",
    "elsewhere": "IP address mismatch",
    "unknown": "unable to get local issuer certificate",
    "old": "the TLS handshake failed",
    "plain": "the TLS handshake failed",
}
"""Each with what its message says."""


def contexts() -> tuple[trustme.CA, dict[str, ssl.SSLContext | None]]:
    """Whom the server trusts, and what its upstreams show."""
    ca = trustme.CA()
    return ca, {
        "right": shown(ca.issue_cert(HOST)),
        "expired": shown(ca.issue_cert(HOST, not_before=LONG_AGO, not_after=LATELY)),
        "not_yet": shown(ca.issue_cert(HOST, not_before=FAR_AWAY, not_after=FAR_AWAY.replace(year=2191))),
        "elsewhere": shown(ca.issue_cert("127.0.0.2", "localhost")),
        "unknown": shown(trustme.CA().issue_cert(HOST)),
        "old": old(ca.issue_cert(HOST)),
        "plain": None,
    }


def shown(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def old(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Nobody of today has a cipher in common with it."""
    context = shown(certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA")
    return context


@pytest.fixture(scope="module")
def upstreams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Upstream]]:
    ca, shows = contexts()
    ca.cert_pem.write_to_path(str(trusted(tmp_path_factory)))
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(Upstream(perform if tls else not_understanding, tls))
            for name, tls in shows.items()
        }


def not_understanding(peer: Peer) -> None:
    """A server without TLS, to which a hello is no request."""
    peer.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
    assert b"max_tokens" not in peer.rest()
    raise OSError("no TLS came about")


def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "trusted.pem"


@pytest.fixture(scope="module")
def server(upstreams: dict[str, Upstream], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    config = "".join(
        section(f"{name}{twin}", upstream.port, "honest", scheme="https")
        for name, upstream in upstreams.items()
        for twin in ("", "_led")
    )
    with Upstream(hanging) as mute:
        config += section("mute", mute.port, "honest", "connect_timeout = 0.3", scheme="https")
        with serving(config, {"SSL_CERT_FILE": str(trusted(tmp_path_factory))}) as server:
            yield server


def hanging(peer: Peer) -> None:
    """Take what comes, and say nothing: not even hello."""
    peer.left_at()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_one_that_is_trusted(server: Serving, dialect: str) -> None:
    for stream in (True, False):
        assert_good(dialect, ask(server, dialect, "right/m", stream=stream), stream=stream)


@pytest.mark.parametrize("name", FAULTS)
def test_one_that_is_not(server: Serving, upstreams: dict[str, Upstream], name: str) -> None:
    """It never gets to see a request, and another takes over."""
    for stream in (True, False):
        answer = ask(server, "chat", f"{name}/m", stream=stream)
        assert (answer.status, answer.error["code"]) == (502, "upstream_unreachable")
        assert FAULTS[name] in answer.error["message"]
        answer = ask(server, "chat", f"{name}_led/m", stream=stream, fallbacks=["right/m"])
        assert_good("chat", answer, stream=stream)
        assert answer.headers["headgate-attempts"] == f"{name}_led/m 502 upstream_unreachable"
    for _ in range(4):
        with pytest.raises(OSError, match=r"TLS|SSL|EOF|reset"):
            upstreams[name].result()


def test_one_that_says_nothing_in_the_handshake(server: Serving) -> None:
    answer = ask(server, "chat", "mute/m", stream=True)
    assert (answer.status, answer.error["code"]) == (504, "upstream_connect_timeout")
