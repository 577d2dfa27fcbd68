"""The example page in a real browser, on another origin than the server; EventSource on connections that are cut."""

import functools
import json
import re
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from tests.e2e.cutter import Cutter
from tests.e2e.wire import counting, frames
from tests.node import chromium, node
from tests.offload.visitor import LONG, ask, path_of
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "offload.md"
EXAMPLES = Path(__file__).parents[2] / "examples"
KEY = "a-key-of-the-page"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and does not talk about it."""

    @override
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    """The example, on an origin of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(EXAMPLES))) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{other.server_address[1]}/offload.html"
        other.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(f'[keys]\npage = "{KEY}"\n') as server:
        yield server


def use(server: Serving, page: str, *plays: Any) -> list[Any]:
    """What the page showed each time that it was quiet, and what it remembers at last."""
    return list(node("offload_page.mjs", chromium=chromium(), page=page, server=server.url, key=KEY, plays=plays))


def says(text: str, gap_ms: int = 1) -> dict[str, Any]:
    """More of a request: what the simulator is to say."""
    return {"simulator": {"text": text, "gap_ms": gap_ms}}


@pytest.mark.parametrize("how", ["stream", "async"])
@pytest.mark.parametrize("is_private", [False, True], ids=["public", "private"])
def test_a_conversation(server: Serving, page: str, how: str, is_private: bool) -> None:
    """Asked and read along, stopped in the middle, and gone on with."""
    asked = {"how": how, "isPrivate": is_private}
    first, stopped, third, last = use(
        server,
        page,
        ("ask", {**asked, "message": "One?", "more": says("Yes, one.")}),
        ("quiet",),
        ("ask", {**asked, "message": "Two?", "more": says(LONG, 50)}),
        ("until", {"text": "w5 "}),
        ("stop",),
        ("quiet",),
        ("ask", {**asked, "message": "Three?", "more": says("Three.")}),
        ("quiet",),
    )
    assert first["turns"] == [["user", "One?"], ["assistant", "Yes, one."]]
    assert first["note"].startswith("Done: ")
    assert stopped["turns"][:3] == [*first["turns"], ["user", "Two?"]]
    half = stopped["turns"][3][1]
    assert LONG.startswith(half)
    assert "w5 " in half
    assert stopped["note"].startswith("Stopped: ")
    assert third["turns"][-1] == ["assistant", "Three."]
    assert not any(shown["is_error"] for shown in (first, stopped, third))
    assert ("/priv/" in last["url"]) == is_private == ("token" in last)
    (again, _) = use(server, page, ("reopen", {"url": last["url"], "token": last.get("token", "")}), ("quiet",))
    assert again["turns"] == [
        ["user", "One?"],
        ["assistant", "Yes, one."],
        ["user", "Two?"],
        ["assistant", half],
        ["user", "Three?"],
        ["assistant", "Three."],
    ], "all of it is at the last address"


def test_what_goes_wrong_is_shown(server: Serving, page: str) -> None:
    refused, broken, unknown, _ = use(
        server,
        page,
        ("ask", {"message": "x", "more": {"timeout": 1}}),
        ("quiet",),
        ("ask", {"message": "x", "more": {"simulator": {"text": "a b c", "fail": {"at": 2}}}}),
        ("quiet",),
        ("reopen", {"url": f"{server.url}/1/r/pub/2023/06/01/11/07/06/24b94bef-d2a6-4faa-bb20-1429e846c9d3.json"}),
        ("quiet",),
    )
    assert (refused["is_error"], "'timeout'" in refused["note"]) == (True, True)
    assert (broken["is_error"], broken["turns"][-1]) == (True, ["assistant", "a b"])
    assert (unknown["is_error"], "no answer at this address" in unknown["note"]) == (True, True)


def test_the_documentations_example(page: str) -> None:
    """It is run as it stands, and the page shows the answer."""
    (script,) = re.findall(r"```js\n(.*?)```", DOCUMENTATION.read_text(), re.DOTALL)
    with serving() as server:
        # The simulator gives the same answer to the same question.
        asked = {"messages": [{"role": "user", "content": "Hello!"}]}
        answer = ask(server, fields={**asked, "simulator": {"gap_ms": 0}}).over()
        text = answer["response"]["body"]["choices"][0]["message"]["content"]
        script = script.replace("http://127.0.0.1:8080", server.url)
        shown = node("script.mjs", chromium=chromium(), page=page, script=script, shows=text)
    assert shown.count(text) == 1


@pytest.mark.parametrize("gap", [0, 10], ids=["when_it_is_over", "live"])
@pytest.mark.parametrize("is_browser", [False, True], ids=["npm", "chromium"])
def test_an_event_source_gets_each_event_once_however_it_is_cut(server: Serving, is_browser: bool, gap: int) -> None:
    """And stops asking after the end, although it does not know the end mark."""
    text = counting(150)
    made = ask(server, headers={"x-rapidapi-key": KEY}, fields={"access": "private"}, text=text, gap_ms=gap)
    path = path_of(made.url("stream_events")) + "?" + made.said["authorization"]["stream_url_arg"]
    browser = chromium() if is_browser else None
    with Cutter(server.port, seed=4, cuts=40, clients=4) as cutter:
        urls = [f"{cutter.url}{path}"] * 4
        heard = node("follow.mjs", urls=urls, names=["message"], chromium=browser, home=f"{server.url}/health")
    assert cutter.cuts > 20
    whole = [frame.data for frame in frames(made.get("stream_events", made.bearer).body)]
    for follower in heard:
        data = [data for _, _, data in follower["events"]]
        assert data[-1] == "[DONE]"
        chunks = [json.loads(one) for one in data[:-1]]
        assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks) == text
        assert [one for one in whole if one not in data] == []
    assert max(follower["opens"] for follower in heard) > 2
