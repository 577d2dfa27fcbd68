"""Who answered and who failed, in an answer's head."""

from msgspec.structs import replace

from headgate.events import Attempt, Failed, Started, Text
from headgate.providers.heading import MAX_LINES, MAX_VALUE, Heading, told
from headgate.runs import Run
from headgate.runs.tries import Try
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


def spoken(run: Run, heading: Heading, *, is_first: bool = True) -> Run:
    """The same run, of which a try told this in its head; another told it later."""
    tried = [Try("groq", "m", "", run.head.format, 0.0, has_spoken=each, heading=heading) for each in (True, False)]
    run.tries += tried if is_first else tried[1:]
    return run


LIMITED = (
    ("anthropic-ratelimit-requests-remaining", "7"),
    ("x-ratelimit-remaining-tokens", "9"),
    ("x-request-id", "req_1\x80"),
)
ANSWERS = b"headgate-provider: groq/meta/llama-4\r\n"
NAMED = b"headgate-upstream-request: req_1_\r\n"


def test_limits_are_told_to_who_knows_their_names() -> None:
    for api, line in (
        ("openai.chat", b"x-ratelimit-remaining-tokens: 9\r\n"),
        ("openai.responses", b"x-ratelimit-remaining-tokens: 9\r\n"),
        ("anthropic.messages", b"anthropic-ratelimit-requests-remaining: 7\r\n"),
        ("gemini.generate", b""),
    ):
        run = made(STARTED, Text("a"))
        run.head = replace(run.head, format=api)
        assert outcome_headers(spoken(run, LIMITED)) == ANSWERS + line + NAMED


def test_limits_are_told_with_an_error_too() -> None:
    run = spoken(made(Failed("full", "No.")), LIMITED, is_first=False)
    assert outcome_headers(run) == b"x-ratelimit-remaining-tokens: 9\r\n" + NAMED


def test_what_is_kept_of_a_head_is_small() -> None:
    headers = {"server": "x", "set-cookie": "y", "x-ratelimit-a": "v" * 9000, "x-request-id": "r"}
    assert told(headers) == (("x-ratelimit-a", "v" * MAX_VALUE), ("x-request-id", "r"))
    assert len(told({f"x-ratelimit-{number}": "" for number in range(99)})) == MAX_LINES


def test_a_head_stays_small_and_whole() -> None:
    odd = Attempt("a", 500, "x\r\nset-cookie: 1; é", "No.", "", "m" * 9000)
    said = outcome_headers(made(*([odd] * 99), STARTED))
    assert said.count(b"\r\n") == 2
    assert said.count(b" 500 x__set-cookie:_1___") == MAX_ATTEMPTS
    assert len(said) < 8000
