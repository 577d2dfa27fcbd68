"""Requests that are fine as HTTP and wrong as what they want to be: 400, naming the field, for every endpoint."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.wire import HELLO, Answer, Wire
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

ENDPOINTS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"model": "simulator/fast", "messages": [{"role": "user", "content": "Hello"}]},
    "/v1/completions": {"model": "simulator/fast", "prompt": "Hello"},
    "/v1/responses": {"model": "simulator/fast", "input": "Hello"},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server
        assert "ERROR" not in server.log()


def post(server: Serving, path: str, body: bytes) -> Answer:
    """One request."""
    with Wire(server) as wire:
        wire.post(body, path)
        return wire.answer()


def refused(server: Serving, path: str, body: bytes) -> Any:
    """The error of a request that is refused with 400."""
    answer = post(server, path, body)
    assert answer.status == 400, answer
    assert answer.error["type"] == "invalid_request_error"
    assert answer.error["message"]
    return answer.error


NOT_JSON = {
    "nothing": b"",
    "half": b'{"model": "simulator/demo", "mess',
    "words": b"hello",
    "form": b"model=simulator&prompt=hello",
    "two": b'{"model":"x"} {"model":"y"}',
    "comment": b'{"model": "x" /* the best */}',
    "nan": b'{"model": "simulator/demo", "temperature": NaN}',
    "trailing_comma": b'{"model": "simulator/demo",}',
    "not_utf8": b'{"model": "\xff\xfe"}',
    "surrogate": b'{"model": "\\ud800"}',
    "nulls": bytes(100),
    "deep": b"[" * 100_000,
    "deep_object": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "bom": b'\xef\xbb\xbf{"model": "x"}',
    "utf16": '{"model": "x"}'.encode("utf-16"),
    "huge_number": b'{"model": "simulator/demo", "temperature": 1e999999}',
    "digits": b'{"model": "simulator/demo", "seed": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_what_is_no_json_is_refused(server: Serving, path: str, body: bytes) -> None:
    """With a 400 that says so."""
    refused(server, path, body)


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("body", [b"null", b"[]", b"42", b'"text"', b"true"])
def test_what_is_no_object_is_refused(server: Serving, path: str, body: bytes) -> None:
    """JSON as it may be."""
    assert "object" in refused(server, path, body)["message"]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_every_required_field_is_named_when_it_is_missing(server: Serving, path: str) -> None:
    """One at a time."""
    for field in ENDPOINTS[path]:
        rest = {name: value for name, value in ENDPOINTS[path].items() if name != field}
        error = refused(server, path, json.dumps(rest).encode())
        assert error["param"] == field
        assert field in error["message"]


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("model", [None, 7, [], {}, True, ""])
def test_a_model_that_is_no_name_is_refused(server: Serving, path: str, model: Any) -> None:
    """And the field is named."""
    body = json.dumps({**ENDPOINTS[path], "model": model}).encode()
    answer = post(server, path, body)
    assert answer.status in (400, 404)
    assert answer.error["param"] == "model"


MESSAGES: dict[str, tuple[Any, str]] = {
    "text": ("Hello", "messages"),
    "object": ({"role": "user"}, "messages"),
    "number_inside": ([7], "messages[0]"),
    "no_role": ([{"content": "Hello"}], "messages[0].role"),
    "unknown_role": ([{"role": "wizard", "content": "Hello"}], "messages[0].role"),
    "content_number": ([{"role": "user", "content": 7}], "messages[0].content"),
    "unknown_part": ([{"role": "user", "content": [{"type": "smell", "smell": "x"}]}], "messages[0].content[0]"),
    "second": ([*HELLO, {"role": "user", "content": [{"text": 1}]}], "messages[1].content[0]"),
}


@pytest.mark.parametrize(("messages", "param"), MESSAGES.values(), ids=MESSAGES.keys())
def test_a_wrong_message_is_named_with_its_place(server: Serving, messages: Any, param: str) -> None:
    """The path leads to the field."""
    body = json.dumps({"model": "simulator/fast", "messages": messages}).encode()
    error = refused(server, "/v1/chat/completions", body)
    assert str(error["param"]).startswith(param.partition("[")[0])
    assert error["param"] == param or str(error["param"]).startswith(param), error


def test_an_unknown_model_names_the_providers(server: Serving) -> None:
    """404 with OpenAI's code, on every endpoint; the name is repeated, but not at any length."""
    for path, fields in ENDPOINTS.items():
        for model in ("no-such-model", "gpt-9", "nobody/model", "x" * 5000, "simulator/none", "simulator/"):
            answer = post(server, path, json.dumps({**fields, "model": model}).encode())
            assert (answer.status, answer.error["code"], answer.error["param"]) == (404, "model_not_found", "model")
            assert "simulator" in answer.error["message"]
            assert len(answer.error["message"]) < 1000


FIELDS = """
    model messages prompt input stream stream_options n temperature top_p max_tokens max_completion_tokens
    max_output_tokens stop seed logprobs top_logprobs tools tool_choice parallel_tool_calls response_format text
    reasoning reasoning_effort metadata user store service_tier instructions previous_response_id include
    logit_bias presence_penalty frequency_penalty modalities audio functions function_call echo suffix best_of
    simulator background truncation conversation
"""
WRONG: list[Any] = [None, True, 0, -1, 1.5, 10**30, "", "text", [], [None], {}, {"type": "x"}, [[]], "\x00", "é" * 100]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_whatever_a_field_holds_it_is_never_our_failure(server: Serving, path: str) -> None:
    """Every known field with values of every kind: an answer or a 400, and no trace of an error in the log."""
    with Wire(server) as wire:
        for field in re.findall(r"\w+", FIELDS):
            for value in WRONG:
                wire.post(json.dumps({**ENDPOINTS[path], field: value}).encode(), path)
                answer = wire.answer()
                assert answer.status in (200, 400, 404), (field, value, answer)
                if answer.status != 200:
                    assert answer.error["message"], (field, value)


@pytest.mark.parametrize("path", ENDPOINTS)
def test_requests_with_random_damage_are_never_our_failure(server: Serving, path: str) -> None:
    """Bytes changed anywhere."""
    chance = random.Random(3)
    whole = json.dumps(
        {
            **ENDPOINTS[path],
            "stream": False,
            "temperature": 0.5,
            "tools": [{"type": "function", "name": "f", "function": {"name": "f", "parameters": {"type": "object"}}}],
            "simulator": {"words": 3, "usage": {"input": 3}},
        }
    ).encode()
    with Wire(server) as wire:
        for _ in range(400):
            body = bytearray(whole)
            for _ in range(chance.randrange(1, 5)):
                place = chance.randrange(len(body))
                body[place : place + chance.randrange(3)] = chance.choice([b"", b'"', b"{", b"]", b"0", b"\\", b"\xff"])
            wire.post(bytes(body), path)
            answer = wire.answer()
            assert answer.status in (200, 400, 404), (bytes(body), answer)
            assert b"Traceback" not in answer.body
