"""Subscriptions over HTTP: real receivers verify what they are sent, and no wake is lost with a process."""

import asyncio
import json
import re
import threading
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from typing_extensions import override

from tests.e2e.watching import wait_until
from tests.e2e.wire import Answer, ask
from tests.serving import Serving, serving
from tests.webhooks.receiver import Post, Receiver

pytestmark = pytest.mark.slow

ALICE, BOB = {"authorization": "Bearer alices-key"}, {"authorization": "Bearer bobs-keys"}
JSON = {"content-type": "application/json"}
ROOT = "/v1/stream/__ds"

CONFIG = """
[providers.simulator]
[webhooks]
allow = ["127.0.0.0/8"]
[keys]
alice = "alices-key"
bob = "bobs-keys"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(CONFIG) as server:
        yield server


def put(server: Serving, path: str, said: object = None, headers: dict[str, str] = ALICE) -> Answer:
    """A stream, or a subscription."""
    body = b"" if said is None else json.dumps(said).encode()
    return ask(server, f"/v1/stream/{path}", {**headers, **JSON}, "PUT", body)


def post(server: Serving, path: str, said: object, headers: dict[str, str] = ALICE) -> Answer:
    """Something on a stream, or of a subscription."""
    return ask(server, f"/v1/stream/{path}", {**headers, **JSON}, "POST", json.dumps(said).encode())


def hook(url: str, pattern: str, **more: object) -> dict[str, object]:
    """A subscription that is called."""
    return {"type": "webhook", "pattern": pattern, "webhook": {"url": url}, **more}


def verify(server: Serving, received: Post) -> None:
    """As a receiver does that knows nothing but the keys' address."""
    told = re.fullmatch(r"t=(\d+),kid=(ds_\w+),ed25519=([\w-]+)", received.headers["webhook-signature"])
    assert told is not None, received.headers
    keys = ask(server, f"{ROOT}/jwks.json")
    assert keys.headers["content-type"] == "application/jwk-set+json"
    (key,) = [key for key in keys.json()["keys"] if key["kid"] == told[2]]
    public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(key["x"] + "=="))
    public.verify(urlsafe_b64decode(told[3] + "=="), told[1].encode() + b"." + received.body)
    with pytest.raises(InvalidSignature):
        public.verify(urlsafe_b64decode(told[3] + "=="), told[1].encode() + b"." + received.body + b" ")


def test_a_receiver_verifies_and_calls_back(server: Serving) -> None:
    """With the token it got, and nobody's key."""

    async def main() -> None:
        async with Receiver() as receiver:
            made = await asyncio.to_thread(put, server, "__ds/subscriptions/verify", hook(receiver.url, "verify/*"))
            assert (made.status, made.json()["status"]) == (201, "active")
            assert made.json()["webhook"]["signing"]["jwks_url"] == f"http://test{ROOT}/jwks.json"
            await asyncio.to_thread(put, server, "verify/a", [1, 2])
            (received,) = await receiver.wait_for(1)
            await asyncio.to_thread(verify, server, received)
            said = json.loads(received.body)
            path = said["callback_url"].removeprefix("http://test/v1/stream/")
            tail = said["streams"][0]["tail_offset"]
            done = {
                "wake_id": said["wake_id"],
                "generation": said["generation"],
                "acks": [{"stream": "/verify/a/", "offset": tail}],
                "done": True,
            }
            for wrong in ({}, BOB, ALICE, {"authorization": f"Bearer {said['callback_token']}x"}):
                refused = await asyncio.to_thread(post, server, path, done, wrong)
                assert (refused.status, refused.json()["error"]["code"]) == (401, "TOKEN_INVALID")
            bearer = {"authorization": f"Bearer {said['callback_token']}"}
            other = await asyncio.to_thread(post, server, "__ds/subscriptions/other/callback", done, bearer)
            assert (other.status, other.json()["error"]["code"]) == (401, "TOKEN_INVALID")
            answer = await asyncio.to_thread(post, server, path, done, bearer)
            assert (answer.status, answer.json()) == (200, {"ok": True, "next_wake": False})
            late = await asyncio.to_thread(post, server, path, done, bearer)
            assert (late.status, late.json()["error"]["code"]) == (409, "FENCED")

    asyncio.run(main())


