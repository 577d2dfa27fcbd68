"""Beginning an answer on a real server."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from headgate.dialects.docs import offload_answers
from tests.e2e.watching import get
from tests.e2e.wire import HELLO, Wire
from tests.offload.visitor import ASYNC, STREAM, ask, go, post
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

PRIVATE = {"access": "private"}
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def stem(access: str) -> str:
    """What the addresses of an answer begin with."""
    return rf"http://test/1/r/{access}/\d{{4}}/\d\d/\d\d/\d\d/\d\d/\d\d/{UUID}"


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """With nothing but the simulator, as on a fresh machine."""
    with serving() as server:
        yield server


def test_a_public_stream(server: Serving) -> None:
    said = ask(server).said
    assert set(said) == {"status", "created_at", "conversation_id", "README", "authorization", "endpoints"}
    assert (said["status"], said["authorization"]) == ("success", {"access": "public"})
    assert abs(said["created_at"] - time.time()) < 60
    begin = said["endpoints"]["status_url"].removesuffix(".json")
    assert re.fullmatch(stem("pub"), begin)
    assert begin.endswith(said["conversation_id"])
    assert time.strftime("/%Y/%m/%d/%H/%M/%S/", time.gmtime(said["created_at"])) in begin
    assert said["endpoints"] == {
        "status_url": f"{begin}.json",
        "stream_events_url": f"{begin}.txt",
        "stop_url": f"{begin}/stop",
    }


def test_a_private_stream(server: Serving) -> None:
    said = ask(server, fields=PRIVATE).said
    authorization = said["authorization"]
    assert set(authorization) == {"access", "bearer_token", "stream_url_arg"}
    assert authorization["access"] == "private"
    assert re.fullmatch("[0-9a-f]{32}", authorization["bearer_token"])
    assert re.fullmatch("stream_token=[0-9a-f]{32}", authorization["stream_url_arg"])
    assert authorization["bearer_token"] not in authorization["stream_url_arg"]
    assert re.fullmatch(stem("priv"), said["endpoints"]["status_url"].removesuffix(".json"))


def test_what_is_only_looked_at_has_no_stream(server: Serving) -> None:
    said = ask(server, ASYNC, fields=PRIVATE).said
    assert set(said["endpoints"]) == {"status_url", "stop_url"}
    assert set(said["authorization"]) == {"access", "bearer_token"}
    made = ask(server, ASYNC)
    assert made.said["authorization"] == {"access": "public"}
    assert go(server, made.url("status").replace(".json", ".txt")).status == 404


@pytest.mark.parametrize(("path", "told"), [(STREAM, offload_answers.STREAMED), (ASYNC, offload_answers.WAITED)])
@pytest.mark.parametrize("access", ["public", "private"])
def test_the_documentation_shows_what_is_said(server: Serving, path: str, access: str, told: Any) -> None:
    example, said = told[access.capitalize()], ask(server, path, fields={"access": access}).said
    assert said["README"] == example["README"]
    for one, other in ((said, example), (said["endpoints"], example["endpoints"])):
        assert [*one] == [*other]
    assert {key: len(value) for key, value in said["authorization"].items()} == {
        key: len(value) for key, value in example["authorization"].items()
    }


def test_a_conversation_with_a_name_of_its_own_has_an_address_nobody_can_guess(server: Serving) -> None:
    made = ask(server, fields={"conversation_id": "monday"})
    assert made.said["conversation_id"] == made.status()["conversation_id"] == "monday"
    assert re.fullmatch(stem("pub"), made.url("status").removesuffix(".json"))


def test_messages_as_text(server: Serving) -> None:
    made = ask(server, fields={"messages": json.dumps(HELLO)})
    assert made.over()["parameters"]["messages"] == HELLO


def test_the_answer_says_whose_run_it_is(server: Serving) -> None:
    made = ask(server, text="one two")
    made.over()
    run = get(server, f"/v1/runs/{made.answer.headers['headgate-run']}")
    assert (run["status"], run["output"]["text"]) == ("finished", "one two")


def test_errors_have_the_dialects_shape(server: Serving) -> None:
    for path in (STREAM, ASYNC):
        answer = post(server, path, {"messages": HELLO, "timeout": 91})
        assert answer.status == 400
        error = answer.json()["error"]
        assert (answer.json()["status"], error["code"], error["param"]) == ("error", "invalid_value", "timeout")
        assert "91" not in error["message"] or "90" in error["message"]


def test_a_body_that_is_no_text(server: Serving) -> None:
    with Wire(server) as wire:
        # In a field of a vendor's, which nobody would look into.
        wire.post(b'{"messages": [{"role": "user", "content": "Hello"}], "x": "\xff"}', STREAM)
        answer = wire.answer()
    assert (answer.status, answer.json()["error"]["code"]) == (400, "invalid_json")


def test_an_unknown_address_has_it_too(server: Serving) -> None:
    for end in (".json", ".txt", ".raw", "/stop"):
        url = f"/1/r/pub/2023/06/01/11/07/06/24b94bef-d2a6-4faa-bb20-1429e846c9d3{end}"
        answer = go(server, url)
        assert (answer.status, answer.json()["error"]["code"]) == (404, "not_found")


def test_keys_are_read_where_its_clients_put_them(tmp_path: Any) -> None:
    with serving('[keys]\nme = "a-long-secret"\n', folder=tmp_path) as server:
        answer = post(server, STREAM, {"messages": HELLO})
        assert (answer.status, answer.json()["status"]) == (401, "error")
        key = {"x-rapidapi-key": "a-long-secret", "x-rapidapi-host": "offloadgpt.p.rapidapi.com"}
        made = ask(server, headers=key)
        assert made.over()["status"] == "done", "its addresses need no key"
        locked = ask(server, headers=key, fields=PRIVATE)
        assert locked.get("status", key).status == 401, "nor do they take one"
        assert locked.over(locked.bearer)["status"] == "done"


def test_a_request_that_is_repeated_gets_the_same_answer(server: Serving) -> None:
    key = {"idempotency-key": "once"}
    first, again = (ask(server, fields=PRIVATE, headers=key, text="one two") for _ in range(2))
    assert first.said == again.said, "its tokens, too"
    assert first.answer.headers["headgate-run"] == again.answer.headers["headgate-run"]
    first.over(first.bearer)
    assert ask(server, fields=PRIVATE, headers=key, text="one two").said == first.said
    other = post(server, STREAM, {"messages": HELLO}, key)
    assert (other.status, other.json()["error"]["code"]) == (409, "idempotency_key_reused")
    fresh = ask(server, fields=PRIVATE, text="one two", headers={"idempotency-key": "twice"})
    assert fresh.token != first.token
