"""Providers that fail: who is asked next, and what is on record of it."""

import json
from typing import Any

import httpx2
import pytest

from headgate.formats.purai import ALL_FAILED, SOME_FAILED
from tests.purai.companies import CHAT, Town

pytestmark = pytest.mark.slow

FIRE = (500, "application/json", '{"error":{"message":"<b>The model</b>\\nis on fire.","code":"on_fire"}}')
PAGE = (502, "text/html", "<html><body><h1>Bad Gateway</h1><hr>nginx</body></html>")
LIMIT = (429, "application/json", '{"error":{"message":"Slow down.","code":"rate_limit_exceeded"}}')
GONE = (404, "application/json", '{"error":{"message":"No such model.","code":"model_not_found"}}')
BAD = (
    400,
    "application/json",
    '{"error":{"message":"Bad n.","type":"invalid_request_error","param":"n","code":"bad_n"}}',
)


def record(provider: str, status: int, message: str, code: str, model: str) -> dict[str, Any]:
    said = {"message": message, "code": code, "model": model}
    return {"provider": provider, "response": {"status": status, "data": {"error": said}}}


ON_FIRE = record("openai", 500, "The model is on fire.", "on_fire", "gpt-3.5-turbo")


def test_the_next_that_has_the_model_answers(place: Town) -> None:
    place["openai"].fails = FIRE
    answer = place.post(model="gpt-3.5-turbo").json()
    assert (answer["provider"], answer["overwritten"]) == ("fox", False)
    assert answer["cache"] == {"status": 500, "error": {"message": SOME_FAILED, "records": [ON_FIRE]}}
    assert place.asked() == {"openai": ["gpt-3.5-turbo"], "fox": ["gpt-3.5-turbo"]}


def test_a_stream_has_the_record_in_its_first_chunk(place: Town) -> None:
    place["openai"].fails = FIRE
    first, *rest = place.chunks(model="gpt-3.5-turbo")
    assert first["cache"]["error"]["records"] == [ON_FIRE]
    assert not any("cache" in chunk for chunk in rest)
    assert {chunk["provider"] for chunk in (first, *rest)} == {"fox"}


def test_another_model_answers_when_all_that_have_it_failed(place: Town) -> None:
    place["openai"].fails, place["catto"].fails = FIRE, PAGE
    answer = place.post(model="gpt-4").json()
    assert (answer["provider"], answer["overwritten"], answer["model"]) == ("fox", True, "small-0613")
    assert [one["provider"] for one in answer["cache"]["error"]["records"]] == ["openai", "catto"]
    assert place.chunks(model="gpt-4")[-1]["overwritten"] is True


def test_a_model_that_is_gone_is_answered_by_the_same_providers_other_one(place: Town) -> None:
    for company in place.companies.values():
        company.fails = GONE
    place["openai"].fails = None
    answer = place.post(model="catto/rare").json()
    assert (answer["provider"], answer["overwritten"]) == ("openai", True)
    assert [one["response"]["status"] for one in answer["cache"]["error"]["records"]] == [404, 404]


def test_the_primary_provider_is_asked_first_and_the_others_follow(place: Town) -> None:
    assert place.post(model="gpt-3.5-turbo", primaryProvider="FOX").json()["provider"] == "fox"
    place["fox"].fails = LIMIT
    answer = place.post(model="gpt-3.5-turbo", primaryProvider="fox").json()
    assert (answer["provider"], answer["overwritten"]) == ("openai", False)
    limited = record("fox", 429, "Slow down.", "rate_limit_exceeded", "gpt-3.5-turbo")
    assert answer["cache"]["error"]["records"] == [limited]


def test_all_fail(place: Town) -> None:
    place["openai"].fails, place["fox"].fails, place["catto"].fails = FIRE, PAGE, LIMIT
    for stream in (False, True):
        answer = place.post(model="gpt-3.5-turbo", stream=stream)
        said = answer.json()
        assert (answer.status_code, said["status"], said["error"]["message"]) == (500, 500, ALL_FAILED)
        assert said["error"]["records"] == [
            ON_FIRE,
            record("fox", 502, "Bad Gateway nginx", "upstream_error", "gpt-3.5-turbo"),
            record("fox", 502, "Bad Gateway nginx", "upstream_error", "small"),
            record("catto", 429, "Slow down.", "rate_limit_exceeded", "gpt-4"),
        ]


