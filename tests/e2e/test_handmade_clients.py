"""
Clients that people write in an afternoon, with the habits that such clients have.

They index `choices[0].delta.content` in every chunk, look at each network read by itself, write
`bearer` as they please, and trip over the end mark; and they must all get the whole answer.
"""

import json
from collections.abc import Iterator

import pytest
import requests

from tests.e2e.watching import get, recent
from tests.node import node
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

KEY = "your_api_key_here"
ASKED = [("default", "Tell me a joke"), ("agent", "Tell me a joke"), ("agent", "Add milk to my todos")]
HEADERS = {"Content-Type": "application/json", "Authorization": f"bearer{KEY}"}


@pytest.fixture(scope="module", params=["", f'[keys]\nme = "{KEY}"\n'], ids=["open", "with_keys"])
def server(request: pytest.FixtureRequest) -> Iterator[Serving]:
    with serving(request.param) as server:
        yield server


def said_last(server: Serving) -> str:
    """The text of the newest run."""
    newest = recent(server, KEY)[0]
    assert newest["status"] == "finished"
    return str(get(server, f"/v1/runs/{newest['id']}", KEY)["output"]["text"])


@pytest.mark.parametrize(("model", "said"), ASKED)
def test_a_reader_that_parses_the_end_mark_has_the_whole_answer_by_then(server: Serving, model: str, said: str) -> None:
    """It takes every `data: ` line for JSON, so it falls over [DONE]; nothing of the answer comes after that."""
    heard = ""
    messages = [{"role": "user", "content": said}]
    url, body = f"{server.url}/v1/chat/completions", {"model": model, "messages": messages, "stream": True}
    with requests.post(url, json=body, headers=HEADERS, stream=True, timeout=10) as answer:
        lines = (line.decode() for line in answer.iter_lines() if line)
        for line in lines:
            assert line.startswith("data: ")
            if line == "data: [DONE]":
                break
            heard += json.loads(line[6:])["choices"][0]["delta"]["content"]
        with pytest.raises(json.JSONDecodeError):
            json.loads(line[6:])
        assert list(lines) == []
    assert heard == said_last(server)


@pytest.mark.parametrize(("model", "said"), ASKED)
def test_a_page_that_keeps_nothing_between_two_reads_gets_the_whole_answer(
    server: Serving, model: str, said: str
) -> None:
    """An event is never split across two writes."""
    heard = node("plain_fetch.mjs", url=server.url, headers=HEADERS, model=model, said=said)
    assert heard == said_last(server)


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  ", "bearer", "Bearer"])
def test_bearer_may_be_written_in_many_ways(server: Serving, scheme: str) -> None:
    """The case is free and the space optional."""
    answer = requests.get(f"{server.url}/v1/models", headers={"Authorization": scheme + KEY}, timeout=10)
    assert answer.status_code == 200
