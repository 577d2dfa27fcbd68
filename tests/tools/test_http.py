"""Functions that are requests, against a real service."""

import asyncio
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from headgate.net import Client
from headgate.tools import Context, Limits, Outcome, Toolbox
from headgate.tools.http import HttpFunction, Request
from headgate.tools.http.answer import Answer
from tests.tools.service import Asked, Said, Service, service

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "default": 3},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["city"],
}
CALL = Context("run_1", "team", "call_1")


@pytest.fixture
def it() -> Iterator[Service]:
    """The service."""
    with service() as made:
        yield made


def ask(
    request: Request,
    arguments: str = '{"city": "Ulm"}',
    times: int = 1,
    secrets: tuple[str, ...] = (),
    call: Context = CALL,
    **limits: Any,
) -> Outcome:
    """What comes of asking for it; so many times one after the other."""

    async def play() -> Outcome:
        client, once = Client(), Client(max_idle=0)
        function = HttpFunction("weather", "The weather.", SCHEMA, request, client, once)
        toolbox = Toolbox([function], Limits(**limits), secrets=secrets)
        try:
            for _ in range(times):
                outcome = await toolbox.call("weather", arguments, call)
            return outcome
        finally:
            await client.close()
            await once.close()

    return asyncio.run(play())


def test_arguments_go_into_the_address(it: Service) -> None:
    """Those without a place go into the query; defaults count as said."""
    it.say = lambda asked: Said(b'{ "degrees": 21.50 }')
    outcome = ask(Request(url=f"{it.url}/v1/{{city}}?unit=c"), '{"city": "Bad Doberan", "tags": ["a&b", "c"]}')
    assert (outcome.result, outcome.is_error) == ('{"degrees":21.50}', False)
    (asked,) = it.asked
    assert (asked.method, asked.path) == ("GET", "/v1/Bad%20Doberan?unit=c&days=3&tags=a%26b&tags=c")
    assert asked.body == b""


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("json", "application/json", b'{"days":3,"tags":["x"]}'),
        ("form", "application/x-www-form-urlencoded", b"days=3&tags=x"),
        (
            {
                "where": {"place": "{city}"},
                "for": "{days}",
                "all": ["{tags}", 1],
                "text": "In {city} for {days}.",
                "no": "{no}",
            },
            "application/json",
            b'{"where":{"place":"Ulm"},"for":3,"all":[["x"],1],"text":"In Ulm for 3."}',
        ),
    ],
    ids=["json", "form", "table"],
)
def test_arguments_go_into_the_body(it: Service, body: Any, kind: str, text: bytes) -> None:
    ask(Request(url=f"{it.url}/{{city}}", method="POST", body=body), '{"city": "Ulm", "tags": ["x"]}')
    (asked,) = it.asked
    assert (asked.path, asked.headers["content-type"], asked.body) == ("/Ulm", kind, text)


def test_headers_are_sent_and_the_call_is_told(it: Service) -> None:
    headers = {"Authorization": "Bearer sk-secret", "Content-Type": "application/vnd.x+json"}
    ask(
        Request(url=it.url, method="POST", body="json", headers=headers, idempotency_header="Idempotency-Key"),
    )
    sent = it.asked[0].headers
    assert (sent["authorization"], sent["idempotency-key"]) == ("Bearer sk-secret", "call_1")
    assert (sent["content-type"], sent["user-agent"]) == ("application/vnd.x+json", "headgate")


@pytest.mark.parametrize("id", ["run_1/c\r\nx-evil: 1", "run_1/日本", "run_1/a b", f"run_1/{'c' * 300}"])
def test_a_call_may_be_called_anything(it: Service, id: str) -> None:
    """The service is told the same of the same call, and something else of every other."""
    request = Request(url=it.url, method="POST", body="json", idempotency_header="Idempotency-Key")
    for each in (id, id, f"{id}!"):
        assert not ask(request, call=Context("run_1", "team", each)).is_error
    first, again, other = [asked.headers["idempotency-key"] for asked in it.asked]
    assert first == again != other
    assert len(first) == 64
    assert "x-evil" not in it.asked[0].headers


