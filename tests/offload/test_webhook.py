"""Who asked to be told gets the last status document, as a form."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.e2e.upstream import Peer, Request, Upstream
from tests.e2e.wire import HELLO
from tests.offload.visitor import ASYNC, STREAM, ask, begun, post
from tests.serving import serving

pytestmark = pytest.mark.slow

CONFIG = '[webhooks]\nallow = ["127.0.0.0/8"]\n'


def taking(peer: Peer) -> Request:
    """Take one message."""
    request = peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    return request


def told(request: Request) -> Any:
    """The document in a message."""
    assert request.line == "POST /hook?a=b HTTP/1.1"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    fields = parse_qs(request.body.decode("ascii"), strict_parsing=True)
    assert [*fields] == ["response"]
    return json.loads(fields["response"][0])


@pytest.mark.parametrize("path", [STREAM, ASYNC])
@pytest.mark.parametrize("end", ["done", "stopped", "error"])
def test_its_end_is_told(tmp_path: Path, path: str, end: str) -> None:
    with Upstream(taking) as hook, serving(CONFIG, folder=tmp_path) as server:
        fields = {"webhook_url": f"http://127.0.0.1:{hook.port}/hook?a=b", "access": "private"}
        if end == "stopped":
            made = begun(server, path, fields=fields)
            made.get("stop", made.bearer)
        else:
            script: dict[str, Any] = {"fail": {"at": 1}} if end == "error" else {}
            made = ask(server, path, headers=None, fields=fields, text="é & ü", **script)
        document = told(hook.result())
        assert document == made.status(made.bearer)
        assert document["status"] == ("error" if end == "error" else "done")
        assert document.get("stopped", False) == (end == "stopped")
        assert made.token not in json.dumps(document)


def test_the_header_of_all_runs_tells_in_the_same_form(tmp_path: Path) -> None:
    with Upstream(taking) as hook, serving(CONFIG, folder=tmp_path) as server:
        made = ask(server, headers={"headgate-webhook": f"http://127.0.0.1:{hook.port}/hook?a=b"})
        assert told(hook.result()) == made.over()


def test_an_address_inside_is_refused_at_once(tmp_path: Path) -> None:
    with serving(folder=tmp_path) as server:
        answer = post(server, STREAM, {"messages": HELLO, "webhook_url": "http://169.254.169.254/latest"})
        assert (answer.status, answer.json()["error"]["code"]) == (400, "webhook_refused")
