"""Conversations that go on from an answer's address, on a real server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.wire import HELLO
from tests.offload.visitor import ASYNC, STREAM, Offloaded, ask, begun, post
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

NEXT = [{"role": "user", "content": "And then?"}]


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


def said(server: Serving, text: str, **fields: Any) -> Offloaded:
    """An answer with these words, and over."""
    made = ask(server, text=text, fields=fields)
    made.over(made.bearer if fields.get("access") == "private" else {})
    return made


def messages(made: Offloaded) -> Any:
    """The whole conversation that the provider was asked with."""
    return made.status()["parameters"]["messages"]


def answered(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


@pytest.mark.parametrize("path", [STREAM, ASYNC])
def test_what_was_said_comes_before_what_is_said(server: Serving, path: str) -> None:
    first = said(server, "one two")
    second = ask(server, path, fields={"messages": NEXT, "from_status_url": first.url("status")}, text="three")
    assert messages(second) == [*HELLO, answered("one two"), *NEXT]
    assert second.said["conversation_id"] == first.said["conversation_id"]
    assert second.said["conversation_id"] not in second.url("status"), "an address of its own"
    assert second.status()["endpoints"]["from_status_url"] == first.url("status")
    second.over()
    third = ask(server, fields={"messages": json.dumps(HELLO), "from_status_url": second.url("status")})
    assert messages(third) == [*HELLO, answered("one two"), *NEXT, answered("three"), *HELLO]
    assert third.said["conversation_id"] == first.said["conversation_id"]


def test_a_name_of_ones_own_goes_with_the_conversation(server: Serving) -> None:
    first = said(server, "one", conversation_id="monday")
    second = said(server, "two", from_status_url=first.url("status"))
    third = ask(server, fields={"from_status_url": second.url("status")})
    assert (second.said["conversation_id"], third.said["conversation_id"]) == ("monday", "monday")
    renamed = ask(server, fields={"from_status_url": second.url("status"), "conversation_id": "tuesday"})
    assert renamed.said["conversation_id"] == "tuesday"


def test_only_the_last_answer_is_cut(server: Serving) -> None:
    first = said(server, "one two")
    second = said(server, "three four", messages=NEXT, from_status_url=first.url("status"), from_max_length=3)
    assert messages(second) == [*HELLO, answered("one"), *NEXT]
    third = ask(server, fields={"messages": NEXT, "from_status_url": second.url("status"), "from_max_length": 5})
    assert messages(third) == [*HELLO, answered("one"), *NEXT, answered("three"), *NEXT]


def test_what_was_stopped_goes_on(server: Serving) -> None:
    first = begun(server)
    assert first.get("stop").status == 200
    second = ask(server, fields={"messages": NEXT, "from_status_url": first.url("status")})
    assert messages(second) == [*HELLO, answered(first.words()), *NEXT]


def test_what_failed_goes_on_with_what_came_of_it(server: Serving) -> None:
    broken = ask(server, text="one two three", fail={"at": 2})
    assert broken.over()["status"] == "error"
    second = ask(server, fields={"messages": NEXT, "from_status_url": broken.url("status")})
    assert messages(second) == [*HELLO, answered("one two"), *NEXT]
    refused = ask(server, fail={"at": "start"})
    assert refused.over()["status"] == "error"
    third = ask(server, fields={"messages": NEXT, "from_status_url": refused.url("status")})
    assert messages(third) == [*HELLO, *NEXT]


def test_a_private_conversation_needs_its_token(server: Serving) -> None:
    first = said(server, "one", access="private")
    asked = {"messages": NEXT, "from_status_url": first.url("status")}
    stream_token = first.said["authorization"]["stream_url_arg"].partition("=")[2]
    for token in (None, "", "wrong", stream_token, first.token[:-1]):
        answer = post(server, STREAM, {**asked, "from_bearer_token": token})
        assert answer.status == 401
        error = answer.json()["error"]
        assert (error["code"], error["param"]) == ("invalid_bearer_token", "from_bearer_token")
    second = ask(server, fields={**asked, "from_bearer_token": first.token})
    assert second.said["authorization"] == {"access": "public"}
    assert messages(second) == [*HELLO, answered("one"), *NEXT]


def test_what_is_still_being_said_cannot_go_on(server: Serving) -> None:
    first = begun(server)
    answer = post(server, STREAM, {"messages": NEXT, "from_status_url": first.url("status")})
    assert (answer.status, answer.json()["error"]["code"]) == (409, "still_running")
    first.get("stop")


UNKNOWN = "/1/r/pub/2023/06/01/11/07/06/24b94bef-d2a6-4faa-bb20-1429e846c9d3.json"


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        (f"https://offloadgpt.example.com{UNKNOWN}", 404, "not_found"),
        (UNKNOWN.replace("/1/r", "/9/r"), 400, "invalid_value"),
        (UNKNOWN.replace(".json", ".txt"), 400, "invalid_value"),
        ("http://169.254.169.254/latest/meta-data", 400, "invalid_value"),
        ("nonsense", 400, "invalid_value"),
    ],
)
def test_an_address_that_leads_nowhere(server: Serving, url: str, status: int, code: str) -> None:
    """It is never asked for: only looked for among our own."""
    answer = post(server, STREAM, {"messages": NEXT, "from_status_url": url})
    error = answer.json()["error"]
    assert (answer.status, error["code"], error["param"]) == (status, code, "from_status_url")


def test_the_public_form_of_a_private_address_leads_nowhere(server: Serving) -> None:
    first = said(server, "one", access="private")
    url = first.url("status").replace("/priv/", "/pub/")
    assert post(server, STREAM, {"messages": NEXT, "from_status_url": url}).status == 404


def test_the_host_of_an_address_does_not_matter(server: Serving) -> None:
    first = said(server, "one")
    url = first.url("status").replace("http://test/", "https://another.example.com/behind/")
    assert messages(ask(server, fields={"messages": NEXT, "from_status_url": url})) == [
        *HELLO,
        answered("one"),
        *NEXT,
    ]


def test_a_conversation_without_end_has_one(tmp_path: Path) -> None:
    new = [{"role": "user", "content": "z" * 1500}]
    with serving('[server]\nmax_body = "4KB"\n', folder=tmp_path) as server:
        made = said(server, "x" * 1500)
        made = said(server, "y" * 1500, from_status_url=made.url("status"))
        answer = post(server, STREAM, {"messages": new, "from_status_url": made.url("status")})
        assert (answer.status, answer.json()["error"]["param"]) == (413, "from_status_url")
        cut = {"messages": NEXT, "from_status_url": made.url("status"), "from_max_length": 10}
        assert post(server, STREAM, cut).status == 200


def test_another_key_of_the_server_may_go_on_with_what_it_can_see(tmp_path: Path) -> None:
    keys = '[keys]\nme = "secret-of-me"\nyou = "secret-of-you"\n'
    with serving(keys, folder=tmp_path) as server:
        first = ask(server, headers={"x-api-key": "secret-of-me"}, text="one")
        first.over()
        second = ask(server, headers={"x-api-key": "secret-of-you"}, fields={"from_status_url": first.url("status")})
        assert messages(second)[1] == answered("one")
