"""Links to runs over HTTP: what they open, for how long, and that nobody writes them down."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.watching import run_of
from tests.e2e.wire import Answer, Wire, ask, chat, counting, frames, pieces_of
from tests.node import chromium, node
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

ALICE, BOB = {"authorization": "Bearer alices-key"}, {"authorization": "Bearer bobs-keys"}

CONFIG = """
[providers.simulator]
[keys]
alice = "alices-key"
bob = "bobs-keys"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(CONFIG) as server:
        yield server


@pytest.fixture
def over(server: Serving) -> str:
    """A run that is over."""
    return ask(server, "/v1/chat/completions", ALICE, "POST", chat(text="one two")).headers["headgate-run"]


def make(server: Serving, run: str, headers: dict[str, str] | None = None, **said: Any) -> Answer:
    """Ask for a link."""
    return ask(
        server, f"/v1/runs/{run}/links", ALICE if headers is None else headers, "POST", json.dumps(said).encode()
    )


def link(server: Serving, run: str, **said: Any) -> Any:
    """A link."""
    answer = make(server, run, **said)
    assert answer.status == 200, answer
    return answer.json()


def at(url: str) -> str:
    """Its path and query."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def test_a_link_opens_its_run_and_its_events(server: Serving, over: str) -> None:
    """Without a key, at the addresses it tells."""
    made = link(server, over)
    assert (made["object"], made["run"], made["rights"], made["stop_url"]) == ("run.link", over, "read", None)
    assert made["url"].startswith("http://test/v1/runs/")
    assert ask(server, at(made["url"])).json()["output"]["text"] == "one two"
    events = ask(server, at(made["events_url"]))
    assert pieces_of([json.loads(frame.data) for frame in frames(events.body)]) == ["one", " two"]
    assert ask(server, at(made["events_url"]) + "&as=made").body.endswith(b"data: [DONE]\n\n")
    assert ask(server, at(made["events_url"]), {"last-event-id": "4"}).status == 204
    assert ask(server, at(made["events_url"]), method="HEAD").status == 200


def test_a_link_counts_more_than_the_key_beside_it(server: Serving, over: str) -> None:
    """Another's key is no hindrance: a browser may send one of its own."""
    made = link(server, over)
    assert ask(server, at(made["url"]), BOB).status == 200
    assert ask(server, f"/v1/runs/{over}?token=x", ALICE).error["code"] == "link_invalid"


def test_a_link_follows_a_live_run_and_stops_it(server: Serving) -> None:
    """As far as its rights go."""
    with Wire(server) as wire, Wire(server) as follower:
        wire.post(chat(stream=True, text=counting(5000), gap_ms=10), headers=ALICE)
        run = run_of(wire.until(b"\r\n\r\n"))
        reading, stopping = link(server, run), link(server, run, rights="read+stop", expires_in=60)
        follower.get(at(stopping["events_url"]))
        follower.until(b" w5")
        refused = ask(server, f"/v1/runs/{run}/stop?token={reading['token']}", {}, "POST")
        assert (refused.status, refused.error["code"]) == (403, "link_forbids")
        assert ask(server, at(stopping["stop_url"]), {}, "POST").json()["status"] == "stopped"
        follower.until(b'"type":"stopped","by":"user"')


def test_a_link_opens_nothing_else(server: Serving, over: str) -> None:
    """No other run, no list, no new links, no deleting."""
    other = ask(server, "/v1/chat/completions", ALICE, "POST", chat(text="three")).headers["headgate-run"]
    token = link(server, over, rights="read+stop")["token"]
    for path in (f"/v1/runs/{other}", f"/v1/runs/{other}/events", "/v1/runs/run_0", "/v1/runs/" + "run_" + "0" * 40):
        assert ask(server, f"{path}?token={token}").error["code"] == "link_invalid"
    assert ask(server, f"/v1/runs?token={token}").status == 401
    assert ask(server, f"/v1/models?token={token}").status == 401
    assert ask(server, f"/v1/runs/{over}?token={token}", {}, "DELETE").status == 401
    assert ask(server, f"/v1/runs/{over}/links?token={token}", {}, "POST", b"{}").status == 401
    assert ask(server, f"/v1/ui/{over}/stream?token={token}").status == 401


def test_a_link_ends(server: Serving, over: str) -> None:
    """With a word of its own, and a status at which an EventSource gives up."""
    token = link(server, over, expires_in=1)["token"]
    path = f"/v1/runs/{over}?token={token}"
    while (answer := ask(server, path)).status == 200:
        pass
    assert (answer.status, answer.error["code"]) == (403, "link_expired")


