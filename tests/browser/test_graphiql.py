"""GraphiQL in a real browser that can reach nothing but the server."""

import json

import pytest

from tests.graphql.conftest import KEYS
from tests.node import chromium, node
from tests.serving import serving

pytestmark = pytest.mark.slow

NO_KEY = "Failed to load resource: the server responded with a status of 401 (Unauthorized)"


@pytest.mark.parametrize("key", ["", "key-of-alice"], ids=["open", "with a key"])
def test_todos_are_made_found_and_listened_to(key: str) -> None:
    with serving(KEYS if key else "") as server:
        told = node("graphiql.mjs", chromium=chromium(), server=server.url, key=key)
    assert "createTodo" in told["example"]
    assert json.loads(told["made"]) == {"data": {"createTodo": {"title": "by hand", "completed": False}}}
    assert json.loads(told["found"]) == {"data": {"todos": [{"title": "by hand"}]}}
    change = {"kind": "CREATED", "todo": {"title": "over there"}}
    assert json.loads(told["heard"]) == {"data": {"todoChanges": change}}
    assert told["documented"]
    assert told["elsewhere"] == [], "it asks nobody else"
    assert set(told["complaints"]) <= ({NO_KEY} if key else set()), "and the browser refuses it nothing"