def test_a_secret_that_comes_back_is_not_told(it: Service) -> None:
    it.say = lambda asked: Said(asked.headers["authorization"].encode(), kind="text/plain")
    request = Request(url=it.url, headers={"Authorization": "Bearer sk-secret"})
    assert ask(request, secrets=("sk-secret",)).result == "Bearer ***"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (Said(b"21 degrees", kind="text/plain"), "21 degrees"),
        (Said("21 °".encode("latin-1"), kind="text/plain; charset=iso-8859-1"), "21 °"),
        (Said("21 °".encode(), kind="text/plain; charset=nonsense"), "21 °"),
        (Said(b"\xff\xfe", kind="text/plain; charset=idna"), "��"),
        (Said(b"<a/>", kind="application/atom+xml"), "<a/>"),
        (Said(b"plain", kind=""), "plain"),
        (Said(b"[1, 2", kind="application/json"), "[1, 2"),
        (Said(b"\x89PNG", kind="image/png"), "[image/png, 4 bytes that are no text]"),
        (Said(b"a\x00b", kind=""), "[data, 3 bytes that are no text]"),
        (Said(b"", 204), "[an empty answer: 204]"),
    ],
)
def test_answers_become_text(it: Service, said: Said, text: str) -> None:
    it.say = lambda asked: said
    assert ask(Request(url=it.url)).result == text


def test_an_error_is_told_with_what_it_says(it: Service) -> None:
    it.say = lambda asked: Said(b'{"error": "no such city"}' + b" " * 5000, 404)
    outcome = ask(Request(url=it.url))
    assert (outcome.result, outcome.is_error) == ('The service answered 404: {"error":"no such city"}', True)


def test_of_a_long_answer_only_the_beginning_is_read(it: Service) -> None:
    it.say = lambda asked: Said(b"x" * 10_000_000, kind="text/plain")
    outcome = ask(Request(url=it.url, max_answer=1000))
    assert outcome.result == "x" * 1000 + "\n[cut: the answer is longer than 1,000 bytes]"
    answer = Answer(1000)
    assert not answer.on_body(b"x" * 1000)
    assert answer.on_body(b"x")


def test_a_redirect_within_the_host_is_followed(it: Service) -> None:
    it.say = lambda asked: (
        Said(b'"here"') if asked.path.startswith("/v2/") else Said(status=301, headers=(("location", "/v2/x#top"),))
    )
    assert ask(Request(url=it.url, headers={"X-Key": "k"})).result == '"here"'
    assert it.asked[1].headers["x-key"] == "k"


@pytest.mark.parametrize("location", ["http://127.0.0.1:1/", "https://127.0.0.1/", "//evil.example/x", "", "http://["])
def test_a_redirect_to_elsewhere_is_not(it: Service, location: str) -> None:
    it.say = lambda asked: Said(status=302, headers=(("location", location),))
    outcome = ask(Request(url=it.url))
    assert outcome.is_error
    assert outcome.result == "The service answered 302, and redirects to elsewhere are not followed."
    assert len(it.asked) == 1


def test_a_redirected_post_is_not_sent_again(it: Service) -> None:
    it.say = lambda asked: Said(status=307, headers=(("location", "/elsewhere"),))
    assert ask(Request(url=it.url, method="POST", body="json")).is_error
    assert len(it.asked) == 1


def test_a_circle_ends(it: Service) -> None:
    it.say = lambda asked: Said(status=302, headers=(("location", "/again"),))
    assert ask(Request(url=it.url)).result == "The service redirected more than 3 times."


def test_a_service_that_hangs_is_given_up(it: Service) -> None:
    def hang(asked: Asked) -> Said:
        release.wait()
        return Said()

    release = Event()
    it.say = hang
    outcome = ask(Request(url=it.url), timeout=0.1)
    release.set()
    assert outcome.result == "The function was stopped: it took longer than 0.1 seconds."


def test_a_service_that_is_not_there_is_told() -> None:
    outcome = ask(Request(url="http://127.0.0.1:1/secret-path"))
    assert (outcome.result, outcome.is_error) == ("The service cannot be reached.", True)


def test_what_must_not_be_done_twice_has_a_connection_of_its_own(it: Service) -> None:
    """On a kept one it could be sent twice."""
    ask(Request(url=it.url), times=3)
    assert it.connections == 1
    ask(Request(url=it.url, method="POST", body="json"), times=3)
    assert it.connections == 4