def test_a_link_ends_with_its_run(server: Serving, over: str) -> None:
    """What it opened is gone."""
    made = link(server, over)
    ask(server, f"/v1/runs/{over}", ALICE, "DELETE")
    assert ask(server, at(made["url"])).error["code"] == "run_not_found"


@pytest.mark.parametrize("token", ["", "x", "A" * 67, "A" * 7000, "%00", "%ff", "../../x", "%F0%9F%9A%AA"])
def test_a_wrong_token_is_refused(server: Serving, over: str, token: str) -> None:
    """403, whatever it looks like."""
    answer = ask(server, f"/v1/runs/{over}?token={token}")
    assert (answer.status, answer.error["code"]) == (403, "link_invalid")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"rights": "write"}', "rights"),
        (b'{"rights": null}', "rights"),
        (b'{"expires_in": 0}', "expires_in"),
        (b'{"expires_in": 604801}', "expires_in"),
        (b'{"expires_in": -1}', "expires_in"),
        (b'{"expires_in": 1.5}', "expires_in"),
        (b'{"expires_in": "60"}', "expires_in"),
        (b'{"expires": 60}', None),
        (b"[]", None),
        (b"{", None),
    ],
)
def test_a_wrong_wish_is_refused(server: Serving, over: str, body: bytes, param: str | None) -> None:
    """400, naming the field."""
    answer = ask(server, f"/v1/runs/{over}/links", ALICE, "POST", body)
    assert (answer.status, answer.error["param"]) == (400, param)


def test_only_its_key_makes_links_to_a_run(server: Serving, over: str) -> None:
    """To others it does not exist."""
    assert make(server, over, BOB).error["code"] == "run_not_found"
    assert make(server, over, {}).status == 401


def test_an_empty_wish_is_an_hour_of_reading(server: Serving, over: str) -> None:
    """Also with no body at all."""
    for body in (b"", b"{}"):
        made = ask(server, f"/v1/runs/{over}/links", ALICE, "POST", body).json()
        created = ask(server, f"/v1/runs/{over}", ALICE).json()["created"]
        assert made["rights"] == "read"
        assert 3590 <= made["expires_at"] - created <= 3700


def test_a_link_outlives_the_server_and_dies_with_the_key(tmp_path: Any) -> None:
    """It is signed with the store's secret, and belongs to a key of the configuration."""
    with serving(CONFIG, folder=tmp_path) as server:
        run = ask(server, "/v1/chat/completions", ALICE, "POST", chat(text="one")).headers["headgate-run"]
        path = at(link(server, run)["url"])
        assert server.stop() == 0
    with serving(CONFIG, folder=tmp_path) as server:
        assert ask(server, path).status == 200
        assert server.stop() == 0
    with serving(CONFIG.replace("alice =", "carol ="), folder=tmp_path) as server:
        assert ask(server, path).error["code"] == "link_invalid"


@pytest.mark.parametrize("is_browser", [False, True], ids=["npm", "chromium"])
def test_an_event_source_follows_a_link(server: Serving, over: str, is_browser: bool) -> None:
    """It has no way to send a key. At a link that is over, or no link at all, it gives up."""
    path = chromium() if is_browser else None
    good, late = link(server, over)["token"], link(server, over, expires_in=1)["token"]
    while ask(server, f"/v1/runs/{over}?token={late}").status == 200:
        pass
    urls = [f"{server.url}/v1/runs/{over}/events{query}" for query in (f"?token={good}", f"?token={late}", "")]
    heard = node("follow.mjs", urls=urls, names=["text", "finished"], chromium=path, home=f"{server.url}/health")
    assert [json.loads(data)["type"] for _, _, data in heard[0]["events"]] == ["text", "text", "finished"]
    assert [follower["events"] for follower in heard[1:]] == [[], []]
    assert [follower["opens"] for follower in heard[1:]] == [0, 0]


def test_nobody_writes_a_token_down(tmp_path: Any) -> None:
    """Neither the log, at its most talkative, nor the store."""
    with serving('[server]\nlog_level = "debug"\n' + CONFIG, folder=tmp_path) as server:
        run = ask(server, "/v1/chat/completions", ALICE, "POST", chat(text="one")).headers["headgate-run"]
        token = link(server, run, rights="read+stop")["token"]
        for path in ("", "/events", "/events?as=x"):
            ask(server, f"/v1/runs/{run}{path}{'&' if '?' in path else '?'}token={token}")
        ask(server, f"/v1/runs/{run}/stop?token={token}", {}, "POST")
        ask(server, f"/v1/runs/{run}/nothing?token={token}")
        refused = ask(server, f"/v1/runs/{run}?token={token}x")
        assert token not in refused.body.decode()
        assert server.stop() == 0
        log = server.log()
    assert token not in log
    for path in tmp_path.glob("headgate.db*"):
        assert token.encode() not in path.read_bytes()
