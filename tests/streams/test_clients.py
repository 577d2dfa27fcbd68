"""The clients that others have published of Durable Streams, on runs and on streams, in Node.js and in Python."""

import threading
from collections.abc import Iterator
from typing import Any

import durable_streams
import pytest

from tests.e2e.watching import recent, run_of
from tests.e2e.wire import Wire, ask, chat, counting, events_of, script
from tests.node import node
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

ALICE: dict[str, Any] = {"authorization": "Bearer alices-key"}

CONFIG = """
[providers.simulator]
[keys]
alice = "alices-key"
"""

TEXT = counting(120)


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(CONFIG) as server:
        yield server


def begin(wire: Wire) -> str:
    """An answer that takes a while; its run."""
    wire.post(chat(stream=True, text=TEXT, gap_ms=5), headers={"headgate-disconnect": "keep", **ALICE})
    return run_of(wire.until(b" w5"))


def test_the_javascript_client_reads_a_run(server: Serving) -> None:
    """As it is made and when it is over: all of it, and that there is no more."""
    with Wire(server) as wire:
        run = begin(wire)
        read = node("durable.mjs", play="read", url=f"{server.url}/v1/stream/runs/{run}", headers=ALICE)
    log = events_of(server, run, ALICE)
    for way in ("sse", "long-poll", "over"):
        assert read[way] == {"messages": log, "offset": f"{len(log):016}", "closed": True}, way


def test_the_javascript_client_reads_a_run_by_its_link(server: Serving) -> None:
    """In any API's form, without a key."""
    run = ask(server, "/v1/chat/completions", ALICE, "POST", chat(text="one two")).headers["headgate-run"]
    url = ask(server, f"/v1/runs/{run}/links", ALICE, "POST").json()["stream_url"].replace("http://test", server.url)
    read = node("durable.mjs", play="read", url=f"{url}&as=openai.chat", headers={})
    words = [chunk["choices"][0]["delta"].get("content") for chunk in read["sse"]["messages"] if chunk["choices"]]
    assert "".join(word for word in words if word) == "one two"
    assert read["sse"]["messages"] == read["over"]["messages"]


def test_the_javascript_client_writes_a_stream(server: Serving) -> None:
    """With its producer's batches, read as they come; then closed, and deleted."""
    seen = node("durable.mjs", play="write", url=f"{server.url}/v1/stream/from/node", headers=ALICE, count=300)
    assert [message["n"] for message in seen["seen"]] == list(range(300))
    assert seen["seen"][7]["text"] == "žluť 7\n"
    assert (seen["closed"], seen["gone"]) == (True, 404)


def test_the_ai_sdks_transport_reads_an_answer_and_finds_it_again(server: Serving) -> None:
    """Of a server with keys: what it reads the answer from needs none."""
    body = {"model": "simulator/demo", **script(text=TEXT, gap_ms=5)}
    seen = node("durable.mjs", play="chat", url=server.url, headers=ALICE, chat="durable-1", body=body)
    assert [chunk["type"] for chunk in seen["begun"]] == ["start", "start-step"]
    assert "".join(part["text"] for part in seen["message"]["parts"] if part["type"] == "text") == TEXT
    assert seen["message"]["id"] == seen["begun"][0]["messageId"]
    assert seen["over"] is None
    assert recent(server, "alices-key")[0]["status"] == "finished"


@pytest.mark.parametrize("live", ["sse", "long-poll"])
def test_the_python_client_reads_a_run_as_it_is_made(server: Serving, live: Any) -> None:
    """From the start, and from any place that it was told."""
    with Wire(server) as wire:
        run = begin(wire)
        url = f"{server.url}/v1/stream/runs/{run}"
        seen: list[Any] = []
        with durable_streams.stream(url, headers=ALICE, live=live, offset="-1") as response:
            for event in response.iter_json():
                seen.append(event)
                if event["type"] == "finished":
                    break
    log = events_of(server, run, ALICE)
    assert seen == log
    with durable_streams.stream(url, headers=ALICE, live=False, offset=f"{len(log) - 2:016}") as response:
        assert response.read_json() == log[-2:]


def test_the_python_client_writes_and_reads_a_stream(server: Serving) -> None:
    """Text with anything in it, from one to another."""
    url = f"{server.url}/v1/stream/from/python"
    said = ["one\n", " two  ", "žluť\n\n", "data: x\n", "last"]
    with durable_streams.DurableStream.create(url, content_type="text/plain", headers=ALICE) as made:
        heard: list[str] = []

        def read() -> None:
            with durable_streams.stream(url, headers=ALICE, live="sse", offset="-1") as response:
                for piece in response.iter_text():
                    heard.append(piece)
                    if "".join(heard).endswith("last"):
                        return

        reader = threading.Thread(target=read)
        reader.start()
        for piece in said:
            made.append(piece)
        reader.join()
        assert "".join(heard) == "".join(said)
        with durable_streams.stream(url, headers=ALICE, live=False) as response:
            assert response.read_text() == "".join(said)
        made.delete()
