"""What headers may wish of a run."""

import pytest

from headgate.calls import Call
from headgate.errors import BadRequest
from headgate.runs import NO_HEDGE, NOTHING, Hedge, Wishes
from headgate.web.wishing import with_headers

CALL = Call(format="openai.chat", model="m", fields={})


def wishes(**headers: str) -> Wishes:
    """Those of a request with these headers."""
    named = {f"headgate-{name.replace('_', '-')}".encode(): value.encode() for name, value in headers.items()}
    return with_headers(NOTHING, named, CALL, "run")


def test_no_header_is_no_wish() -> None:
    assert wishes() is NOTHING


@pytest.mark.parametrize(
    ("header", "limits"),
    [
        ("connect_timeout", {"connect": 1.5}),
        ("first_event_timeout", {"first_event": 1.5, "whole": 1.5}),
        ("idle_timeout", {"idle": 1.5}),
        ("total_timeout", {"total": 1.5}),
    ],
)
def test_limits(header: str, limits: dict[str, float]) -> None:
    assert wishes(**{header: "1.5"}).limits == limits


def test_limits_of_the_dialect_stay_where_the_headers_say_nothing() -> None:
    own = Wishes(limits={"total": 90.0, "idle": 90.0})
    said = with_headers(own, {b"headgate-total-timeout": b"5"}, CALL, "run")
    assert said.limits == {"total": 5.0, "idle": 90.0}


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "1e9", "soon", "1 s", "0x10"])
@pytest.mark.parametrize("header", ["connect_timeout", "first_event_timeout", "idle_timeout", "total_timeout", "hedge"])
def test_what_is_no_time_is_refused(header: str, text: str) -> None:
    with pytest.raises(BadRequest, match=f"Headgate-{header.replace('_', '-').title()}"):
        wishes(**{header: text})


@pytest.mark.parametrize(
    ("text", "hedge"), [("usual", Hedge()), ("Off", NO_HEDGE), ("2", Hedge(2.0)), ("0.25", Hedge(0.25))]
)
def test_hedges(text: str, hedge: Hedge) -> None:
    assert wishes(hedge=text).hedge == hedge


def test_going_on() -> None:
    assert (wishes(**{"continue": "on"}).goes_on, wishes(**{"continue": "OFF"}).goes_on) == (True, False)
    with pytest.raises(BadRequest, match="Headgate-Continue"):
        wishes(**{"continue": "maybe"})
