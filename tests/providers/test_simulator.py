"""What the simulator says: its models, and every field of a script that changes the words."""

import json
import math
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from headgate.errors import BadRequest, ProviderError
from headgate.events import (
    LAST,
    Finished,
    Reasoning,
    Refusal,
    Started,
    Text,
    Usage,
)
from headgate.fold import fold
from headgate.formats import openai_chat
from headgate.providers.base import Limits, Provider
from headgate.providers.simulator import EMBEDDING, MODELS, Script, Simulator
from tests.providers.simulated import ask, play, run, told

ANSWERING = ("demo", "echo", "slow", "fast", "thinker", "tools")


def test_it_is_a_provider_with_a_name_and_limits() -> None:
    provider: Provider = Simulator("rehearsal", Limits(idle=3))
    assert (provider.name, provider.limits.idle) == ("rehearsal", 3)
    assert list(run(_models(provider))) == [*MODELS, EMBEDDING]


async def _models(provider: Provider) -> list[str]:
    models = list(await provider.models())
    await provider.close()
    return models


@pytest.mark.parametrize("face", ["chat", "completions", "responses"])
@pytest.mark.parametrize("model", ANSWERING)
def test_every_answer_begins_once_ends_once_and_is_counted(model: str, face: str) -> None:
    events = play(model, face=face).events
    assert events[0] == Started("simulator", model, "", 1_700_000_000)
    assert [type(event) for event in events[-2:]] == [Usage, Finished]
    assert sum(isinstance(event, LAST) for event in events) == 1
    assert not any(isinstance(event, Started) for event in events[1:])


def test_unknown_models_do_not_exist_and_are_not_worth_another_try() -> None:
    error = play("dmeo").error
    assert isinstance(error, ProviderError)
    assert (error.status, error.code, error.param, error.retryable) == (404, "model_not_found", "model", False)
    assert "demo" in error.message


def test_the_same_question_gets_the_same_answer_in_every_format() -> None:
    answers = {play(face=face).text for face in ("chat", "completions", "responses") for _ in range(2)}
    assert len(answers) == 1
    other = play(messages=[{"role": "user", "content": "And the sea?"}]).text
    assert other not in answers


def test_a_seed_decides_the_words_whatever_was_asked() -> None:
    other = [{"role": "user", "content": "Something else"}]
    assert play(script={"seed": 7}).text == play(script={"seed": 7}, messages=other).text
    assert play(script={"seed": 7}).text == play(seed=7).text, "the request's own field does the same"
    assert play(script={"seed": 7}, seed=8).text == play(script={"seed": 7}).text
    assert play(script={"seed": 7}).text != play(script={"seed": 8}).text


def test_answers_are_about_forty_words_and_end_with_a_sentence() -> None:
    texts = [play(seed=seed).text for seed in range(20)]
    assert all(32 <= len(text.split()) <= 48 for text in texts)
    assert all(text[0].isupper() and text.endswith(".") for text in texts)
    assert any(len(text.encode()) > len(text) for text in texts), "no letter of more than one byte in any"


@pytest.mark.parametrize("words", [0, 1, 2, 3, 11, 12, 500])
def test_there_are_exactly_as_many_words_as_asked_for(words: int) -> None:
    played = play(script={"words": words})
    assert len(played.text.split()) == words
    assert played.text.endswith(".") or not words


def test_given_text_is_said_to_the_letter() -> None:
    text = "  Two  spaces,\n\ta tab, ñ, 🐎, " + "an_unbroken_word" * 9 + " \n"
    assert play(script={"text": text}).text == text
    assert play(script={"text": ""}).events[1:-2] == []


def test_echo_says_the_last_message_of_the_user_back() -> None:
    talk = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "second"},
        {"role": "user", "content": [{"type": "text", "text": "third "}, {"type": "text", "text": "and last"}]},
    ]
    assert play("echo", messages=talk).text == "third and last"
    assert play("demo", {"echo": True, "gap_ms": 0}, messages=talk).text == "third and last"
    assert play("echo", messages=[{"role": "system", "content": "alone"}]).text == ""
    assert play("echo", {"words": 3}, messages=talk).text != "third and last", "the request's own wish wins"


