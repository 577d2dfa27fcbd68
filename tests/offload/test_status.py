"""Status documents, golden: those of the documentation, and every way an answer can stand."""

import json
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from headgate.dialects.docs import offload_answers, sample
from headgate.dialects.offload import announce, status
from headgate.events import Attempt, Failed, Finished, Started, Stopped, Text, ToolCall, ToolInput
from headgate.fold import fold
from headgate.runs import Run
from headgate.store.base import Head
from tests.offload.kept import ASKED, NOTE, document, kept

HALF = sample.TALK[:3]
BROKEN = Failed("idle_timeout", "openai said nothing for 90 s.", 504)

STANDINGS = {
    "Being made": HALF,
    "Done": sample.TALK,
    "Stopped": (*HALF, Stopped("user")),
    "Failed": (*HALF, BROKEN),
}


@pytest.mark.parametrize("name", STANDINGS)
def test_the_documentation_shows_what_is_said(name: str) -> None:
    assert document(kept(STANDINGS[name])) == offload_answers.STATUSES[name]


@pytest.mark.parametrize("name", STANDINGS)
def test_the_keys_come_in_the_documents_order(name: str) -> None:
    """People read this in a browser: what it is first, what came of it last."""
    said = [key for key in document(kept(STANDINGS[name])) if key not in ("stopped", "error")]
    order = ["status", "created_at", "conversation_id", "README", "endpoints", "request", "options", "parameters"]
    assert said == [*order, "response"]


def test_before_the_first_word_there_is_no_response() -> None:
    for events in ((), (Attempt("openai", 503, "overloaded", "Later."),)):
        said = document(kept(events))
        assert (said["status"], said["response"]) == ("processing", None)


def test_one_that_was_stopped_before_its_first_word_has_an_empty_one() -> None:
    """Clients read the text of everything that is done."""
    said = document(kept((Stopped("user"),)))
    assert (said["status"], said["stopped"]) == ("done", True)
    assert said["response"]["body"]["choices"][0]["message"]["content"] == ""


def test_what_was_done_of_itself_does_not_say_stopped() -> None:
    assert "stopped" not in document(kept(sample.TALK))
    assert "error" not in document(kept(sample.TALK))


def test_a_providers_refusal_is_shown_as_it_said_it() -> None:
    failed = Failed("rate_limit_exceeded", "Rate limit reached.", 429, "rate_limit_error")
    said = document(kept((failed,)))
    assert said["status"] == "error"
    assert said["error"] == {"code": "rate_limit_exceeded", "message": "Rate limit reached.", "status": 429}
    assert said["response"]["status_code"] == 429
    assert said["response"]["body"]["error"] == {
        "message": "Rate limit reached.",
        "type": "rate_limit_error",
        "param": None,
        "code": "rate_limit_exceeded",
    }


@pytest.mark.parametrize("code", sorted(status.OUR_OWN))
def test_where_no_provider_said_anything_there_is_no_response(code: str) -> None:
    said = document(kept((Failed(code, "It is over.", 503),)))
    assert (said["status"], said["error"]["code"], said["response"]) == ("error", code, None)


def test_an_answer_that_is_only_looked_at() -> None:
    note = msgspec.structs.replace(NOTE, endpoint="/v1/async-chatgpt", streams=False)
    said = document(kept(sample.TALK, note))
    assert set(said["endpoints"]) == {"status_url", "response_raw_url"}
    assert said["request"]["endpoint"] == "/v1/async-chatgpt"
    assert said["response"]["headers"] == {"content-type": "application/json"}
    assert set(document(kept(HALF, note))["endpoints"]) == {"status_url", "stop_url"}


def test_a_conversation_that_went_on_says_from_where() -> None:
    note = msgspec.structs.replace(NOTE, parent="/1/r/priv/2025/11/01/12/00/00/x")
    for events in (HALF, sample.TALK):
        url = document(kept(events, note))["endpoints"]["from_status_url"]
        assert url == f"{offload_answers.BASE}/1/r/priv/2025/11/01/12/00/00/x.json"


def test_addresses_are_those_of_the_one_who_asks() -> None:
    said = document(kept(sample.TALK), "http://localhost:8080")
    assert said["endpoints"]["status_url"] == f"http://localhost:8080{offload_answers.PUBLIC}.json"


def test_parameters_are_what_was_asked() -> None:
    asked = {**ASKED, "temperature": 0.2, "stop": None, "logit_bias": {"1": 2.0}, "user": "me"}
    said = document(kept(sample.TALK, asked=asked))["parameters"]
    assert said == {
        "model": "gpt-3.5-turbo",
        "messages": ASKED["messages"],
        "temperature": 0.2,
        "stop": None,
        "logit_bias": {"1": 2.0},
        "user": "me",
    }
    assert [*said][:2] == ["model", "messages"]


def test_several_choices_and_their_reasons() -> None:
    """One that has ended has its reason before the others have."""
    log = (Started("up", "m", "", 1), Text("one"), Text("two", 1), Text("three", 2))
    choices = document(kept(log))["response"]["body"]["choices"]
    assert [choice["message"]["content"] for choice in choices] == ["one", "two", "three"]
    assert [choice["finish_reason"] for choice in choices] == [None] * 3
    choices = document(kept((*log, Finished("stop", ("length", "stop")))))["response"]["body"]["choices"]
    assert [choice["finish_reason"] for choice in choices] == ["stop", "length", "stop"]


def test_raw_is_the_response_by_itself() -> None:
    def raw(run: Run) -> Any:
        return json.loads(status.raw(run.head, fold(run.events)))

    for events in (sample.TALK, (*HALF, Stopped("user")), (*HALF, BROKEN)):
        made = kept(events)
        assert raw(made) == document(made)["response"]["body"]
    assert raw(kept((BROKEN,)))["error"]["code"] == "idle_timeout"


def test_the_message_to_a_webhook_is_the_last_document_in_one_field() -> None:
    for name in ("Done", "Stopped", "Failed"):
        made = kept(STANDINGS[name])
        message = announce(made)
        assert message is not None
        assert message.content_type == "application/x-www-form-urlencoded"
        fields = parse_qs(message.body.decode("ascii"), strict_parsing=True)
        assert [*fields] == ["response"]
        assert json.loads(fields["response"][0]) == offload_answers.STATUSES[name]


def test_it_holds_any_text() -> None:
    log = (Started("up", "m", "", 1), Text("a&b=c+d%20 \n \u2028 \U0001f600"), Finished("stop"))
    message = announce(kept(log))
    assert message is not None
    said = json.loads(parse_qs(message.body.decode("ascii"))["response"][0])
    assert said["response"]["body"]["choices"][0]["message"]["content"] == "a&b=c+d%20 \n \u2028 \U0001f600"


def test_there_is_no_such_message_of_other_runs() -> None:
    for names in ((), ("key/1/anybody",), ("offloaded",)):
        head = Head(sample.RUN, "anybody", 1.0, "openai.chat", "default", b"{}", names=names, note=b'{"a":1}')
        assert announce(Run.kept(head, list(sample.TALK), 2.0)) is None


def test_calls_of_tools_are_in_it() -> None:
    log = (Started("up", "m", "", 1), ToolCall(0, "call_1", "weather"), ToolInput(0, "{}"), Finished("tool_calls"))
    (choice,) = document(kept(log, asked={**ASKED, "tools": []}))["response"]["body"]["choices"]
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "weather", "arguments": "{}"}
    assert choice["message"]["content"] is None
