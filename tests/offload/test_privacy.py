"""Who may see what, and from where."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.wire import HELLO, Wire
from tests.offload.visitor import ASYNC, STREAM, ask, go, path_of, post
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

PRIVATE = {"access": "private"}
ADDRESSES = ["status", "stream_events", "raw", "stop"]


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """With nothing but the simulator, as on a fresh machine."""
    with serving() as server:
        yield server


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_private_answer_needs_its_token(server: Serving, name: str) -> None:
    made, other = ask(server, fields=PRIVATE), ask(server, fields=PRIVATE)
    made.over(made.bearer)
    for headers in ({}, other.bearer, {"authorization": "Bearer"}, {"authorization": f"Basic {made.token}"}):
        answer = made.get(name, headers)
        assert answer.status == 401, headers
        assert answer.json()["error"]["code"] == "invalid_bearer_token"
        assert answer.headers["www-authenticate"] == "Bearer"
    assert made.get(name, made.bearer).status == (405 if name == "stop" else 200)


@pytest.mark.parametrize("name", ADDRESSES)
def test_the_streams_token_opens_the_stream_and_nothing_else(server: Serving, name: str) -> None:
    made = ask(server, fields=PRIVATE)
    made.over(made.bearer)
    argument = made.said["authorization"]["stream_url_arg"]
    is_stream = name == "stream_events"
    assert made.get(name, query=f"?{argument}").status == (200 if is_stream else 401)
    assert made.get(name, {"authorization": f"Bearer {argument.partition('=')[2]}"}).status == 401
    assert made.get(name, query=f"?stream_token={made.token}").status == 401
    assert made.get(name, query="?stream_token=").status == 401


def test_a_private_answer_is_not_at_the_public_address(server: Serving) -> None:
    made = ask(server, fields=PRIVATE)
    for name in ADDRESSES:
        assert go(server, made.url(name).replace("/priv/", "/pub/")).status == 404
    public = ask(server)
    assert go(server, public.url("status").replace("/pub/", "/priv/")).status == 404


def test_what_its_owner_deletes_is_nowhere(server: Serving) -> None:
    made = ask(server)
    made.over()
    assert made.get("status").status == 200
    run = made.answer.headers["headgate-run"]
    assert go(server, f"/v1/runs/{run}", method="DELETE").status == 200
    for name in ADDRESSES:
        assert made.get(name).status == 404
    asked = {"messages": HELLO, "from_status_url": made.url("status")}
    assert post(server, STREAM, asked).status == 404


def test_no_part_of_an_address_is_left_to_chance(server: Serving) -> None:
    made = ask(server)
    url = made.url("status")
    year = time.strftime("/%Y/", time.gmtime(made.said["created_at"]))
    for wrong in (url.replace(year, "/1999/"), url.replace("/1/r/", "/2/r/"), url.replace(".json", "0.json")):
        answer = go(server, wrong)
        assert (answer.status, answer.json()["status"]) == (404, "error")


def test_tokens_are_kept_as_hashes_only(tmp_path: Any) -> None:
    with serving(folder=tmp_path) as server:
        made = ask(server, fields=PRIVATE)
        made.over(made.bearer)
        child = ask(server, fields={"from_status_url": made.url("status"), "from_bearer_token": made.token})
        child.over()
        assert made.token not in json.dumps(child.status())
        tokens = [made.token, made.said["authorization"]["stream_url_arg"].partition("=")[2]]
        assert server.stop() == 0
        files = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    for token in tokens:
        assert token.encode() not in files
        assert bytes.fromhex(token) not in files


def test_nobody_keeps_a_copy_of_what_changes(server: Serving) -> None:
    made = ask(server)
    assert made.answer.headers["cache-control"] == "no-store"
    assert made.get("status").headers["cache-control"] == "no-store"


def test_a_stranger_cannot_choose_what_others_read(server: Serving) -> None:
    """Each request's addresses are its own host's: a lie comes back to the liar alone."""
    made = ask(server, headers={"host": "evil.example.com", "x-forwarded-proto": "https"})
    assert made.url("status").startswith("https://evil.example.com/")
    said = made.status()
    assert said["endpoints"]["status_url"].startswith("http://test/")
    child = ask(server, fields={"from_status_url": (made.over(), made.url("status"))[1]})
    assert child.status()["endpoints"]["from_status_url"].startswith("http://test/")


def test_a_configured_address_is_told_to_everybody(tmp_path: Any) -> None:
    config = '[server]\npublic_url = "https://llm.example.com/gate/"\n'
    with serving(config, folder=tmp_path) as server:
        made = ask(server, headers={"host": "evil.example.com"})
        assert made.url("status").startswith("https://llm.example.com/gate/1/r/pub/")
        with Wire(server) as wire:
            wire.get(path_of(made.url("status")).removeprefix("/gate"))
            said = wire.answer().json()
        assert said["endpoints"]["status_url"] == made.url("status")


@pytest.mark.parametrize("path", [STREAM, ASYNC])
def test_another_origins_page_may_ask(server: Serving, path: str) -> None:
    wanted = "content-type,x-openai-api-key,x-rapidapi-host,x-rapidapi-key"
    headers = {
        "origin": "https://page.example.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": wanted,
    }
    answer = go(server, path, headers, "OPTIONS")
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == wanted
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert post(server, path, {"messages": HELLO}, headers).headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("name", ADDRESSES)
def test_another_origins_page_may_look(server: Serving, name: str) -> None:
    made = ask(server, fields=PRIVATE)
    made.over(made.bearer)
    headers = {
        "origin": "https://page.example.com",
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
    }
    asked = made.get(name, headers, "OPTIONS")
    assert asked.status == 204
    assert asked.headers["access-control-allow-headers"] == "authorization"
    for given in (made.bearer, {}):
        answer = made.get(name, {"origin": "https://page.example.com", **given})
        assert answer.headers["access-control-allow-origin"] == "*", "its error, too"