@pytest.mark.parametrize(
    ("script", "pieces"),
    [
        ({}, ["one", " two", " three", " four", " five"]),
        ({"chunk_words": 2}, ["one two", " three four", " five"]),
        ({"chunk_words": 100_000}, ["one two three four five"]),
        ({"chunk_chars": 9}, ["one two t", "hree four", " five"]),
        ({"chunk_chars": 1}, list("one two three four five")),
    ],
)
def test_pieces_have_the_size_that_was_asked_for(script: dict[str, Any], pieces: list[str]) -> None:
    events = play(script={"text": "one two three four five", **script}).events
    assert [event.delta for event in events if isinstance(event, Text)] == pieces


def test_long_words_come_in_several_pieces() -> None:
    events = play(script={"text": "🐎" * 100}).events
    assert max(len(event.delta) for event in events if isinstance(event, Text)) == 32


def test_thinking_comes_before_the_answer() -> None:
    played = play("thinker", {"words": 5, "gap_ms": 0})
    kinds = [type(event) for event in played.events]
    assert kinds == [Started] + [Reasoning] * 30 + [Text] * 5 + [Usage, Finished]
    assert len(played.choice.reasoning.split()) == 30
    assert len(play(script={"reasoning": 3}).choice.reasoning.split()) == 3


def test_refusals_say_nothing_else() -> None:
    played = play(script={"refusal": "No, thank you."})
    assert played.choice.refusal == "No, thank you."
    assert not any(isinstance(event, Text) for event in played.events)
    assert played.events[-1] == Finished("stop")
    assert play(script={"refusal": True}).choice.refusal
    assert play(script={"refusal": False}).text


def test_any_reason_can_be_given() -> None:
    assert play(script={"finish_reason": "content_filter"}).events[-1] == Finished("content_filter")


def test_usage_counts_words() -> None:
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where to?"}]
    usage = play(script={"words": 6, "reasoning": 5}, messages=said).events[-2]
    assert usage == Usage(input=4, output=11, total=15, reasoning=5)


@pytest.mark.parametrize(
    ("said", "usage"),
    [
        (True, Usage(5, 3, 8)),
        ({}, Usage(5, 3, 8)),
        ({"input": 1000}, Usage(1000, 3, 1003)),
        ({"input": 1, "output": 2, "total": 9, "cached": 1, "reasoning": 1}, Usage(1, 2, 9, 1, 1)),
    ],
)
def test_usage_can_be_said(said: object, usage: Usage) -> None:
    assert play(script={"words": 3, "usage": said}).events[-2] == usage


def test_usage_can_be_left_out() -> None:
    assert not any(isinstance(event, Usage) for event in play(script={"usage": False}).events)


def test_choices_differ_and_come_side_by_side() -> None:
    played = play(script={"words": 3}, n=3)
    texts = [fold(played.events).choice(index).text for index in range(3)]
    assert len(set(texts)) == 3
    assert [event.choice for event in played.events if isinstance(event, Text)] == [0, 1, 2] * 3
    assert played.events[-2:] == [Usage(5, 9, 14), Finished("stop", ("stop", "stop"))]


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_a_limit_of_tokens_cuts_the_answer(field: str) -> None:
    text = {"text": "one two three"}
    two: dict[str, Any] = {field: 2}
    three: dict[str, Any] = {field: 3}
    cut = play(script=text, **two)
    assert (cut.text, cut.events[-1]) == ("one two", Finished("length"))
    whole = play(script=text, **three)
    assert (whole.text, whole.events[-1]) == ("one two three", Finished("stop"))


def test_thoughts_count_against_the_limit() -> None:
    played = play(script={"words": 5, "reasoning": 8}, max_tokens=6)
    assert (len(played.choice.reasoning.split()), played.text) == (6, "")
    assert played.events[-2:] == [Usage(5, 6, 11, reasoning=6), Finished("length")]


@pytest.mark.parametrize(
    ("stop", "text"),
    [
        ("three", "one two "),
        (["nowhere", "o t"], "one tw"),
        ("o three f", "one tw"),
        (["five", "four"], "one two three "),
        ("one", ""),
        ("six", "one two three four five"),
        ("", "one two three four five"),
    ],
)
def test_stop_words_end_the_answer_before_them(stop: object, text: str) -> None:
    for script in ({}, {"chunk_chars": 2}, {"chunk_words": 3}):
        played = play(script={"text": "one two three four five", **script}, stop=stop)
        assert (played.text, played.events[-1]) == (text, Finished("stop"))