def test_a_forced_model_fails_alone(place: Town) -> None:
    forced: list[tuple[str, dict[str, Any]]] = [(CHAT, {"forceModel": True}), (f"{CHAT}?forceModel=true", {})]
    for path, fields in forced:
        place.well()
        place["openai"].fails = place["fox"].fails = FIRE
        answer = place.post(path, model="gpt-3.5-turbo", **fields)
        assert (answer.status_code, len(answer.json()["error"]["records"])) == (500, 2)
        assert place.asked() == {"openai": ["gpt-3.5-turbo"], "fox": ["gpt-3.5-turbo"]}


def test_a_forced_model_that_is_gone_everywhere_is_not_found(place: Town) -> None:
    place["openai"].fails = GONE
    answer = place.post(model="no-such-model", forceModel=True)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_any_model_will_do(place: Town) -> None:
    """The provider decides: the first one is asked for what it has."""
    answer = place.post(model="small", forceModel=False).json()
    assert (answer["provider"], answer["overwritten"]) == ("openai", True)
    answer = place.post(model="gpt-4", forceModel=False, primaryProvider="fox").json()
    assert (answer["provider"], answer["model"], answer["overwritten"]) == ("fox", "small-0613", True)


def test_third_parties_are_asked_without_the_official_provider(place: Town) -> None:
    path = "/third-party/chat/completions"
    assert place.post(path, model="gpt-3.5-turbo").json()["provider"] == "fox"
    place["fox"].fails = FIRE
    answer = place.post(path, model="gpt-3.5-turbo").json()
    assert (answer["provider"], answer["overwritten"]) == ("catto", True)
    assert "openai" not in place.asked()


def test_a_request_that_is_itself_at_fault_goes_no_further(place: Town) -> None:
    place["openai"].fails = BAD
    answer = place.post(model="gpt-3.5-turbo")
    error = answer.json()["error"]
    assert (answer.status_code, error["message"], error["code"], error["param"]) == (400, "Bad n.", "bad_n", "n")
    assert len(error["records"]) == 1
    assert place.asked() == {"openai": ["gpt-3.5-turbo"]}


def test_messages_in_full(place: Town) -> None:
    place["openai"].fails = FIRE
    answer = place.post(model="gpt-3.5-turbo", disableErrorSummarization=True).json()
    said = answer["cache"]["error"]["records"][0]["response"]["data"]["error"]
    assert said["message"] == "<b>The model</b>\nis on fire."


def test_a_stream_that_breaks_is_cut_after_its_record(place: Town) -> None:
    place["openai"].breaks = True
    said: list[str] = []
    with pytest.raises(httpx2.RemoteProtocolError):
        said.extend(place.pieces(model="gpt-3.5-turbo"))
    last = json.loads("".join(said).split("\n\n")[-2].removeprefix("data: "))
    assert (last["status"], last["error"]["code"]) == (500, "upstream_incomplete")
    assert [one["provider"] for one in last["error"]["records"]] == ["openai"]
    assert "[DONE]" not in "".join(said)


def test_a_personality_is_not_played_by_blocked_models_that_stand_in(place: Town) -> None:
    place["openai"].fails = place["fox"].fails = FIRE
    answer = place.post(personality="kira")
    assert answer.status_code == 500
    assert {one["provider"] for one in answer.json()["error"]["records"]} == {"openai", "fox"}
    assert "catto" not in place.asked()


def test_a_request_that_comes_again_gets_the_same_answer(place: Town) -> None:
    """Also when somebody else asks for it, in whose stream chunks would have another name."""
    key = {"idempotency-key": "purai-1"}
    first = place.post(model="safe", stream=True, headers=key)
    place["fox"].fails = FIRE
    again = place.post(model="safe", stream=True, headers={**key, "x-stainless-lang": "js"})
    assert again.content == first.content
    assert again.headers["headgate-run"] == first.headers["headgate-run"]
