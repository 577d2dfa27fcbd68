"""Upstreams that speak as Bedrock does, and hold requests to Amazon's own signature."""

import json
from typing import Any
from urllib.parse import unquote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.e2e.upstream import Peer, Play, Request, Upstream
from tests.formats.bedrock.streams import Event, stream

ACCESS_KEY, SECRET_KEY, TOKEN, REGION = "AKIDEXAMPLE", "secret-of-the-gateway", "token-of-the-gateway", "eu-north-1"
API_KEY = "bedrock-api-key-of-the-gateway"

NO_OTHERS = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}
"""Nothing of the machine that the tests run on."""

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_SESSION_TOKEN": TOKEN,
    "AWS_REGION": REGION,
    **NO_OTHERS,
}

HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\nx-amzn-requestid: 7\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


def provider(upstream: Upstream, name: str = "up", more: str = "") -> str:
    """The section of a configuration that makes it a Bedrock provider."""
    return f'[providers.{name}]\nkind = "bedrock"\nbase_url = "http://127.0.0.1:{upstream.port}"\n{more}\n'


def is_signed(request: Request, access_key: str = ACCESS_KEY, secret: str = SECRET_KEY, token: str = TOKEN) -> bool:
    """Whether Amazon would know who sent it: its own library must come to the same signature."""
    method, path, _ = request.line.split(" ")
    claim = dict(part.split("=", 1) for part in request.headers["authorization"].split(" ", 1)[1].split(", "))
    headers = {name: request.headers[name] for name in claim["SignedHeaders"].split(";")}
    again = AWSRequest(method, f"http://{request.headers['host']}{path}", headers, request.body)
    again.context["timestamp"] = request.headers["x-amz-date"]
    date = request.headers["x-amz-date"][:8]
    auth = SigV4Auth(Credentials(access_key, secret, token), "bedrock", REGION)
    expected = auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
    return bool(
        claim["Credential"] == f"{access_key}/{date}/{REGION}/bedrock/aws4_request"
        and request.headers.get("x-amz-security-token") == token
        and {"host", "x-amz-date", "x-amz-security-token"} <= set(headers)
        and claim["Signature"] == expected
    )


def model_of(request: Request) -> tuple[str, str]:
    """The model that is asked, and how."""
    _, kind, model, method = request.line.split(" ")[1].split("/")
    assert kind == "model"
    return unquote(model), method


def saying(*events: Event, end: bytes = b"") -> Play:
    """Stream these, each in a piece of its own."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        peer.send(HEAD)
        for each in events:
            peer.piece(stream(each))
        if end:
            peer.piece(end)
        peer.send(b"0\r\n\r\n")
        return request

    return play


def answering(body: Any, status: str = "200 OK", error_type: str = "") -> Play:
    """Answer whole, or with an error."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        data = json.dumps(body).encode()
        named = f"x-amzn-errortype: {error_type}\r\n" if error_type else ""
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{named}content-length: {len(data)}\r\n\r\n"
        peer.send(head.encode() + data)
        return request

    return play
