"""TLS: who is believed, what is agreed, and how an end is told from a cut."""

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from headgate.net import BrokenAnswer, Client, ConnectError, Target

from .conftest import Run
from .upstream import OK, Kept, Peer, Upstream, always_ok, ask, playing


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return context


def server_context(ca: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names).configure_cert(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


@pytest.fixture(scope="module")
def serving(ca: trustme.CA) -> ssl.SSLContext:
    return server_context(ca, "127.0.0.1", "localhost")


def test_an_answer_comes_over_tls_and_the_connection_is_kept(
    run: Run, serving: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    async def play() -> None:
        async with Upstream(always_ok, tls=serving) as upstream:
            client = Client(ssl_context=trusting)
            for _ in range(3):
                assert (await ask(client, upstream.target())).body == b"ok"
            assert upstream.accepted == 1
            await client.close()

    run(play())


def test_a_large_body_goes_out_over_tls(run: Run, serving: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    async def play() -> None:
        async def receive(peer: Peer) -> None:
            assert len((await peer.answer(OK)).body) == 20_000_000

        async with Upstream(receive, tls=serving) as upstream:
            client = Client(ssl_context=trusting)
            assert (await ask(client, upstream.target(), bytes(20_000_000))).body == b"ok"
            await client.close()

    run(play())


def test_an_upstream_is_told_its_name_and_offered_http_1_1_only(
    run: Run, ca: trustme.CA, trusting: ssl.SSLContext
) -> None:
    async def play() -> None:
        names: list[str] = []
        serving = server_context(ca, "localhost")
        serving.sni_callback = lambda _, name, __: names.append(name)

        async def agree(peer: Peer) -> None:
            assert peer.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
            await peer.answer(OK)

        async with Upstream(agree, tls=serving) as upstream:
            client = Client(ssl_context=trusting)
            target = Target("POST", f"https://localhost:{upstream.port}/", {})
            assert (await ask(client, target)).body == b"ok"
            assert names == ["localhost"]
            await client.close()

    run(play())


def test_an_upstream_with_anothers_certificate_is_not_believed(
    run: Run, ca: trustme.CA, trusting: ssl.SSLContext
) -> None:
    async def play() -> None:
        async with Upstream(always_ok, tls=server_context(ca, "other.test")) as upstream:
            client = Client(ssl_context=trusting)
            with pytest.raises(
                ConnectError, match=r"127.0.0.1:\d+: its certificate is not valid \(IP address mismatch"
            ):
                await ask(client, upstream.target())
            with pytest.raises(ConnectError, match=r"localhost:\d+: its certificate is not valid \(Hostname mismatch"):
                await ask(client, Target("POST", f"https://localhost:{upstream.port}/", {}))
            assert client.connections == 0
            await client.close()

    run(play())


def test_an_upstream_nobody_vouches_for_is_not_believed(run: Run, serving: ssl.SSLContext) -> None:
    async def play() -> None:
        async with Upstream(always_ok, tls=serving) as upstream:
            client = Client()
            with pytest.raises(ConnectError, match="its certificate is not valid"):
                await ask(client, upstream.target())
            await client.close()

    run(play())


def test_the_default_trust_is_what_ssl_cert_file_names(
    run: Run, ca: trustme.CA, serving: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def play() -> None:
        async with Upstream(always_ok, tls=serving) as upstream:
            client = Client()
            assert (await ask(client, upstream.target())).body == b"ok"
            await client.close()

    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    run(play())


def test_an_upstream_that_speaks_no_tls_is_a_connect_error(run: Run) -> None:
    async def play() -> None:
        async def speak_plainly(peer: Peer) -> None:
            peer.send(OK)
            await peer.wait_closed_by_client()

        async with Upstream(speak_plainly) as upstream:
            client = Client()
            with pytest.raises(ConnectError, match="the TLS handshake failed"):
                await ask(client, Target("POST", f"https://127.0.0.1:{upstream.port}/", {}))
            await client.close()

    run(play())


@pytest.mark.parametrize("how", ["close", "reset"])
def test_an_upstream_that_hangs_up_in_the_handshake_is_a_connect_error(run: Run, how: str) -> None:
    async def play() -> None:
        async def hang_up(peer: Peer) -> None:
            await peer.reader.read(1)
            peer.close() if how == "close" else peer.reset()

        async with Upstream(hang_up) as upstream:
            client = Client()
            with pytest.raises(ConnectError, match=r"closed|reset"):
                await ask(client, Target("POST", f"https://127.0.0.1:{upstream.port}/", {}))
            assert client.connections == 0
            await client.close()

    run(play())


def test_a_stale_connection_is_replaced_over_tls_too(
    run: Run, serving: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    async def play() -> None:
        async with Upstream(playing(OK, b"", then_close=True), always_ok, tls=serving) as upstream:
            client = Client(ssl_context=trusting)
            await ask(client, upstream.target())
            assert (await ask(client, upstream.target())).body == b"ok"
            assert upstream.accepted == 2
            await client.close()

    run(play())


def test_a_connection_handed_over_and_closed_in_the_same_read_is_replaced_in_its_place(
    run: Run, serving: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    async def play() -> None:
        open_now = most = 0

        async def answer_and_go(peer: Peer) -> None:
            nonlocal open_now, most
            open_now += 1
            most = max(most, open_now)
            # Over TLS the answer and the close_notify come in one read.
            await peer.answer(OK)
            peer.close()
            await peer.wait_closed_by_client()
            open_now -= 1

        async with Upstream(answer_and_go, tls=serving) as upstream:
            client = Client(ssl_context=trusting, max_open=1)
            results = await asyncio.gather(*(ask(client, upstream.target()) for _ in range(5)))
            assert [result.body for result in results] == [b"ok"] * 5
            assert (most, upstream.accepted) == (1, 5)
            await client.close()

    run(play())


@contextmanager
def ending(context: ssl.SSLContext, how: str, is_read: threading.Event) -> Iterator[int]:
    """A server whose answers have no length, and end in one of three ways; asyncio's own can do only one."""

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            # Or Nagle would hold the answer back, and the reset throw it away.
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock = context.wrap_socket(plain, server_side=True)
            sock.recv(65536)
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nhello")
            if how == "goodbye":
                with suppress(OSError):
                    sock.unwrap()
            if how == "reset":
                # It would throw away what was not read yet.
                is_read.wait()
                is_read.clear()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.close(sock.detach())

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.mark.parametrize(("how", "is_whole"), [("goodbye", True), ("cut", False), ("reset", False)])
def test_an_end_over_tls_counts_only_with_a_close_notify(
    run: Run, serving: ssl.SSLContext, trusting: ssl.SSLContext, how: str, is_whole: bool
) -> None:
    async def play() -> None:
        is_read = threading.Event()
        with ending(serving, how, is_read) as port:
            client = Client(ssl_context=trusting)
            target = Target("POST", f"https://127.0.0.1:{port}/", {})
            for _ in range(3):
                kept = Kept(on_piece=is_read.set)
                if is_whole:
                    await client.fetch(target, b"", kept)
                else:
                    with pytest.raises(BrokenAnswer, match="cut short"):
                        await client.fetch(target, b"", kept)
                assert kept.body == b"hello"
            await client.close()

    run(play())
