"""Responses in the background: made without their clients, found again, followed, cancelled, forgotten."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.watching import wait_until
from tests.e2e.wire import Wire, ask, counting, without_comments
from tests.responses.asking import (
    PATH,
    Live,
    after,
    begin,
    body,
    done,
    events,
    make,
    over,
    replay,
    show,
    stream,
)
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

LONG = counting(2000)


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


def test_it_comes_back_at_once_and_is_made_without_its_client(server: Serving) -> None:
    answer = make(server, background=True, first_ms=300, text="Late.")
    said = answer.json()
    assert (answer.status, said["status"], said["output"], said["background"]) == (200, "queued", [], True)
    assert answer.headers["headgate-run"] == said["id"].replace("resp_", "run_")
    assert show(server, said["id"])["status"] in ("queued", "in_progress")
    ended = over(server, said["id"])
    assert (ended["status"], ended["output"][0]["content"][0]["text"]) == ("completed", "Late.")
    assert show(server, said["id"]) == ended


def test_a_stream_is_left_and_goes_on(server: Serving) -> None:
    with Live(server, text=LONG, gap_ms=1) as live:
        live.until(b'w9"')
    ended = over(server, live.id)
    assert (ended["status"], ended["output"][0]["content"][0]["text"]) == ("completed", LONG)


def test_a_stream_says_at_once_that_it_is_queued(server: Serving) -> None:
    """Long before its provider does anything."""
    with Live(server, first_ms=60_000) as live:
        live.until(b"event: response.queued")
        assert show(server, live.id)["status"] in ("queued", "in_progress")
        assert ask(server, f"{PATH}/{live.id}/cancel", method="POST").json()["status"] == "cancelled"


def test_in_the_background_nothing_is_left_out_of_the_store(server: Serving) -> None:
    error = make(server, background=True, store=False).error
    assert (error["param"], error["code"]) == ("store", "invalid_value")
    assert make(server, background=True, store=None).status == 200


def test_a_stream_can_be_had_again_from_every_event(server: Serving) -> None:
    """Cut anywhere, and resumed there: the same bytes."""
    answer = make(server, background=True, stream=True, words=12)
    whole = without_comments(answer.body)
    told = events(whole)
    id = told[0]["response"]["id"]
    assert [event["type"] for event in told[:3]] == ["response.created", "response.queued", "response.in_progress"]
    assert told[-1]["type"] == "response.completed"
    assert stream(server, id) == whole
    for event in told:
        number = event["sequence_number"]
        assert stream(server, id, number) == after(whole, number)
    assert replay(server, id, len(told) - 1).body == b""


def test_a_live_stream_can_be_cut_and_resumed_anywhere(server: Serving) -> None:
    """By several readers at once, at places that chance chooses."""
    chance = random.Random(4)
    with Live(server, text=counting(300), gap_ms=2) as live:
        seen = {}
        for _ in range(8):
            with Wire(server) as wire:
                wire.get(f"{PATH}/{live.id}?stream=true")
                wire.until(b"\r\n\r\n")
                wanted = chance.randrange(1, 200)
                part = b""
                while part.count(b"\n\n") < wanted:
                    part += wire.until(b"\n")
                seen[wanted] = _frames(part, wanted)
        resumed = {cut: seen[cut] + stream(server, live.id, cut - 1) for cut in seen}
    whole = stream(server, live.id)
    assert len(events(whole)) > 300
    assert set(resumed.values()) == {whole}


def _frames(chunked: bytes, count: int) -> bytes:
    """The first events in the bytes of a chunked body."""
    lines = [line for line in chunked.replace(b"\r\n", b"\n").split(b"\n") if line.startswith((b"event: ", b"data: "))]
    pairs = [lines[at] + b"\n" + lines[at + 1] + b"\n\n" for at in range(0, 2 * count, 2)]
    return b"".join(pairs)


def test_what_has_failed_or_was_cancelled_is_the_same_again_too(server: Serving) -> None:
    with Live(server, text=LONG, gap_ms=1) as live:
        begun = live.until(b'w5"')
        cancelled = ask(server, f"{PATH}/{live.id}/cancel", method="POST")
        rest = without_comments(live.wire.until(b"0\r\n\r\n"))
    assert b"response.incomplete" in rest
    assert begun
    whole = stream(server, live.id)
    last = events(whole)[-1]
    assert (last["type"], last["response"]["status"]) == ("response.incomplete", "cancelled")
    assert last["response"] == cancelled.json() == show(server, live.id)
    failed = make(server, background=True, stream=True, model="simulator/broken")
    told = events(without_comments(failed.body))
    assert [event["type"] for event in told[-2:]] == ["response.failed", "error"]
    assert stream(server, told[0]["response"]["id"]) == without_comments(failed.body)


def test_a_provider_that_refuses_is_no_error_of_the_request(server: Serving) -> None:
    """The response failed, and says why."""
    ended = done(server, model="simulator/flaky")
    other = done(server, model="simulator/flaky")
    assert sorted((ended["status"], other["status"])) == ["completed", "failed"]
    failed = ended if ended["status"] == "failed" else other
    assert failed["error"]["code"] == "server_error"


def test_cancelling_twice_changes_nothing(server: Serving) -> None:
    id = begin(server, text=LONG, gap_ms=5)
    first, second = (ask(server, f"{PATH}/{id}/cancel", method="POST") for _ in range(2))
    assert first.status == second.status == 200
    assert first.body == second.body
    assert first.json()["status"] == "cancelled"
    ended = done(server, words=3)
    assert ask(server, f"{PATH}/{ended['id']}/cancel", method="POST").json() == ended


def test_one_that_is_not_in_the_background_is_found_and_cancelled_as_well(server: Serving) -> None:
    said = make(server, words=3).json()
    assert show(server, said["id"]) == said
    streamed = make(server, words=3, stream=True)
    id = events(without_comments(streamed.body))[0]["response"]["id"]
    assert stream(server, id) == without_comments(streamed.body)
    with Wire(server) as wire:
        wire.post(body(text=LONG, gap_ms=5, stream=True), PATH)
        begun = wire.until(b'w3"')
        live = "resp_" + begun.partition(b"headgate-run: run_")[2].partition(b"\r\n")[0].decode()
        assert ask(server, f"{PATH}/{live}/cancel", method="POST").json()["status"] == "cancelled"


def test_what_is_deleted_is_gone(server: Serving) -> None:
    ended = done(server, words=3)
    live = begin(server, text=LONG, gap_ms=5)
    for id in (ended["id"], live):
        answer = ask(server, f"{PATH}/{id}", method="DELETE")
        assert answer.json() == {"id": id, "object": "response", "deleted": True}
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")):
            gone = ask(server, f"{PATH}/{id}{path}", method=method)
            assert (gone.status, gone.error["code"]) == (404, "response_not_found")


def test_others_see_nothing() -> None:
    alice, bob = {"authorization": "Bearer alice-0f2c"}, {"authorization": "Bearer bob-77aa-x"}
    with serving("[keys]\nalice = 'alice-0f2c'\nbob = 'bob-77aa-x'\n[providers.simulator]\n") as keyed:
        id = begin(keyed, alice, words=3)
        assert show(keyed, id, alice)["id"] == id
        for method, path in (("GET", ""), ("GET", "?stream=true"), ("DELETE", ""), ("POST", "/cancel")):
            assert ask(keyed, f"{PATH}/{id}{path}", bob, method).status == 404
            assert ask(keyed, f"{PATH}/{id}{path}", {}, method).status == 401
        more = make(keyed, bob, previous_response_id=id)
        assert (more.status, more.error["code"]) == (400, "previous_response_not_found")


@pytest.mark.parametrize(
    "id", ["resp_1", "resp_" + "0" * 40, "run_" + "0" * 40, "x" * 3000, "%2e%2e", "resp_" + "G" * 40]
)
def test_what_there_never_was_is_not_found(server: Serving, id: str) -> None:
    answer = ask(server, f"{PATH}/{id}")
    assert (answer.status, answer.error["code"]) == (404, "response_not_found")
    assert len(answer.body) < 1000


def test_a_run_that_is_no_response_is_not_found(server: Serving) -> None:
    said = ask(server, "/v1/chat/completions", None, "POST", body(messages=[{"role": "user", "content": "x"}], words=2))
    run = said.headers["headgate-run"]
    assert ask(server, f"{PATH}/{run.replace('run_', 'resp_')}").status == 404


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ("stream=true&starting_after=x", "starting_after", "invalid_cursor"),
        ("stream=true&starting_after=", "starting_after", "invalid_cursor"),
        ("stream=true&starting_after=-2", "starting_after", "invalid_cursor"),
        ("stream=true&starting_after=1.0", "starting_after", "invalid_cursor"),
        ("stream=true&starting_after=%D9%A1", "starting_after", "invalid_cursor"),
        ("stream=true&starting_after=1000", "starting_after", "invalid_cursor"),
        ("stream=true&starting_after=" + "9" * 100, "starting_after", "invalid_cursor"),
        ("stream=maybe", "stream", "invalid_value"),
        ("include_obfuscation=7", "include_obfuscation", "invalid_value"),
    ],
)
def test_bad_cursors_are_refused_by_name(server: Serving, query: str, param: str, code: str) -> None:
    id = done(server, words=3)["id"]
    answer = ask(server, f"{PATH}/{id}?{query}")
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, param, code)


@pytest.mark.parametrize("query", ["", "&starting_after=-1", "&include_obfuscation=true", "&include_obfuscation=False"])
def test_without_a_cursor_a_stream_begins_at_its_start(server: Serving, query: str) -> None:
    id = done(server, words=3)["id"]
    answer = ask(server, f"{PATH}/{id}?stream=true{query}")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert events(answer.body)[0]["sequence_number"] == 0


def test_a_request_that_comes_again_gets_the_same_response(server: Serving) -> None:
    key = {"idempotency-key": "twice"}
    first, second = (make(server, key, background=True, stream=True, words=5) for _ in range(2))
    assert without_comments(first.body) == without_comments(second.body)


def test_the_same_in_the_form_of_any_dialect(server: Serving) -> None:
    """A run's own face shows the stream that its maker got."""
    answer = make(server, background=True, stream=True, words=4)
    run = answer.headers["headgate-run"]
    again = ask(server, f"/v1/runs/{run}/events?as=made")
    assert without_comments(again.body) == without_comments(answer.body)


