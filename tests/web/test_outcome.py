"""Who answered and who failed, in an answer's head."""

from headgate.events import Attempt, Failed, Started, Text
from headgate.runs import Run
from headgate.store.base import Head
from headgate.web.outcome import MAX_ATTEMPTS, outcome_headers

STARTED = Started("groq", "meta/llama-4", "", 0)


def made(*events: Attempt | Started | Text | Failed) -> Run:
    """A run with this log."""
    run = Run(Head("run_1", "anybody", 0.0, "openai.chat", "m", b"{}"))
    run.add(events)
    return run


def test_who_answers() -> None:
    assert outcome_headers(made(STARTED, Text("a"))) == b"headgate-provider: groq/meta/llama-4\r\n"


def test_who_failed_before() -> None:
    run = made(Attempt("a", 503, "down", "No.", "", "x"), Attempt("b", 429, "full", "No.", "key 1", "y"), STARTED)
    assert outcome_headers(run) == (
        b"headgate-provider: groq/meta/llama-4\r\nheadgate-attempts: a/x 503 down; b/y 429 full\r\n"
    )


def test_nobody() -> None:
    failed = Attempt("a", 503, "down", "No.", "", "x")
    assert outcome_headers(made(failed, Failed("down", "No."))) == b"headgate-attempts: a/x 503 down\r\n"
    assert outcome_headers(made(Failed("down", "No."))) == b""


def test_a_head_stays_small_and_whole() -> None:
    odd = Attempt("a", 500, "x\r\nset-cookie: 1; é", "No.", "", "m" * 9000)
    said = outcome_headers(made(*([odd] * 99), STARTED))
    assert said.count(b"\r\n") == 2
    assert said.count(b" 500 x__set-cookie:_1___") == MAX_ATTEMPTS
    assert len(said) < 8000