def test_the_first_of_stop_word_and_limit_gives_the_reason() -> None:
    script = {"text": "one two three four"}
    assert play(script=script, stop="two", max_tokens=2).events[-1] == Finished("stop")
    assert play(script=script, stop="four", max_tokens=2).events[-1] == Finished("length")


@pytest.mark.parametrize("chars", [None, 3])
def test_log_probabilities_cover_every_letter(chars: int | None) -> None:
    text = "Señora Núñez waits 🐎"
    played = play(script={"text": text, "chunk_chars": chars}, logprobs=True, top_logprobs=3)
    tokens = played.choice.logprobs
    assert "".join(token["token"] for token in tokens) == text
    assert b"".join(bytes(token["bytes"]) for token in tokens) == text.encode()
    for token in tokens:
        chances = [math.exp(other["logprob"]) for other in token["top_logprobs"]]
        assert token["top_logprobs"][0]["token"] == token["token"]
        assert len(chances) == 3
        assert sum(chances) <= 1
        assert chances == sorted(chances, reverse=True)


def test_log_probabilities_are_given_only_when_asked_for() -> None:
    assert play().choice.logprobs == []
    assert play(logprobs=True).choice.logprobs[0]["top_logprobs"] == []
    assert play(script={"refusal": True}, logprobs=True).choice.refusal_logprobs
    assert play(logprobs=True).text == play().text


def test_json_is_made_where_json_is_asked_for() -> None:
    assert isinstance(json.loads(play(response_format={"type": "json_object"}).text), dict)
    schema = {"type": "object", "properties": {"boats": {"type": "integer"}}, "required": ["boats"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "harbour", "schema": schema}}
    assert isinstance(json.loads(play(response_format=wanted).text)["boats"], int)
    text = {"format": {"type": "json_schema", "name": "harbour", "schema": schema}}
    assert isinstance(json.loads(play(face="responses", text=text).text)["boats"], int)
    assert play(response_format={"type": "text"}).text == play().text
    assert play(script={"text": "no JSON"}, response_format=wanted).text == "no JSON"


def test_a_schema_that_asks_for_too_much_is_refused() -> None:
    schema = {"type": "object", "properties": {"self": {"$ref": "#"}}, "required": ["self"]}
    error = play(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}).error
    assert isinstance(error, BadRequest)
    assert error.param == "response_format"
    named = {"type": "json_schema", "name": "x", "schema": schema}
    error = play(face="responses", text={"format": named}).error
    assert isinstance(error, BadRequest)
    assert error.param == "text.format"


def test_what_a_format_cannot_say_is_refused_as_it_is() -> None:
    error = play(face="completions", echo=True).error
    assert isinstance(error, BadRequest)
    assert error.param == "echo"


def test_a_provider_has_defaults_of_its_own_below_those_of_its_models() -> None:
    simulator = Simulator(defaults=Script(text="Welcome to the quay.", gap_ms=9, chunk_words=100))
    played = run(told(simulator, ask("fast")))
    assert (played.text, played.ended) == ("Welcome to the quay.", 0)
    assert len(run(told(simulator, ask("demo", {"chunk_chars": 5}))).emits) == 6
    assert run(told(simulator, ask("demo", {"words": 2}))).text != "Welcome to the quay."


def test_its_answers_can_be_written_in_openais_shape() -> None:
    asked = ask("fast", {"words": 4, "reasoning": 2})
    events = run(told(Simulator(), asked)).events
    whole = msgspec.json.decode(openai_chat.whole(asked.call, "run_1", 1, events))
    assert len(whole["choices"][0]["message"]["content"].split()) == 4
    assert whole["usage"]["completion_tokens_details"] == {"reasoning_tokens": 2}


def test_refusals_come_in_pieces() -> None:
    events = play(script={"refusal": "one two"}).events
    assert [event.delta for event in events if isinstance(event, Refusal)] == ["one", " two"]


def test_seeds_of_neighbours_give_answers_that_differ() -> None:
    texts = [play(script={"seed": seed}).text for seed in (-1, 0, 1, 2**63 - 1)]
    assert all(one != other for one, other in pairwise(texts))
