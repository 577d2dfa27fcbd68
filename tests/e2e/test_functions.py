"""Functions of every kind in a real server: listed, kept to those who may, executed, and gone with it."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.serving import Serving, serving
from tests.tools.service import Said, Service, service

pytestmark = pytest.mark.slow

HANDMADE = Path(__file__).parents[1] / "tools" / "handmade.py"

CONFIG = """
[keys]
admin = "key-of-admins"
guest = {{ key = "key-of-guests", functions = ["get_*"] }}

[functions.get_weather]
description = "Say what the weather is."
url = "{url}/cities/{{city}}"
headers = {{ Authorization = "Bearer ${{WEATHER_KEY}}" }}
arguments = {{ city = "string" }}

[mcp.it]
command = "{python}"
args = ["{handmade}"]
start = "when asked"

[mcp.away]
command = "/nowhere/to/be/found"
"""


@pytest.fixture(scope="module")
def weather() -> Iterator[Service]:
    """A service that repeats the key it was asked with."""
    with service() as made:
        made.say = lambda asked: Said(b'{"degrees": 21, "for": "%b"}' % asked.headers["authorization"].encode())
        yield made


@pytest.fixture(scope="module")
def server(weather: Service) -> Iterator[Serving]:
    """The server."""
    config = CONFIG.format(url=weather.url, python=sys.executable, handmade=HANDMADE)
    with serving(config, {"WEATHER_KEY": "sk-weather-123"}) as made:
        yield made


def names(server: Serving, key: str) -> set[str]:
    """Of the functions that a key is shown."""
    answer = requests.get(f"{server.url}/v1/functions", headers={"x-api-key": key}, timeout=30)
    return {function["name"] for function in answer.json()["data"]}


def ask(server: Serving, key: str, words: str, function: str) -> requests.Response:
    """Ask the simulator to call one."""
    body: dict[str, Any] = {
        "model": "default",
        "functions": [function],
        "messages": [{"role": "user", "content": words}],
    }
    return requests.post(f"{server.url}/v1/chat/completions", json=body, headers={"x-api-key": key}, timeout=60)


def called(server: Serving, answer: requests.Response, key: str) -> dict[str, Any]:
    """The call in the run's log."""
    run = answer.headers["headgate-run"]
    events = requests.get(f"{server.url}/v1/runs/{run}/events", headers={"x-api-key": key}, timeout=30).text
    found = [json.loads(line[5:]) for line in events.splitlines() if line.startswith("data:")]
    (event,) = [each for each in found if each.get("type") == "called"]
    return dict(event)


def test_a_service_is_asked(server: Serving, weather: Service) -> None:
    answer = ask(server, "key-of-admins", 'call get_weather with {"city": "Bad Doberan"}', "get_weather")
    assert answer.status_code == 200, answer.text
    assert weather.asked[-1].path == "/cities/Bad%20Doberan"
    event = called(server, answer, "key-of-admins")
    assert (event["name"], event["result"]) == ("get_weather", '{"degrees":21,"for":"***"}')
    assert "sk-weather-123" not in answer.text


def test_an_mcp_server_is_started_when_it_is_asked_for(server: Serving) -> None:
    assert "it_say" not in names(server, "key-of-admins")
    answer = ask(server, "key-of-admins", 'call it_say with {"word": "hello"}', "it_say")
    assert answer.status_code == 200, answer.text
    assert called(server, answer, "key-of-admins")["result"] == "say says hello"
    assert "it_say" in names(server, "key-of-admins")


def test_keys_see_and_use_what_they_may(server: Serving) -> None:
    assert names(server, "key-of-guests") == {"get_weather"}
    assert "create_todo" in names(server, "key-of-admins")
    refused = ask(server, "key-of-guests", "call it_say", "it_say")
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "function_not_found"
    assert requests.get(f"{server.url}/v1/functions", timeout=30).status_code == 401


def test_what_does_not_begin_is_in_the_log(server: Serving) -> None:
    assert "The MCP server away: it cannot be started: No such file or directory." in server.log()


def test_all_of_it_ends_with_the_server(tmp_path: Path) -> None:
    config = CONFIG.format(url="http://127.0.0.1:1", python=sys.executable, handmade=HANDMADE)
    with serving(config, {"WEATHER_KEY": "sk-weather-123"}, tmp_path) as server:
        answer = ask(server, "key-of-admins", 'call it_say with {"word": "pid"}', "it_say")
        pid = int(called(server, answer, "key-of-admins")["result"])
        os.kill(pid, 0)
        assert server.stop() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
