"""Messages of a real server to real receivers, through stops, crashes and refusals."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.e2e.watching import get, wait_for_status, wait_until
from tests.e2e.wire import HELLO, Answer, Wire, chat, script
from tests.serving import Serving, serving, start

from .listener import Listener, Post, free_port

pytestmark = pytest.mark.slow

ALLOW = '[webhooks]\nallow = ["127.0.0.0/8"]\n'

SOON = "import headgate.webhooks.schedule as schedule\nschedule.FIRST_PAUSE = 0.2\nschedule.GROWTH = 1.0\n"
"""Tries follow one another at once, so that no test has to wait for hours."""

KEEP = {"headgate-disconnect": "keep"}

ALICE, BOB = "alice-0f2c-secret", "bob-77aa-secret"


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(ALLOW, before=SOON) as server:
        yield server


def ask(
    server: Serving, body: bytes, headers: dict[str, str], path: str = "/v1/chat/completions", key: str = ""
) -> Answer:
    """One request."""
    with Wire(server) as wire:
        wire.post(body, path, {**headers, **({"authorization": f"Bearer {key}"} if key else {})})
        return wire.answer()


def told(server: Serving, url: str, **said: Any) -> str:
    """A run whose end is told there; returns its id."""
    answer = ask(server, chat(**said), {"headgate-webhook": url})
    assert answer.status == 200, answer
    return answer.headers["headgate-run"]


def response(server: Serving, listener: Listener, **said: Any) -> str:
    """The same of a response."""
    body = json.dumps({"model": "simulator/demo", "input": "Hello", **script(**said)}).encode()
    answer = ask(server, body, {"headgate-webhook": listener.url}, "/v1/responses")
    assert answer.status == 200, answer
    return str(answer.json()["id"])


def post(server: Serving, path: str, key: str = "") -> Answer:
    """A POST without a body."""
    return ask(server, b"", {}, path, key)


def deliveries(server: Serving, run: str, key: str = "") -> list[Any]:
    """The messages about a run."""
    return list(get(server, f"/v1/runs/{run}/webhooks", key)["data"])


def settled(server: Serving, run: str, status: str) -> Any:
    """The only message about a run, once it has come to that."""

    def look() -> Any:
        found = deliveries(server, run)
        return found[0] if found and found[0]["status"] == status else None

    return wait_until(look, f"the webhook of {run} to be {status}")


def unwrapped(server: Serving, message: Post, key: str = "") -> Any:
    """The message, as OpenAI's library takes it with the secret that the server tells."""
    secret = get(server, "/v1/webhooks/secret", key)["secret"]
    return openai.OpenAI(api_key="unused", webhook_secret=secret).webhooks.unwrap(message.body, message.headers)


def killed(server: Serving) -> None:
    """kill -9, and nothing of it is left."""
    server.kill()
    let_go(server)


def stopped(server: Serving) -> int:
    """SIGTERM; returns the exit code."""
    code = server.stop()
    let_go(server)
    return code


def let_go(server: Serving) -> None:
    assert server.process.stdout is not None
    server.process.stdout.close()


def test_the_end_of_a_run_is_told(server: Serving) -> None:
    with Listener() as listener:
        run = told(server, listener.url, text="one two three")
        (message,) = listener.wait_for(1)
        assert message.path == "/hook?token=t0ken"
        said = message.json()
        assert said["type"] == "run.finished"
        assert said["data"] == get(server, f"/v1/runs/{run}")
        unwrapped(server, message)
        delivered = settled(server, run, "delivered")
        assert delivered["id"] == message.headers["webhook-id"]
        assert (delivered["url"], delivered["form"], delivered["endpoint"]) == (listener.url, "run", None)
        assert [(each["status"], each["error"]) for each in delivered["tries"]] == [(200, None)]


def test_a_stopped_and_a_failed_run_are_told_too(server: Serving) -> None:
    with Listener() as listener:
        with Wire(server) as wire:
            wire.post(chat(stream=True, words=1000, gap_ms=50), headers={"headgate-webhook": listener.url})
            run = wire.until(b"\r\n\r\n").partition(b"headgate-run: ")[2].partition(b"\r\n")[0].decode()
            post(server, f"/v1/runs/{run}/stop")
        assert listener.wait_for(1)[0].json()["type"] == "run.stopped"
        broken = chat(fail={"status": 500, "message": "It broke."})
        assert ask(server, broken, {"headgate-webhook": listener.url}).status == 500
        assert listener.wait_for(2)[1].json()["type"] == "run.failed"


