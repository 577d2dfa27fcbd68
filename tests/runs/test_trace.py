"""Which trace a run belongs to."""

import re

import pytest

from headgate.runs.trace import Tracer
from headgate.runs.tries import Tries, Try

ID, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{ID}-{SPAN}-01".encode()


def test_a_client_in_a_trace_takes_us_with_it() -> None:
    trace = Tracer(0.0).begin(PARENT, b"vendor=1")
    assert (trace.id, trace.parent, trace.is_sampled, trace.state) == (ID, SPAN, True, "vendor=1")
    assert trace.headers("1" * 16) == (("traceparent", f"00-{ID}-{'1' * 16}-01"), ("tracestate", "vendor=1"))


def test_what_a_client_does_not_record_is_not_recorded() -> None:
    trace = Tracer(1.0).begin(f"00-{ID}-{SPAN}-00".encode())
    assert not trace.is_sampled
    assert trace.headers("1" * 16) == (("traceparent", f"00-{ID}-{'1' * 16}-00"),)


@pytest.mark.parametrize(
    "parent",
    [
        b"",
        b"nonsense",
        PARENT.upper(),
        PARENT[:-1],
        PARENT + b"-more",
        b"ff" + PARENT[2:],
        f"00-{'0' * 32}-{SPAN}-01".encode(),
        f"00-{ID}-{'0' * 16}-01".encode(),
    ],
)
def test_a_parent_that_is_none_begins_a_trace_of_our_own(parent: bytes) -> None:
    trace = Tracer(1.0).begin(parent, b"vendor=1")
    assert (trace.parent, trace.state) == ("", "")
    assert trace.id != ID
    assert re.fullmatch(r"[0-9a-f]{32}", trace.id)
    assert re.fullmatch(r"[0-9a-f]{16}", trace.span)


def test_a_later_version_may_say_more() -> None:
    assert Tracer(0.0).begin(b"01" + PARENT[2:] + b"-more").id == ID


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (1.0, 50)])
def test_of_the_rest_so_many_are_recorded(share: float, expected: int) -> None:
    tracer = Tracer(share)
    assert sum(tracer.begin(b"").is_sampled for _ in range(50)) == expected


@pytest.mark.parametrize("state", [b"x" * 513, b"caf\xe9=1", b"a=1\x01"])
def test_a_state_that_may_not_be_passed_on_is_not(state: bytes) -> None:
    assert Tracer(0.0).begin(PARENT, state).state == ""


@pytest.mark.parametrize("propagates", [True, False])
def test_providers_are_told_unless_they_are_not_to_be(propagates: bool) -> None:
    tracer, tried = Tracer(1.0, propagates=propagates), Try("acme", "m", "", "openai.chat", 0.0)
    told = Tries(tracer=tracer).headers(tried, tracer.begin(PARENT))
    assert told == ((("traceparent", f"00-{ID}-{tried.span}-01"),) if propagates else ())
    assert tried.span
