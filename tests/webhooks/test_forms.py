"""What messages say, and that OpenAI's own library takes ours."""

import time

import msgspec
import openai
import pytest

from headgate.dialects.runs import run_object
from headgate.dialects.webhooks.forms import FORMS, response_message, run_message
from headgate.events import AnyEvent, Failed, Finished, Started, Stopped, Text
from headgate.runs import Run
from headgate.runs.ids import new_run_id
from headgate.store.base import Head
from headgate.webhooks import SigningSecret
from headgate.webhooks.signing import signed_headers

ENDED = 1_800_000_000.75

ENDS: list[tuple[AnyEvent, str, str]] = [
    (Finished("stop"), "run.finished", "response.completed"),
    (Finished("tool_calls"), "run.finished", "response.completed"),
    (Finished("length"), "run.finished", "response.incomplete"),
    (Finished("content_filter"), "run.finished", "response.incomplete"),
    (Failed("upstream_error", "It broke."), "run.failed", "response.failed"),
    (Stopped("user"), "run.stopped", "response.cancelled"),
    (Stopped("disconnect"), "run.stopped", "response.cancelled"),
]


def run(last: AnyEvent, format: str = "openai.responses") -> Run:
    head = Head(new_run_id(), "alice", ENDED - 5, format, "default", b"{}")
    return Run.kept(head, [Started("fake", "m", "", 0), Text("Hello"), last], ENDED)


@pytest.mark.parametrize(("last", "event", "_"), ENDS)
def test_our_form_holds_the_run(last: AnyEvent, event: str, _: str) -> None:
    over = run(last)
    message = run_message(over)
    assert (message.event, message.content_type) == (event, "application/json")
    body = msgspec.json.decode(message.body)
    assert body == {"type": event, "timestamp": "2027-01-15T08:00:00Z", "data": run_object(over)}
    assert body["data"]["output"]["text"] == "Hello"


@pytest.mark.parametrize(("last", "_", "event"), ENDS)
def test_openais_form_is_taken_by_openais_library(last: AnyEvent, _: str, event: str) -> None:
    over, secret = run(last), SigningSecret(b"s" * 32)
    message = response_message(over)
    assert message is not None
    assert message.event == event
    headers = dict(signed_headers([secret], "msg_1", int(time.time()), message.body))
    client = openai.OpenAI(api_key="unused", webhook_secret=secret.reveal())
    told = client.webhooks.unwrap(message.body, headers)
    id = over.id.removeprefix("run_")
    assert msgspec.to_builtins(told.to_dict()) == {
        "id": f"evt_{id}",
        "object": "event",
        "created_at": int(ENDED),
        "type": event,
        "data": {"id": f"resp_{id}"},
    }
    assert type(told).__name__ == f"Response{event.partition('.')[2].capitalize()}WebhookEvent"


def test_openais_library_refuses_what_was_changed_or_is_old() -> None:
    secret, body = SigningSecret(b"s" * 32), b'{"type":"response.completed"}'
    client = openai.OpenAI(api_key="unused", webhook_secret=secret.reveal())
    for when, said in ((int(time.time()), body + b" "), (int(time.time()) - 400, body)):
        headers = dict(signed_headers([secret], "msg_1", when, body))
        with pytest.raises(openai.InvalidWebhookSignatureError):
            client.webhooks.unwrap(said, headers)


def test_a_run_that_is_no_response_has_no_response_form() -> None:
    assert response_message(run(Finished("stop"), "openai.chat")) is None


def test_the_same_run_makes_the_same_message() -> None:
    over = run(Finished("stop"))
    for form in FORMS.values():
        assert form(over) == form(over)