def test_a_run_that_was_left_is_told_as_stopped(server: Serving) -> None:
    with Listener() as listener:
        with Wire(server) as wire:
            wire.post(chat(stream=True, words=1000, gap_ms=50), headers={"headgate-webhook": listener.url})
            wire.until(b"data: ")
        assert listener.wait_for(1)[0].json()["type"] == "run.stopped"


def test_a_response_is_told_in_openais_form(server: Serving) -> None:
    with Listener() as listener:
        id = response(server, listener, text="one two three")
        event = unwrapped(server, listener.wait_for(1)[0])
        assert (event.type, event.data.id) == ("response.completed", id)
        id = response(server, listener, text="one two three", finish_reason="length")
        event = unwrapped(server, listener.wait_for(2)[1])
        assert (event.type, event.data.id) == ("response.incomplete", id)


def test_a_stopped_response_is_told_as_cancelled(server: Serving) -> None:
    body = {"model": "simulator/demo", "input": "Hello", "stream": True, **script(words=1000, gap_ms=50)}
    with Listener() as listener, Wire(server) as wire:
        wire.post(json.dumps(body).encode(), "/v1/responses", {"headgate-webhook": listener.url})
        run = wire.until(b"\r\n\r\n").partition(b"headgate-run: ")[2].partition(b"\r\n")[0].decode()
        post(server, f"/v1/runs/{run}/stop")
        event = unwrapped(server, listener.wait_for(1)[0])
        assert (event.type, event.data.id) == ("response.cancelled", run.replace("run_", "resp_"))


def test_a_receiver_that_fails_is_tried_until_it_does_not(server: Serving) -> None:
    with Listener(500) as listener:
        run = told(server, listener.url, words=1)
        listener.wait_for(3)
        listener.status = 204
        delivered = settled(server, run, "delivered")
        assert [each["status"] for each in delivered["tries"]] == [500] * (len(listener.posts) - 1) + [204]
        assert {each.headers["webhook-id"] for each in listener.posts} == {delivered["id"]}


def test_a_message_is_sent_again_on_demand(server: Serving) -> None:
    with Listener(410) as listener:
        run = told(server, listener.url, words=1)
        given_up = settled(server, run, "given_up")
        listener.status = 200
        answer = post(server, f"/v1/runs/{run}/webhooks/{given_up['id']}/redeliver")
        assert (answer.status, answer.json()["status"]) == (200, "waiting")
        assert [each["status"] for each in settled(server, run, "delivered")["tries"]] == [410, 200]
        unknown = post(server, f"/v1/runs/{run}/webhooks/msg_0/redeliver")
        assert (unknown.status, unknown.error["code"]) == (404, "webhook_not_found")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://10.0.0.1/hook", "webhook_refused"),
        ("http://169.254.169.254/latest/meta-data/", "webhook_refused"),
        ("http://[::ffff:169.254.169.254]/", "webhook_refused"),
        ("http://[fd00:ec2::254]/", "webhook_refused"),
        ("http://2852039166/", "webhook_refused"),
        ("http://[::1]:8080/", "webhook_refused"),
        ("ftp://example.com/", "invalid_webhook_url"),
        ("example.com/hook", "invalid_webhook_url"),
        ("http://user:password@example.com/", "invalid_webhook_url"),
        ("http://", "invalid_webhook_url"),
        ("http://example.com/" + "a" * 3000, "invalid_webhook_url"),
    ],
)
def test_a_url_that_cannot_be_is_refused_before_anything_is_begun(server: Serving, url: str, code: str) -> None:
    before = get(server, "/v1/runs")["data"]
    answer = ask(server, chat(words=1), {"headgate-webhook": url})
    assert (answer.status, answer.error["code"]) == (400, code)
    assert get(server, "/v1/runs")["data"] == before


def test_nothing_on_this_machine_is_told_unless_it_is_allowed() -> None:
    with serving("") as server, Listener() as listener:
        answer = ask(server, chat(words=1), {"headgate-webhook": listener.url})
        assert (answer.status, answer.error["code"]) == (400, "webhook_refused")
        # A name that leads there is seen when it is connected to.
        name = "localhost.localdomain"
        run = told(server, f"http://{name}:{listener.port}/", words=1)
        note = wait_until(lambda: [each["note"] for each in deliveries(server, run) if each["note"]], "a first try")[0]
        assert note.startswith(("not sent: ", f"Could not connect to {name}"))
        assert listener.posts == []


