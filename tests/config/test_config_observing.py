"""[metrics], [log] and [otel]."""

import pytest

from headgate.cli.summary import facts
from headgate.config import ConfigError, load, observing

COLLECTOR = "http://collector:4318"


def test_nothing_is_sent_anywhere_by_default() -> None:
    config = load(None, {})
    assert not config.sends_traces
    assert config.log.access == "off"
    assert not config.metrics.open


@pytest.mark.parametrize("name", observing.ENDPOINT_VARIABLES)
def test_opentelemetrys_own_variables_turn_traces_on(name: str) -> None:
    assert load(None, {name: COLLECTOR}).sends_traces


@pytest.mark.parametrize("off", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_and_off(off: dict[str, str]) -> None:
    assert not load(None, {"OTEL_EXPORTER_OTLP_ENDPOINT": COLLECTOR, **off}).sends_traces


def test_traces_without_their_packages_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observing, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"scripts/extras otel"):
        load(None, {"HEADGATE_OTEL_ENDPOINT": COLLECTOR})


def test_but_not_when_only_the_cluster_asks_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some put that variable into every container."""
    monkeypatch.setattr(observing, "find_spec", lambda name: None)
    config = load(None, {"OTEL_EXPORTER_OTLP_ENDPOINT": COLLECTOR})
    assert not config.sends_traces
    assert any("scripts/extras otel" in note for note in config.notes)


def test_check_says_what_is_on_beside_the_rest() -> None:
    off = dict(facts(load(None, {})))
    assert not {"log", "traces", "mercure"} & off.keys()
    environ = {"HEADGATE_LOG_ACCESS": "stderr", "HEADGATE_OTEL_ENDPOINT": COLLECTOR}
    on = dict(facts(load(None, {**environ, "HEADGATE_MERCURE_KEY": "k" * 32})))
    assert on["log"] == "a line for every request to stderr"
    assert on["traces"] == f"to {COLLECTOR}"
    assert on["mercure"] == "a hub at /.well-known/mercure"
    assert dict(facts(load(None, {"OTEL_EXPORTER_OTLP_ENDPOINT": COLLECTOR})))["traces"].startswith("to where")


@pytest.mark.parametrize("wrong", ["1.5", "-1", "half", "nan"])
def test_a_sample_is_a_share(wrong: str) -> None:
    with pytest.raises(ConfigError, match="a number from 0 to 1"):
        load(None, {"HEADGATE_OTEL_SAMPLE": wrong})


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 8 characters"):
        load(None, {"HEADGATE_METRICS_TOKEN": "secret"})
