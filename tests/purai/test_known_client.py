"""A client of PurAI works with nothing but another base URL."""

from collections.abc import Iterator

import pytest

from tests.purai.companies import Town
from tests.purai.known_client import PurGPT, Refused

pytestmark = pytest.mark.slow


@pytest.fixture
def client(place: Town) -> Iterator[PurGPT]:
    client = PurGPT(place.server.url)
    yield client
    client.close()


def test_a_chat(client: PurGPT) -> None:
    answer = client.chat("Who are you? Answer with 3 words.", model="gpt-3.5-turbo")
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("I am openai.", "stop")
    assert (answer.provider, answer.overwritten, answer.cache, answer.calledFunctions) == ("openai", False, None, [])
    assert (answer.model, answer.usage.total_tokens) == ("gpt-3.5-turbo-0613", 5)


def test_a_stream(client: PurGPT) -> None:
    chunks = client.stream("Who are you?", model="gpt-3.5-turbo")
    assert "".join(chunk.choices[0].delta.content for chunk in chunks) == "I am openai"
    assert len({(chunk.id, chunk.created, chunk.model, chunk.provider) for chunk in chunks}) == 1
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert {chunk.usage.total_tokens for chunk in chunks[:-1]} == {0}


def test_functions(client: PurGPT, place: Town) -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string", "description": "Where."}}}
    functions = [{"name": "weather", "description": "Says it.", "parameters": parameters}]
    answer = client.chat("Rain?", model="gpt-3.5-turbo", functions=functions, function_call={"name": "weather"})
    assert answer.choices[0].message.function_call == {"name": "weather", "arguments": '{"city":"Brno"}'}
    assert answer.choices[0].finish_reason == "function_call"
    assert place["openai"].asked[0]["functions"] == functions


def test_models_of_a_company(client: PurGPT) -> None:
    models = {model.id: model for model in client.models("openai")}
    assert models["gpt-4"].providers == ["openai", "catto"]
    assert (models["gpt-4"].owner, models["small"].owner) == ("openai", "fox")
    assert models["gpt-4"].endpoints == ["/openai/chat/completions", "/third-party/chat/completions"]
    assert all(model.available and model.freeLimitPerDay > 1000 for model in models.values())
    third = {model.id: model for model in client.models("third-party")}
    assert third["gpt-3.5-turbo"].providers == ["fox"]
    assert set(third) == {"safe", "default", "agent", "small", "gpt-3.5-turbo", "gpt-4"}


def test_every_listed_model_can_be_asked_for(client: PurGPT) -> None:
    for company in ("openai", "third-party"):
        for model in client.models(company):
            assert not client.chat("Hello", company, model=model.id).overwritten, model


def test_a_personality(client: PurGPT, place: Town) -> None:
    (kira,) = client.personalities()
    assert (kira.id, kira.owner, kira.nsfw, kira.donatorOnly) == ("kira", "headgate", True, False)
    assert kira.defaultConfig == {"model": "gpt-3.5-turbo", "temperature": 0.2}
    assert kira.blockedModels == ["gpt-4", "small"]
    answer = client.chat("Who are you?", personality="kira")
    assert (answer.provider, answer.overwritten) == ("openai", False)
    asked = place["openai"].asked[0]
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert (asked["messages"][0]["content"], asked["temperature"]) == ("You are Kira.", 0.2)


def test_what_is_refused(client: PurGPT) -> None:
    for status, code, company, fields in (
        (400, "missing_required_parameter", "openai", {}),
        (400, "model_blocked", "openai", {"personality": "kira", "model": "gpt-4"}),
        (400, "endpoint_not_available", "third-party", {"personality": "kira"}),
        (400, "endpoint_not_available", "third-party", {"model": "openai/only", "forceModel": True}),
        (400, "unknown_provider", "openai", {"model": "gpt-4", "primaryProvider": "Skailar"}),
        (400, "invalid_value", "openai", {"model": "gpt-4", "temperature": "hot"}),
        (404, "personality_not_found", "openai", {"personality": "moderator"}),
        (404, "model_not_found", "openai", {"model": "nobody/has-it", "forceModel": True}),
    ):
        with pytest.raises(Refused) as raised:
            client.chat("Hello", company, **fields)
        assert (raised.value.status, raised.value.said["status"]) == (status, status)
        error = raised.value.said["error"]
        assert (error["code"], set(error)) == (code, {"message", "type", "param", "code"})


def test_other_mistakes_are_told_in_the_same_shape(place: Town) -> None:
    assert place.post("/third-party/nothing").json()["status"] == 404
    assert place.get("/third-party/chat/completions").json()["status"] == 405
    assert place.get("/openai/chat/completions").json()["status"] == 405