def test_a_message_is_delivered_after_a_crash_under_the_same_id(tmp_path: Path) -> None:
    """kill -9 with a message on its way: the receiver has read it, and not answered."""
    with Listener(hangs=True) as listener:
        server = start(tmp_path, ALLOW)
        told(server, listener.url, words=1)
        (first,) = listener.wait_for(1)
        killed(server)
        listener.hangs = False
        with serving(ALLOW, folder=tmp_path) as server:
            second = listener.wait_for(2)[1]
            assert second.headers["webhook-id"] == first.headers["webhook-id"]
            assert second.body == first.body
            settled(server, first.json()["data"]["id"], "delivered")
            unwrapped(server, second)
    assert len(listener.posts) == 2


def test_messages_that_nobody_took_survive_a_crash(tmp_path: Path) -> None:
    """kill -9 between the end of runs and their messages: nobody listened until after the restart."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/hook"
    server = start(tmp_path, ALLOW, before=SOON)
    runs = [told(server, url, words=1) for _ in range(20)]
    ids = {deliveries(server, run)[0]["id"] for run in runs}
    killed(server)
    with Listener(port=port) as listener, serving(ALLOW, folder=tmp_path, before=SOON):
        listener.wait_for(20)
        wait_until(lambda: ids <= {post.headers["webhook-id"] for post in listener.posts}, "all messages")
        assert {post.json()["data"]["id"] for post in listener.posts} == set(runs)


def test_every_run_is_told_of_through_crashes(tmp_path: Path) -> None:
    """Runs of all lengths, two kills among them: each is told of, and always under one id."""
    with Listener() as listener:
        runs = set()
        for _ in range(2):
            server = start(tmp_path, ALLOW, before=SOON)
            wires = [Wire(server) for _ in range(40)]
            for number, wire in enumerate(wires):
                said = chat(stream=True, words=1 + 20 * number, gap_ms=10)
                wire.post(said, headers={"headgate-webhook": listener.url, **KEEP})
            for wire in wires:
                runs.add(wire.until(b"\r\n\r\n").partition(b"headgate-run: ")[2].partition(b"\r\n")[0].decode())
            listener.wait_for(len(listener.posts) + 1)
            killed(server)
            for wire in wires:
                wire.close()
        with serving(ALLOW, folder=tmp_path, before=SOON):
            wait_until(lambda: runs <= {post.json()["data"]["id"] for post in listener.posts}, "all to be told of")
        ids = {(post.json()["data"]["id"], post.headers["webhook-id"]) for post in listener.posts}
        assert len(ids) == len(runs) == 80
        ends = {post.json()["data"]["id"]: post.json()["type"] for post in listener.posts}
        assert set(ends.values()) == {"run.finished", "run.failed"}


def test_a_run_that_a_crash_ended_is_told_as_failed(tmp_path: Path) -> None:
    with Listener() as listener:
        server = start(tmp_path, ALLOW)
        with Wire(server) as wire:
            headers = {"headgate-webhook": listener.url, **KEEP}
            wire.post(chat(stream=True, words=1000, gap_ms=20), headers=headers)
            wire.until(b"data: ")
            wire.until(b"\n\n")
            wire.until(b"\n\n")
            killed(server)
        with serving(ALLOW, folder=tmp_path):
            (message,) = listener.wait_for(1)
            said = message.json()
            assert (said["type"], said["data"]["error"]["code"]) == ("run.failed", "producer_lost")


def test_a_stop_does_not_wait_for_a_receiver_that_hangs(tmp_path: Path) -> None:
    with Listener(hangs=True) as listener:
        server = start(tmp_path, ALLOW)
        told(server, listener.url, words=1)
        listener.wait_for(1)
        assert stopped(server) == 0
        assert "Traceback" not in server.log()
        listener.hangs = False
        with serving(ALLOW, folder=tmp_path):
            first, second = listener.wait_for(2)
            assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_a_run_that_ends_with_the_server_is_told_before_it_is_gone(tmp_path: Path) -> None:
    with Listener() as listener:
        server = start(tmp_path, ALLOW + "[server]\nshutdown_grace = 0\n")
        with Wire(server) as wire:
            wire.post(chat(stream=True, words=1000, gap_ms=20), headers={"headgate-webhook": listener.url})
            wire.until(b"data: ")
            assert stopped(server) == 0
            assert [post.json()["type"] for post in listener.posts] == ["run.failed"]


def test_a_slow_receiver_delays_nobody_else(server: Serving) -> None:
    with Listener(hangs=True) as slow, Listener() as quick:
        for _ in range(20):
            told(server, slow.url, words=1)
        slow.wait_for(8)
        told(server, quick.url, words=1)
        quick.wait_for(1)
        assert len(slow.posts) == 8


def test_every_key_has_a_secret_and_deliveries_of_its_own() -> None:
    with serving(f'[keys]\nalice = "{ALICE}"\nbob = "{BOB}"\n{ALLOW}') as server, Listener() as listener:
        answer = ask(server, chat(words=1), {"headgate-webhook": listener.url}, key=ALICE)
        run = answer.headers["headgate-run"]
        (message,) = listener.wait_for(1)
        unwrapped(server, message, ALICE)
        with pytest.raises(openai.InvalidWebhookSignatureError):
            unwrapped(server, message, BOB)
        id = message.headers["webhook-id"]
        assert get(server, f"/v1/runs/{run}/webhooks", BOB)["error"]["code"] == "run_not_found"
        for key, status in ((BOB, 404), ("", 401), (ALICE, 200)):
            assert post(server, f"/v1/runs/{run}/webhooks/{id}/redeliver", key).status == status


def test_a_secret_is_not_told_to_a_page_of_another_origin(server: Serving) -> None:
    with Wire(server) as wire:
        wire.get("/v1/webhooks/secret", {"origin": "https://evil.test"})
        refused = wire.answer()
        assert (refused.status, refused.error["code"]) == (403, "origin_refused")
        wire.get("/v1/webhooks/secret")
        answer = wire.answer()
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["secret"].startswith("whsec_")


def test_endpoints_of_the_configuration_are_told_and_their_urls_are_not() -> None:
    secret = "whsec_ZXhhbXBsZSBleGFtcGxlIGV4YW1wbGUgZXhhbXBsZSE="
    with Listener() as audit, Listener() as alarm:
        config = (
            f'{ALLOW}secret = "{secret}"\n'
            f'[webhooks.endpoints.audit]\nurl = "{audit.url}"\n'
            f'[webhooks.endpoints.alarm]\nurl = "{alarm.url}"\nevents = ["run.failed"]\n'
        )
        with serving(config) as server:
            run = ask(server, chat(words=1), {}).headers["headgate-run"]
            (message,) = audit.wait_for(1)
            client = openai.OpenAI(api_key="unused", webhook_secret=secret)
            client.webhooks.unwrap(message.body, message.headers)
            wait_until(lambda: all(each["due"] is None for each in deliveries(server, run)), "it to be over")
            assert [(each["endpoint"], each["status"]) for each in deliveries(server, run)] == [
                ("audit", "delivered"),
            ]
            assert {each["url"] for each in deliveries(server, run)} == {None}
            assert "t0ken" not in json.dumps(get(server, f"/v1/runs/{run}/webhooks"))
            assert get(server, "/v1/webhooks/secret")["error"]["code"] == "secret_configured"
            ask(server, chat(fail={"status": 500, "message": "It broke."}), {})
            assert alarm.wait_for(1)[0].json()["type"] == "run.failed"
            # What is kept in memory only is announced to nobody.
            unstored = {"model": "simulator/demo", "messages": HELLO, "store": False, **script(words=1)}
            quiet = ask(server, json.dumps(unstored).encode(), {})
            assert quiet.status == 200
            last = ask(server, chat(words=1), {}).headers["headgate-run"]
            assert audit.wait_for(3)[2].json()["data"]["id"] == last


def test_a_run_at_work_has_no_messages_yet(server: Serving) -> None:
    with Listener() as listener, Wire(server) as wire:
        wire.post(chat(stream=True, words=1000, gap_ms=50), headers={"headgate-webhook": listener.url})
        run = wire.until(b"\r\n\r\n").partition(b"headgate-run: ")[2].partition(b"\r\n")[0].decode()
        assert deliveries(server, run) == []
        post(server, f"/v1/runs/{run}/stop")
        wait_for_status(server, run, "stopped")
        settled(server, run, "delivered")
