"""`headgate webhooks` against a real server."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.e2e.watching import get, wait_until
from tests.e2e.wire import Wire, chat
from tests.serving import serving
from tests.webhooks.listener import Listener

from .command import Done, headgate

pytestmark = pytest.mark.slow


def done(*arguments: str) -> Done:
    """A command from start to end."""
    return asyncio.run(headgate(*arguments))


def test_messages_are_listed_and_sent_again() -> None:
    with serving('[webhooks]\nallow = ["127.0.0.0/8"]\n') as server, Listener(410) as listener:
        with Wire(server) as wire:
            wire.post(chat(words=1), headers={"headgate-webhook": listener.url})
            run = wire.answer().headers["headgate-run"]
        path = f"/v1/runs/{run}/webhooks"
        wait_until(lambda: get(server, path)["data"][0]["status"] == "given_up", "the message to be given up")
        listed = done("webhooks", "list", run, "--url", server.url)
        title, row = listed.out.splitlines()
        assert title.split() == ["ID", "STATUS", "TRIES", "NEXT", "TO", "NOTE"]
        id = listener.posts[0].headers["webhook-id"]
        assert row.split() == [id, "given_up", "1", listener.url, "answered", "410"]
        as_json = done("webhooks", "list", run, "--json", "--url", server.url)
        assert json.loads(as_json.out) == get(server, path)
        listener.status = 200
        assert done("webhooks", "redeliver", run, id, "--url", server.url).out == f"{id} is waiting\n"
        wait_until(lambda: get(server, path)["data"][0]["status"] == "delivered", "the message to be delivered")
        unknown = done("webhooks", "redeliver", run, "msg_0", "--url", server.url)
        assert (unknown.code, unknown.err) == (1, "headgate: There is no webhook 'msg_0' of this run.\n")


def test_endpoints_are_shown_without_their_paths(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text(
        '[webhooks]\nsecret = "whsec_ZXhhbXBsZSBleGFtcGxlIGV4YW1wbGUgZXhhbXBsZSE="\n'
        '[webhooks.endpoints.alarm]\nurl = "https://example.com:444/t0ken"\nevents = ["run.failed"]\n'
    )
    shown = asyncio.run(headgate("check", cwd=tmp_path))
    assert "webhooks    alarm at example.com:444, told of run.failed\n" in shown.out
    assert "t0ken" not in shown.out
    assert "whsec" not in shown.out


def test_the_secret_is_printed() -> None:
    with serving() as server:
        told = done("webhooks", "secret", "--url", server.url)
        assert told == (0, get(server, "/v1/webhooks/secret")["secret"] + "\n", "")


@pytest.mark.parametrize(
    ("said", "needed"),
    [(["list"], "a RUN"), (["redeliver", "run_0"], "a RUN and an ID"), (["secret", "run_0"], "nothing else")],
)
def test_what_is_missing_is_said(said: list[str], needed: str) -> None:
    missing = done("webhooks", *said)
    assert missing.code == 2
    assert f"`{said[0]}` needs {needed}." in missing.err
