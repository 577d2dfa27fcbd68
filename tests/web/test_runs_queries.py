"""What the list of runs takes as query."""

from pathlib import Path
from typing import Any, get_args

import pytest

from headgate.dialects import forms
from headgate.dialects.docs import runs as docs
from headgate.dialects.listing import FORMATS, MAX_PAGE, PARAMETERS, STATUSES, page, page_object
from headgate.errors import BadRequest
from headgate.store.base import Filter, Summary

RUN = "run_019a3f6255a1000051c9e0fb7d2a4c8836e1f09b"
MADE = 0x019A3F6255A1 / 1000


def summary(run: str) -> Summary:
    """A run that is over."""
    return Summary(run, 10.5, 11.5, "openai.chat", "default", "finished", "openai", "gpt", 3, 4)


@pytest.mark.parametrize("text", ["0", "-1", "101", "1e2", "", "٣", "0000019999999", "00000199999999999999999999"])
def test_a_limit_is_a_small_number(text: str) -> None:
    """However it is written."""
    with pytest.raises(BadRequest) as caught:
        page({"limit": text})
    assert caught.value.param == "limit"


@pytest.mark.parametrize("text", ["1", "20", "100", "007"])
def test_a_good_limit_is_taken(text: str) -> None:
    """Also with zeros before it."""
    assert 1 <= page({"limit": text}).limit <= MAX_PAGE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "done"),
        ("status", ""),
        ("format", "openai"),
        ("format", "ui"),
        ("provider", ""),
        ("provider", "x" * 301),
        ("model", ""),
        ("since", "yesterday"),
        ("since", "nan"),
        ("since", "-1"),
        ("since", "1e9"),
        ("since", "٣"),
        ("until", "9999999999999"),
        ("until", "1.0000000001"),
        ("before", "run_0"),
        ("before", ""),
        ("after", RUN.upper()),
        ("after", RUN + "0"),
        ("state", "running"),
        ("", "x"),
        ("Limit", "20"),
    ],
)
def test_a_wrong_parameter_is_named(name: str, value: str) -> None:
    """The unknown as well."""
    with pytest.raises(BadRequest) as caught:
        page({name: value})
    assert (caught.value.status, caught.value.param) == (400, name)


def test_an_unknown_parameter_is_not_repeated_at_length() -> None:
    """Its beginning is enough."""
    with pytest.raises(BadRequest) as caught:
        page({"x" * 5000: ""})
    assert len(caught.value.message) < 300


def test_nothing_said_is_every_run() -> None:
    """Twenty at a time."""
    asked = page({})
    assert (asked.limit, asked.before, asked.after, asked.filter) == (20, None, None, Filter())


def test_all_that_may_be_said_is_understood() -> None:
    """Each in its place."""
    said = {"status": "failed", "provider": "p", "model": "m/x", "format": "openai.chat", "since": "5", "until": "7.25"}
    assert page(said).filter == Filter(
        status="failed", provider="p", model="m/x", format="openai.chat", since=5.0, until=7.25
    )
    assert {*said, "limit", "before", "after"} == {*PARAMETERS}
    for status in STATUSES:
        assert page({"status": status}).filter.status == status
    for format in FORMATS:
        assert page({"format": format}).filter.format == format


@pytest.mark.parametrize(
    ("since", "looked_up"), [(None, MADE - 1), ("0", MADE - 1), (str(int(MADE) + 5), int(MADE) + 5)]
)
def test_what_is_newer_than_a_run_is_looked_up_by_time(since: str | None, looked_up: float) -> None:
    """With some to spare, because two clocks were read; a later `since` stays."""
    asked = page({"after": RUN} | ({} if since is None else {"since": since}))
    assert asked.filter.since == pytest.approx(looked_up, abs=0.002)


def test_a_page_has_what_is_newer_and_says_if_there_is_more() -> None:
    """What the store found too old is left out before anything is counted."""
    runs = [RUN[:-1] + digit for digit in "edcba"]
    kept = [summary(run) for run in runs]

    def listed(**said: str) -> tuple[list[str], Any]:
        body = page_object(page(said), [], kept)
        return [run["id"] for run in body["data"]], body["has_more"]

    assert listed() == (runs, False)
    assert listed(limit="2") == (runs[:2], True)
    assert listed(limit="5") == (runs, False)
    assert listed(after=runs[2]) == (runs[:2], False)
    assert listed(after=runs[2], limit="1") == (runs[:1], True)
    assert listed(after=runs[0]) == ([], False)


def test_what_is_told_of_forms_and_formats_is_what_there_is() -> None:
    """In /docs and in docs/runs.md, also of those that come later."""
    (told,) = [parameter for parameter in docs.LIST.parameters if parameter.name == "format"]
    assert get_args(told.type) == FORMATS
    (told,) = [parameter for parameter in docs.FOLLOW.parameters if parameter.name == "as"]
    page = (Path(__file__).parents[2] / "docs" / "runs.md").read_text()
    for name in (*forms.NAMES, forms.MADE):
        assert f"`{name}`" in told.description
        assert f"`{name}`" in page
