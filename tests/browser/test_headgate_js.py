"""headgate.js in a real browser, on pages of another origin; connections are cut, tokens end, the server is killed."""

import functools
import json
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.betterforms.test_streaming import JOKE
from tests.e2e.cutter import Cutter
from tests.e2e.wire import counting
from tests.node import chromium, node
from tests.offload.test_page import EXAMPLES, Quiet
from tests.serving import serving, start

pytestmark = pytest.mark.slow

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "browser.md"
KEY = JOKE["apiKey"]
CONFIG = f'[keys]\napp = "{KEY}"\n[channels]\nanonymous = "send"\n'
TEXT = counting(120)


class Stage:
    """A server, which is killed and started again once pages are on a certain channel."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.is_over = folder, threading.Event()
        self.server = start(folder, CONFIG)
        self.url, self._port = self.server.url, self.server.port

    def restart(self) -> None:
        """Wait for them, and kill."""
        while not self._is_ready():
            if self.is_over.wait(0.02):
                return
        self.server.kill()
        self.close()
        self.server = start(self._folder, CONFIG, port=self._port)

    def _is_ready(self) -> bool:
        asked = {"apiKey": KEY, "channel": "ready"}
        answer = requests.post(f"{self.url}/message/users", json=asked, timeout=30)
        return bool(answer.json())

    def close(self) -> None:
        """Let go of it."""
        assert self.server.process.stdout is not None
        self.server.process.stdout.close()

    def run(self, run: str) -> Any:
        """A run as it is kept."""
        headers = {"authorization": f"Bearer {KEY}"}
        return requests.get(f"{self.url}/v1/runs/{run}", headers=headers, timeout=30).json()


@pytest.fixture(scope="module")
def home() -> Iterator[str]:
    """Another origin, with the examples."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(EXAMPLES))) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{other.server_address[1]}"
        other.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("stage"))
    yield stage
    stage.server.kill()
    stage.close()
    assert "Traceback" not in stage.server.log()


@pytest.fixture(scope="module")
def cutters(stage: Stage) -> Iterator[list[Cutter]]:
    """For each way to listen, and for runs."""
    with ExitStack() as opened:
        yield [opened.enter_context(Cutter(stage.server.port, seed=seed, cuts=4)) for seed in (5, 6, 7)]


@pytest.fixture(scope="module")
def played(stage: Stage, home: str, cutters: list[Cutter]) -> Any:
    """What all plays told: one browser for all of them."""
    killer = threading.Thread(target=stage.restart)
    killer.start()
    try:
        urls = [cutter.url for cutter in cutters]
        return node("headgate.mjs", chromium=chromium(), home=home, server=stage.url, cutters=urls, key=KEY, text=TEXT)
    finally:
        stage.is_over.set()
        killer.join()


def seen(played: Any, name: str) -> Any:
    """What one play told."""
    told = played[name]
    assert "broken" not in told, told["broken"]
    return told


def test_the_documents_joke_appears_word_by_word_on_two_tabs(played: Any, stage: Stage) -> None:
    told = seen(played, "joke")
    assert told["request"] == JOKE
    status, promise, run = told["acknowledged"]
    assert (status, promise) == (201, {"success": True, "message": "Streaming setup complete"})
    joke = "The model" + stage.run(run)["output"]["text"]
    for tab in told["seen"]:
        states = [state for state in dict.fromkeys(tab) if state]
        assert states[-1] == joke
        assert all(joke.startswith(state) for state in states), "it only grows"
        assert len(states) > 10


def test_two_people_chat(played: Any) -> None:
    told = seen(played, "joke")
    ann, bob = "Ann\nDo you know the one about the developer?", "Bob\nNo."
    assert told["said"] == [[ann, bob], [ann, bob]]
    assert told["mine"] == [[ann], [bob]]
    # Others are on that channel as well: everybody is.
    assert all(re.fullmatch(r"\d+ here", count) for count in told["count"])


@pytest.mark.parametrize("number", [0, 1], ids=["socket", "events"])
def test_a_cut_connection_loses_and_doubles_nothing(played: Any, cutters: list[Cutter], number: int) -> None:
    told = seen(played, "cuts")[number]
    assert "".join(piece.get("content", "") for piece in told["pieces"]) == TEXT
    assert [piece["type"] for piece in told["pieces"]] == ["delta"] * (len(told["pieces"]) - 1) + ["end"]
    assert cutters[number].cuts == 4
    assert told["opens"] > 1
    assert (told["ids"], told["state"]) == (1, "closed")


@pytest.mark.parametrize("transport", ["socket", "events"])
def test_with_another_token_it_goes_on_where_the_old_one_ended(played: Any, transport: str) -> None:
    told = seen(played, "tokens")[transport]
    assert told["told"][0] == {"model": {"number": 1}}, "which was said while it had none"
    assert told["gaps"] == []
    assert told["states"][0] == "open"
    assert told["states"][-3:] == ["expired", "connecting", "open"]


