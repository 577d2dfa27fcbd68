"""What every provider is asked for a request of every dialect, byte for byte as it was reviewed."""

import json

import pytest

from headgate.errors import BadRequest
from tests.pairs import asked_for
from tests.pairs.asking import FOLDER, REQUESTS, Request
from tests.pairs.columns import COLUMNS
from tests.pairs.pages import PAGE
from tests.pairs.sections import apart


def _name(request: Request) -> str:
    return f"{request.scenario}/{request.row}"


@pytest.mark.parametrize("request_", REQUESTS, ids=_name)
def test_a_provider_is_asked_what_it_was(request_: Request) -> None:
    """Where it was meant to change, `scripts/goldens` writes it anew, and the difference is to be read."""
    kept = apart(request_.golden.read_bytes())
    made = request_.made()
    assert list(made) == list(kept)
    for column, asked in made.items():
        assert asked.decode() == kept[column].decode(), column


def test_nothing_lies_about() -> None:
    """Every file is a request or what becomes of it."""
    known = {path for request in REQUESTS for path in (request.path, request.golden)}
    assert {path for path in FOLDER.rglob("*") if path.is_file()} == known


def test_what_reaches_providers_is_documented() -> None:
    """docs/pairs.md has the table that is found in the golden files; where it is not so, `scripts/goldens`."""
    assert asked_for.table() in PAGE.read_text()


@pytest.mark.slow
def test_the_vendors_types_know_every_field() -> None:
    """Of what clients send, and of what providers are sent."""
    from tests.pairs.judges import VENDORS
    from tests.pairs.judges import requests as judge

    for request in REQUESTS:
        if judge.knows(request.row):
            judge.check(request.row, request.path.read_bytes())
        for column in COLUMNS:
            try:
                asked = request.asked(column)
            except BadRequest:
                continue
            judge.check(VENDORS[column], asked.body)


@pytest.mark.slow
def test_the_judge_of_requests_is_strict() -> None:
    """It refuses a field that nobody knows, deep inside as well."""
    import pydantic

    from tests.pairs.judges import requests as judge

    messages = [{"role": "user", "content": [{"type": "text", "text": "Hello", "odd": 1}]}]
    wrong: dict[str, dict[str, object]] = {
        "chat": {"model": "m", "messages": messages},
        "anthropic": {"model": "m", "max_tokens": 1, "messages": messages},
        "responses": {"model": "m", "input": "Hello", "odd": 1},
        "gemini": {"contents": [{"parts": [{"text": "Hello", "odd": 1}]}]},
    }
    for name, body in wrong.items():
        with pytest.raises(pydantic.ValidationError):
            judge.check(name, json.dumps(body).encode())
