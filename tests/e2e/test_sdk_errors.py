"""Errors, as the official OpenAI SDK tells them apart."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.e2e.judges import Async, Judge, Sync
from tests.e2e.wire import HELLO, script
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

CONFIG = """
[keys]
alice = "alice-has-a-key"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(CONFIG) as server:
        yield server


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def judge(request: pytest.FixtureRequest, server: Serving) -> Judge:
    made: Judge = request.param(server.url, "alice-has-a-key")
    return made


def ask(*, fields: dict[str, Any] | None = None, **said: Any) -> Any:
    """A call of the chat endpoint with a script."""
    wanted: dict[str, Any] = {"model": "simulator/demo", "messages": HELLO, **(fields or {})}
    return lambda client: client.chat.completions.create(**wanted, extra_body=script(**said))


def failing(**how: Any) -> Any:
    """A call that the provider answers with an error."""
    return ask(fail=how)


BAD_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "temperature": ({"temperature": "hot"}, "temperature"),
    "messages": ({"messages": "Hello"}, "messages"),
    "role": ({"messages": [{"role": "wizard", "content": "Hello"}]}, "messages[0].role"),
    "n": ({"n": 0}, "n"),
    "tool": ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
}


@pytest.mark.parametrize(("fields", "param"), BAD_FIELDS.values(), ids=BAD_FIELDS.keys())
def test_a_wrong_field_is_named(judge: Judge, fields: dict[str, Any], param: str) -> None:
    """400, whatever the field."""
    with pytest.raises(openai.BadRequestError) as raised:
        judge.whole(ask(fields=fields))
    assert raised.value.param == param
    assert raised.value.type == "invalid_request_error"
    assert raised.value.code


@pytest.mark.parametrize("kind", [Sync, Async])
def test_a_wrong_key_is_an_authentication_error(server: Serving, kind: type[Any]) -> None:
    """401, which clients must not try again."""
    with pytest.raises(openai.AuthenticationError) as raised:
        kind(server.url, "mallory-guesses").whole(ask(words=3))
    assert raised.value.code == "invalid_api_key"
    assert raised.value.response.headers["www-authenticate"] == "Bearer"


def test_an_unknown_model_is_not_found(judge: Judge) -> None:
    """404, and the message says which providers there are."""
    with pytest.raises(openai.NotFoundError, match="simulator") as raised:
        judge.whole(ask(fields={"model": "no-such-model"}))
    assert (raised.value.code, raised.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize("stream", [False, True])
def test_a_rate_limit_says_when_to_come_again(judge: Judge, stream: bool) -> None:
    """429 with Retry-After; in a stream as well, because nothing was said yet."""
    fail = {"status": 429, "code": "rate_limit_exceeded", "retry_after": 7}
    with pytest.raises(openai.RateLimitError) as raised:
        judge.whole(ask(fields={"stream": stream}, fail=fail))
    assert raised.value.code == "rate_limit_exceeded"
    assert raised.value.response.headers["retry-after"] == "7"
    assert raised.value.request_id is not None


@pytest.mark.parametrize(("said", "told"), [(0.2, ("1", "200")), (60.5, ("60", None)), (86_400, ("60", None))])
def test_nobody_is_told_to_wait_for_hours(judge: Judge, said: float, told: tuple[str, str | None]) -> None:
    """Some SDKs would."""
    with pytest.raises(openai.RateLimitError) as raised:
        judge.whole(ask(fields={}, fail={"status": 429, "code": "rate_limit_exceeded", "retry_after": said}))
    headers = raised.value.response.headers
    assert (headers["retry-after"], headers.get("retry-after-ms")) == told


STATUSES = {
    400: openai.BadRequestError,
    403: openai.PermissionDeniedError,
    409: openai.ConflictError,
    422: openai.UnprocessableEntityError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
    529: openai.InternalServerError,
}


@pytest.mark.parametrize(("status", "error"), STATUSES.items())
def test_a_providers_error_keeps_its_class(judge: Judge, status: int, error: type[openai.APIStatusError]) -> None:
    """Its status, code and message are handed on."""
    with pytest.raises(error) as raised:
        judge.whole(failing(status=status, code="odd", message="It is an odd day."))
    assert (raised.value.status_code, raised.value.code) == (status, "odd")
    assert "It is an odd day." in raised.value.message


def test_an_error_in_mid_stream_is_raised(judge: Judge) -> None:
    """After the words that came before it: a broken answer never looks whole."""
    with pytest.raises(openai.APIError, match="broke off") as raised:
        judge.pieces(ask(fields={"stream": True}, words=20, cut_after=5))
    assert raised.value.code == "upstream_incomplete"


def test_the_words_before_an_error_are_read(server: Serving) -> None:
    """The SDK hands them out as they come."""
    said: list[str] = []
    call = ask(fields={"stream": True}, text="one two three four five", cut_after=3)
    with Sync(server.url, "alice-has-a-key").client() as client, call(client) as stream:
        contents = (chunk.choices[0].delta.content or "" for chunk in stream)
        with pytest.raises(openai.APIError):
            said.extend(contents)
    assert "".join(said) == "one two three"


def test_the_sdk_tries_again_by_itself(server: Serving) -> None:
    """After an overload, and is then served: what it sends the second time is a run of its own."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="alice-has-a-key", max_retries=2) as client:
        answer = client.chat.completions.create(
            model="simulator/flaky", messages=HELLO, extra_body={"simulator": {"gap_ms": 0, "words": 3}}
        )
    assert answer.choices[0].message.content