def test_a_function_is_asked_for_another_token(played: Any) -> None:
    told = seen(played, "tokens")["asks"]
    assert told["states"][-3:] == ["waiting", "connecting", "open"]
    assert "expired" not in told["states"]
    assert told["told"] == [{"model": {"number": 1}}, {"model": {"number": 2}}]


def test_what_is_refused_is_told_and_not_asked_again(played: Any) -> None:
    told = seen(played, "tokens")
    assert (told["stranger"]["states"], told["stranger"]["codes"]) == (["refused"], ["not_a_member"])
    assert (told["late"]["states"][0], told["late"]["codes"]) == ("expired", ["token_expired"])
    assert told["refused"] == [403, "channel_not_allowed"]


def test_a_user_is_told_with_its_message(played: Any) -> None:
    assert seen(played, "tokens")["from"] == [{"id": "U1", "email": None}, {"number": 2}]


@pytest.mark.parametrize("transport", ["socket", "events"])
def test_joining_and_leaving(played: Any, transport: str) -> None:
    told = seen(played, "joining")[transport]
    assert told["told"] == [0, 1, 2, 4], "and nothing of a channel that it has left"
    assert told["gaps"] == []
    assert transport == "events" or [f"{transport}-a", 1] in told["counts"], "a socket asks at the start"
    assert told["states"][-1] == "closed"
    # Without a key a page that listens to events cannot say anything.
    assert told["late"] == ("The connection is closed." if transport == "socket" else 401)
    assert told["again"] == [[5], True]


def test_a_run_is_followed_across_cuts_to_its_end(played: Any, stage: Stage, cutters: list[Cutter]) -> None:
    told = seen(played, "runs")
    kept = stage.run(told["run"])
    assert told["whole"]["text"] == kept["output"]["text"] == TEXT
    assert told["whole"]["numbers"] == list(range(kept["events"]))
    assert told["whole"]["ends"] == ["finished", "nothing"]
    assert cutters[2].cuts > 1


def test_a_run_is_stopped_and_left(played: Any, stage: Stage) -> None:
    told = seen(played, "runs")
    assert told["stopped"]["end"] == {"type": "stopped", "by": "user"}
    assert told["stopped"]["status"] == stage.run(told["other"])["status"] == "stopped"
    assert told["left"] == "nothing"
    assert told["refused"] == [404, "run_not_found", True]


@pytest.mark.parametrize("number", [0, 1], ids=["socket", "events"])
def test_after_a_crash_of_the_server_pages_are_back_and_told_of_the_gap(played: Any, number: int) -> None:
    told = seen(played, "restart")[number]
    assert (told["gaps"].count("restarting"), told["told"]) == (1, [7, 8])
    assert told["states"][0] == told["states"][-1] == "open"
    assert "waiting" in told["states"]


def test_the_module_is_served_for_pages_of_any_origin(stage: Stage) -> None:
    url = f"{stage.url}/headgate.js"
    answer = requests.get(url, headers={"origin": "https://elsewhere.example"}, timeout=30)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-cache"
    tag = answer.headers["etag"]
    for said in (tag, f"W/{tag}", f'"other", {tag}'):
        again = requests.get(url, headers={"if-none-match": said}, timeout=30)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert requests.get(url, headers={"if-none-match": '"other"'}, timeout=30).content == answer.content
    head = requests.head(url, timeout=30)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(answer.content)))


def test_the_documentations_examples(tmp_path: Path) -> None:
    """They are run as they stand: the page, and on it the script."""
    text = DOCUMENTATION.read_text()
    (html,) = re.findall(r"```html\n(.*?)```", text, re.DOTALL)
    (script,) = re.findall(r"```js\n(.*?)```", text, re.DOTALL)
    with serving() as server:
        payload = {"stream": True, "messages": [{"role": "user", "content": "?"}], "simulator": {"text": TEXT}}
        told = {"channels": ["anonymous"], "actionName": "assistantReceiveResultsStream", "payload": payload}
        script += (
            f"const said = async () => (await fetch('{server.url}/message/channels', {{ method: 'POST' }})).json();"
            "while (!(await said()).anonymous.includes('anonymous'));"
        )
        script += f"await fetch('{server.url}/stream/create', {{ method: 'POST', body: `{json.dumps(told)}` }});"
        page = tmp_path / "page.html"
        page.write_text(html.replace("http://127.0.0.1:8080", server.url))
        script = script.replace("http://127.0.0.1:8080", server.url)
        shown = node("script.mjs", chromium=chromium(), page=page.as_uri(), script=script, shows=TEXT)
        # The simulator gives the same answer to the same question.
        asked = {"model": "default", "messages": [{"role": "user", "content": "Hello!"}]}
        answer = requests.post(f"{server.url}/v1/chat/completions", json=asked, timeout=30).json()
    assert answer["choices"][0]["message"]["content"] in shown
