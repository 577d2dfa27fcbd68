"""Counters, histograms and their families."""

import pytest

from headgate.metrics import Exposition, Meters, operation_of
from headgate.metrics.families import MAX_LABEL, OTHER, Gauges, Histograms, Names
from headgate.metrics.numbers import Histogram
from tests.runs.fakes import run


@pytest.mark.parametrize(
    ("value", "counts"),
    [
        (0.0, [1, 0, 0]),
        (1.0, [1, 0, 0]),  # A bound is part of its bucket, as Prometheus has it.
        (1.1, [0, 1, 0]),
        (2.0, [0, 1, 0]),
        (2.1, [0, 0, 1]),
    ],
)
def test_a_value_is_counted_in_one_bucket(value: float, counts: list[int]) -> None:
    histogram = Histogram((1.0, 2.0))
    histogram.observe(value)
    assert (histogram.counts, histogram.total) == (counts, value)


def test_only_so_many_names_are_told_apart() -> None:
    names = Names(2)
    assert [names.of(name) for name in ("a", "b", "c", "a", "")] == ["a", "b", OTHER, "a", ""]
    assert names.known("c") == OTHER


def test_a_name_does_not_become_known_by_being_looked_for() -> None:
    names = Names(2)
    assert names.known("a") == OTHER
    assert names.of("a") == "a"
    assert names.known("a") == "a"


def test_long_names_are_cut() -> None:
    assert Names(2).of("x" * 1000) == "x" * MAX_LABEL


def test_numbers_with_the_same_labels_are_the_same() -> None:
    family = Histograms("x", "", (1.0,), "colour")
    family.of("red").observe(0.5)
    family.of("red").observe(3.0)
    (found,) = family.snapshot().histograms
    assert found == (("red",), [1, 1], 3.5)


def test_a_snapshot_stays_as_it_was() -> None:
    family = Histograms("x", "", (1.0,))
    before = family.snapshot()
    family.of().observe(0.5)
    assert before.histograms == [((), [0, 0], 0.0)]


def test_gauges_are_looked_up_when_somebody_asks() -> None:
    values, gauge = [1.0], Gauges("x", "")
    gauge.read_one(lambda: values[-1])
    values.append(2.0)
    assert gauge.snapshot().readings == [((), 2.0)]


@pytest.mark.parametrize(
    ("format", "operation"),
    [("openai.chat", "chat"), ("openai.completions", "text_completion"), ("gemini.generate", "generate_content")],
)
def test_operations_have_the_names_of_the_conventions(format: str, operation: str) -> None:
    assert operation_of(format) == operation


def test_no_two_families_have_the_same_name() -> None:
    names = [family.name for family in Meters().families]
    assert len(names) == len(set(names))


def test_labels_of_any_text_survive_the_page() -> None:
    async def play() -> None:
        from prometheus_client.parser import text_string_to_metric_families

        meters, name = Meters(), 'a"b\\c\nd žluť'
        meters.failovers.of(name, "x").add()
        page, _ = await Exposition(meters).page("")
        (family,) = (f for f in text_string_to_metric_families(page.decode()) if f.name == "headgate_failovers")
        assert [sample.labels["from"] for sample in family.samples if sample.name.endswith("_total")] == [name]

    run(play())