def test_a_subscription_is_its_owners(server: Serving) -> None:
    """To everybody else it is not there; and another's streams are none of its business."""
    wish = {"type": "pull-wake", "pattern": "mine/*", "wake_stream": "wakes"}
    assert put(server, "__ds/subscriptions/mine", wish, {}).status == 401
    assert put(server, "__ds/subscriptions/mine", wish).status == 201
    assert put(server, "wakes").status == 201
    assert put(server, "mine/a", [1], BOB).status == 201
    for answer in (
        ask(server, f"{ROOT}/subscriptions/mine", BOB),
        post(server, "__ds/subscriptions/mine/claim", {"worker": "w"}, BOB),
        post(server, "__ds/subscriptions/mine/streams", {"streams": ["x"]}, BOB),
    ):
        assert (answer.status, answer.json()["error"]["code"]) == (404, "SUBSCRIPTION_NOT_FOUND")
    nothing = post(server, "__ds/subscriptions/mine/claim", {"worker": "w"})
    assert (nothing.status, nothing.json()["error"]["code"]) == (409, "NO_PENDING_WORK")
    assert ask(server, f"{ROOT}/subscriptions/mine", BOB, "DELETE").status == 204
    assert ask(server, f"{ROOT}/subscriptions/mine", ALICE).status == 200
    assert put(server, "mine/a", [1]).status == 201
    claimed = post(server, "__ds/subscriptions/mine/claim", {"worker": "w"}).json()
    busy = post(server, "__ds/subscriptions/mine/claim", {"worker": "v"}).json()["error"]
    assert (busy["code"], busy["current_holder"], busy["generation"]) == ("ALREADY_CLAIMED", "w", claimed["generation"])
    assert ask(server, f"{ROOT}/subscriptions/mine", ALICE, "DELETE").status == 204


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({}, "INVALID_REQUEST"),
        ([], "INVALID_REQUEST"),
        ({"type": "carrier-pigeon", "pattern": "x"}, "INVALID_REQUEST"),
        ({"type": "webhook", "webhook": {"url": "https://worker.example"}}, "INVALID_REQUEST"),
        ({"type": "webhook", "pattern": "/", "webhook": {"url": "https://worker.example"}}, "INVALID_REQUEST"),
        ({"type": "webhook", "pattern": "x"}, "INVALID_REQUEST"),
        ({"type": "pull-wake", "pattern": "x"}, "INVALID_REQUEST"),
        (hook("https://worker.example", "x", lease_ttl_ms=999), "INVALID_REQUEST"),
        (hook("https://worker.example", "x", lease_ttl_ms=600_001), "INVALID_REQUEST"),
        (hook("https://worker.example", "x" * 1025), "INVALID_REQUEST"),
        (hook("https://worker.example", "x/" * 32 + "x"), "INVALID_REQUEST"),
        (hook("worker.example", "x"), "WEBHOOK_URL_REJECTED"),
        (hook("ftp://worker.example", "x"), "WEBHOOK_URL_REJECTED"),
        (hook("https://10.0.0.1/hook", "x"), "WEBHOOK_URL_REJECTED"),
        (hook("https://169.254.169.254/latest", "x"), "WEBHOOK_URL_REJECTED"),
        (hook("https://[::1]/hook", "x"), "WEBHOOK_URL_REJECTED"),
    ],
)
def test_what_makes_no_sense_is_said(server: Serving, said: object, code: str) -> None:
    answer = put(server, "__ds/subscriptions/no", said)
    assert (answer.status, answer.json()["error"]["code"]) == (400, code)
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


def test_only_what_was_allowed_is_called_without_tls() -> None:
    """And nobody at all without what is needed to sign; wakes on streams need nothing."""
    without = "import sys\nsys.modules['cryptography'] = None"
    with serving(before=without) as server:
        rejected = put(server, "__ds/subscriptions/s", hook("http://worker.example/hook", "x"), {})
        assert (rejected.status, rejected.json()["error"]["code"]) == (400, "WEBHOOK_URL_REJECTED")
        unable = put(server, "__ds/subscriptions/s", hook("https://worker.example/hook", "x"), {})
        assert (unable.status, unable.json()["error"]["code"]) == (501, "SIGNING_UNAVAILABLE")
        assert "scripts/extras streams" in unable.json()["error"]["message"]
        assert ask(server, f"{ROOT}/jwks.json").status == 501
        wish = {"type": "pull-wake", "pattern": "x", "wake_stream": "w"}
        assert put(server, "__ds/subscriptions/s", wish, {}).status == 201


class Worker(ThreadingHTTPServer):
    """Does what it is called for at once, and remembers how far each stream went then."""

    def __init__(self) -> None:
        self.tails: dict[str, str] = {}
        self.generations: list[int] = []
        super().__init__(("127.0.0.1", 0), Work)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class Work(BaseHTTPRequestHandler):
    """One call."""

    server: Worker

    def do_POST(self) -> None:
        """Done."""
        said = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.generations.append(said["generation"])
        for stream in said["streams"]:
            self.server.tails[stream["path"]] = max(stream["tail_offset"], self.server.tails.get(stream["path"], ""))
        self.send_response(200)
        self.send_header("content-length", "13")
        self.end_headers()
        self.wfile.write(b'{"done":true}')

    @override
    def log_message(self, *said: Any) -> None:
        """Nothing."""


def test_no_wake_is_lost_with_a_process(tmp_path: Path) -> None:
    """Killed under appends again and again: in the end somebody was woken for all that was acknowledged."""
    worker = Worker()
    tails: dict[str, str] = {}
    for number in range(4):
        with serving(CONFIG, folder=tmp_path) as server:
            wish = hook(worker.url, "jobs/**", lease_ttl_ms=1000)
            assert put(server, "__ds/subscriptions/s", wish).status == (200 if number else 201)
            for name in (f"jobs/{number}", "jobs/deep/er", *(f"jobs/{number}/{more}" for more in range(5))):
                assert put(server, name).status in (200, 201)
                tails[name] = post(server, name, [number]).headers["stream-next-offset"]
            server.kill()
    with serving(CONFIG, folder=tmp_path) as server:

        def everything() -> bool:
            streams = ask(server, f"{ROOT}/subscriptions/s", ALICE).json()["streams"]
            return {stream["path"]: stream["acked_offset"] for stream in streams} == tails

        wait_until(everything, "all to be done")
        assert worker.tails == tails
        # The same generation comes again where the answer was lost, but none ever comes back.
        assert worker.generations == sorted(worker.generations)
        assert ask(server, f"{ROOT}/subscriptions/s", ALICE, "DELETE").status == 204
    with serving(CONFIG, folder=tmp_path) as server:
        assert ask(server, f"{ROOT}/subscriptions/s", ALICE).status == 404
    worker.shutdown()
    worker.server_close()
