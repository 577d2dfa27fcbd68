"""Upstreams behind a proxy: through CONNECT, or asked for in absolute form."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import pytest
import trustme

from headgate.net import Client, ConnectError, ConnectTimeout, Proxies, Target

from .conftest import Run
from .upstream import OK, Peer, Upstream, always_ok, ask, playing


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def serving(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("upstream.test").configure_cert(context)
    return context


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def tunnelling(upstream: Upstream, asked: list[tuple[str, str]]) -> Callable[[Peer], Awaitable[None]]:
    """A proxy that leads everywhere to one upstream, and notes the request line and the authorization."""

    async def play(peer: Peer) -> None:
        request = await peer.request_head()
        asked.append((request.line, request.headers.get("proxy-authorization", "")))
        reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
        peer.send(b"HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\n")
        await asyncio.gather(relay(peer.reader, writer), relay(reader, peer.writer))

    return play


def proxies(proxy: Upstream, **more: str) -> Proxies:
    url = f"http://user:secret@127.0.0.1:{proxy.port}"
    return Proxies.from_mapping({"HTTPS_PROXY": url, "HTTP_PROXY": url, **more})


def test_https_goes_through_a_tunnel_that_is_kept(run: Run, serving: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    async def play() -> None:
        asked: list[tuple[str, str]] = []

        async def answer(peer: Peer) -> None:
            for _ in range(2):
                request = await peer.answer(OK)
                assert request.line == "POST /v1 HTTP/1.1"
                assert request.headers["host"] == "upstream.test"
                assert "proxy-authorization" not in request.headers

        async with Upstream(answer, tls=serving) as upstream, Upstream(tunnelling(upstream, asked)) as proxy:
            client = Client(proxies=proxies(proxy), ssl_context=trusting)
            for _ in range(2):
                assert (await ask(client, Target("POST", "https://upstream.test/v1", {}))).body == b"ok"
            assert asked == [("CONNECT upstream.test:443 HTTP/1.1", "Basic dXNlcjpzZWNyZXQ=")]
            await client.close()

    run(play())


def test_the_certificate_is_the_upstreams_not_the_proxys(
    run: Run, serving: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    async def play() -> None:
        async with Upstream(always_ok, tls=serving) as upstream, Upstream(tunnelling(upstream, [])) as proxy:
            client = Client(proxies=proxies(proxy), ssl_context=trusting)
            with pytest.raises(ConnectError, match="its certificate is not valid"):
                await ask(client, Target("POST", "https://other.test/", {}))
            await client.close()

    run(play())


def test_http_is_asked_for_in_absolute_form(run: Run) -> None:
    async def play() -> None:
        async def forward(peer: Peer) -> None:
            for _ in range(2):
                request = await peer.answer(OK)
                assert request.line == "POST http://upstream.test:81/v1?a HTTP/1.1"
                assert request.headers["host"] == "upstream.test:81"
                assert request.headers["proxy-authorization"] == "Basic dXNlcjpzZWNyZXQ="
                assert request.headers["x-more"] == "1"

        async with Upstream(forward) as proxy:
            client = Client(proxies=proxies(proxy))
            target = Target("POST", "http://upstream.test:81/v1?a", {"x-more": "1"})
            for _ in range(2):
                assert (await ask(client, target)).body == b"ok"
            assert proxy.accepted == 1
            await client.close()

    run(play())


def test_loopback_is_reached_without_the_proxy(run: Run) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream, Upstream(always_ok) as proxy:
            client = Client(proxies=proxies(proxy))
            assert (await ask(client, upstream.target())).body == b"ok"
            assert (upstream.accepted, proxy.accepted) == (1, 0)
            await client.close()

    run(play())


REFUSALS = {
    "password": (
        b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
        r"the proxy refused \(407\)",
    ),
    "forbidden": (b"HTTP/1.0 403 No\r\n\r\n", r"the proxy refused \(403\)"),
    "switching": (b"HTTP/1.1 101 X\r\n\r\n", r"the proxy refused \(101\)"),
    "rubbish": (b"SSH-2.0-OpenSSH\r\n\r\n", "no proper answer"),
    "talkative": (b"HTTP/1.1 200 OK\r\n\r\nmore", "no proper answer"),
    "endless": (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 10_000, "no proper answer"),
}


@pytest.mark.parametrize(("answer", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_proxy_that_refuses_is_a_connect_error(run: Run, answer: bytes, message: str) -> None:
    async def play() -> None:
        is_closed = asyncio.Event()

        async def refuse(peer: Peer) -> None:
            await peer.request_head()
            peer.send(answer)
            await peer.wait_closed_by_client()
            is_closed.set()

        async with Upstream(refuse) as proxy:
            client = Client(proxies=proxies(proxy))
            with pytest.raises(ConnectError, match=message) as caught:
                await ask(client, Target("POST", "https://upstream.test/", {}))
            where = f"upstream.test:443 through the proxy 127.0.0.1:{proxy.port}"
            assert where in caught.value.message
            assert "secret" not in caught.value.message
            await is_closed.wait()
            assert client.connections == 0
            await client.close()

    run(play())


def test_a_proxy_that_hangs_up_is_a_connect_error(run: Run) -> None:
    async def play() -> None:
        async def hang_up(peer: Peer) -> None:
            await peer.request_head()
            peer.send(b"HTTP/1.1 200")
            peer.close()

        async with Upstream(hang_up) as proxy:
            client = Client(proxies=proxies(proxy))
            with pytest.raises(ConnectError, match="no proper answer"):
                await ask(client, Target("POST", "https://upstream.test/", {}))
            await client.close()

    run(play())


def test_a_proxy_that_says_nothing_runs_into_the_limit(run: Run) -> None:
    async def play() -> None:
        async with Upstream(Peer.wait_closed_by_client) as proxy:
            client = Client(proxies=proxies(proxy))
            with pytest.raises(ConnectTimeout):
                await ask(client, Target("POST", "https://upstream.test/", {}), connect_timeout=0.05)
            assert client.connections == 0
            await client.close()

    run(play())


def test_a_proxy_that_is_not_there_is_named(run: Run) -> None:
    async def play() -> None:
        async with Upstream(playing()) as gone:
            pass
        client = Client(proxies=proxies(gone))
        with pytest.raises(ConnectError) as caught:
            await ask(client, Target("POST", "http://upstream.test/", {}))
        assert caught.value.message == (
            f"Could not connect to upstream.test:80 through the proxy 127.0.0.1:{gone.port}: connection refused."
        )
        await client.close()

    run(play())
