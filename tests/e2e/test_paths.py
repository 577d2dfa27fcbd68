"""Paths and methods that are not there, and what belongs to every answer."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.rough import CHAT, check_well, impatient, said
from tests.e2e.wire import Wire, chat, head
from tests.serving import Serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with impatient() as server:
        yield server


@pytest.fixture(autouse=True)
def _well(server: Serving) -> Iterator[None]:
    """After each of these the server is well and serves others."""
    yield
    check_well(server)


def test_unknown_paths_are_told_in_the_envelope(server: Serving) -> None:
    """404, with a hint where to look."""
    for path in ("/nowhere", "/v1/chat", f"{CHAT}/", "//", "/v1//models", "/%2e%2e/etc/passwd", "/v2/models"):
        answer = said(server, head("GET", path, {}))
        assert (answer.status, answer.error["code"]) == (404, "not_found"), path


def test_an_apis_own_paths_are_refused_in_its_own_shape(server: Serving) -> None:
    """Of a path that it does not have, and of a wrong method."""
    for method, path, status, shape in (
        ("GET", "/anthropic/v1/nothing", 404, {"type", "error", "request_id"}),
        ("GET", "/anthropic/v1/messages", 405, {"type", "error", "request_id"}),
        ("GET", "/genai/v1beta/nothing", 404, {"error"}),
        ("GET", "/v1/async-chatgpt", 405, {"status", "error"}),
    ):
        answer = said(server, head(method, path, {}))
        assert (answer.status, set(json.loads(answer.body))) == (status, shape), path


def test_a_wrong_method_is_told_which_are_right(server: Serving) -> None:
    """405, in the message and in the header."""
    for method, path, right in (
        ("GET", CHAT, "POST"),
        ("DELETE", "/v1/models", "GET, HEAD"),
        ("POST", "/v1/runs", "GET, HEAD"),
        ("PATCH", "/v1/models/default", "GET, HEAD"),
        ("BREW", CHAT, "POST"),
    ):
        answer = said(server, head(method, path, {}))
        if method == "BREW":
            assert answer.status in (400, 405)
            continue
        assert (answer.status, answer.error["code"]) == (405, "method_not_allowed"), path
        assert answer.headers["allow"] == right
        assert right in answer.error["message"]


def test_a_browser_is_told_what_it_may_do(server: Serving) -> None:
    """The preflight allows the headers that its page wants to send; the answer shows ours."""
    asked = {
        "origin": "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type, x-stainless-os",
    }
    answer = said(server, head("OPTIONS", CHAT, asked), method="OPTIONS")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == asked["access-control-request-headers"]
    with Wire(server) as wire:
        wire.post(chat(words=1, stream=True), headers={"origin": "https://app.example"})
        answer = wire.answer()
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "headgate-run" in answer.headers["access-control-expose-headers"]


def test_a_head_asks_for_no_body(server: Serving) -> None:
    """As GET, without the body, also of what would be a stream."""
    with Wire(server) as wire:
        wire.post(chat(words=1))
        run = wire.answer().headers["headgate-run"]
        for path in ("/", "/health", "/v1/models", "/v1/runs", f"/v1/runs/{run}", f"/v1/runs/{run}/events"):
            wire.get(path, method="HEAD")
            answer = wire.answer("HEAD")
            assert (answer.status, answer.body) == (200, b""), path
            assert int(answer.headers.get("content-length", "1")) > 0
        wire.get("/v1/runs/none", method="HEAD")
        assert wire.answer("HEAD").status == 404


def test_no_header_is_said_twice(server: Serving) -> None:
    """Proxies join such headers, or refuse the answer."""
    for body in (chat(words=1), chat(words=1, stream=True), chat(fail={"status": 429, "retry_after": 3}), b"nonsense"):
        with Wire(server) as wire:
            wire.post(body)
            names = [line.partition(b":")[0] for line in wire.until(b"\r\n\r\n").split(b"\r\n")[1:-2]]
        assert len(names) == len(set(names)), names
