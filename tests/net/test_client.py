"""What goes out, what comes in, in the plain cases."""

from headgate.net import Client

from .conftest import Run
from .upstream import OK, Peer, Upstream, always_ok, ask


def test_a_request_goes_out_as_written(run: Run) -> None:
    async def play() -> None:
        async def upstream_play(peer: Peer) -> None:
            request = await peer.answer(OK)
            assert request.line == "POST /v1/chat?x=1 HTTP/1.1"
            assert request.headers == {
                "host": f"127.0.0.1:{upstream.port}",
                "accept-encoding": "identity",
                "authorization": "Bearer k",
                "content-length": "8",
            }
            assert request.body == b'{"a": 1}'

        async with Upstream(upstream_play) as upstream:
            client = Client()
            target = upstream.target(path="/v1/chat?x=1", headers={"Authorization": "Bearer k"})
            kept = await ask(client, target, b'{"a": 1}')
            assert (kept.status, kept.headers, kept.body) == (200, {"content-length": "2"}, b"ok")
            await client.close()

    run(play())