def items(server: Serving, id: str, query: str = "") -> Any:
    answer = ask(server, f"{PATH}/{id}/input_items{query}")
    assert answer.status == 200, answer
    return answer.json()


def test_what_it_was_asked_comes_in_pages(server: Serving) -> None:
    asked = [{"role": "user", "content": str(number)} for number in range(25)]
    id = done(server, words=2, input=asked)["id"]
    newest = items(server, id)
    assert (len(newest["data"]), newest["has_more"]) == (20, True)
    assert newest["data"][0]["content"] == [{"type": "input_text", "text": "24"}]
    assert (newest["first_id"], newest["last_id"]) == (newest["data"][0]["id"], newest["data"][-1]["id"])
    rest = items(server, id, f"?after={newest['last_id']}&include[]=message.input_image.image_url")
    assert (len(rest["data"]), rest["has_more"]) == (5, False)
    oldest = items(server, id, "?order=asc&limit=100")["data"]
    assert oldest[::-1] == newest["data"] + rest["data"]
    assert items(server, id, f"?after={rest['last_id']}") == {
        "object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("order=up", "order"),
        ("after=msg_0", "after"),
    ],
)
def test_bad_pages_are_refused_by_name(server: Serving, query: str, param: str) -> None:
    id = done(server, words=2)["id"]
    answer = ask(server, f"{PATH}/{id}/input_items?{query}")
    assert (answer.status, answer.error["param"]) == (400, param)


def test_one_that_was_kept_for_long_enough_is_gone(server: Serving) -> None:
    quickly = "from headgate.runs import house\nhouse.LOOK_EVERY, house.SWEEP_EVERY = 0.05, 1"
    with serving(before=quickly) as short:
        id = begin(short, {"headgate-retention": "1"}, words=2)
        over(short, id)
        wait_until(lambda: ask(short, f"{PATH}/{id}").status == 404, "the end of its time")
        answer = ask(short, f"{PATH}/{id}")
        assert "older than responses are kept" in answer.error["message"]
        more = make(short, previous_response_id=id)
        assert (more.status, more.error["param"]) == (400, "previous_response_id")
        assert "older than responses are kept" in json.loads(more.body)["detail"]
