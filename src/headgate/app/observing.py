"""Who watches, and what is told to them."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from headgate.config import Config
from headgate.dialects import metrics as metrics_dialect
from headgate.metrics import Meters
from headgate.net import Client
from headgate.observe import gauges
from headgate.observe.access import AccessLog
from headgate.observe.bills import Bills
from headgate.observe.ends import Ends
from headgate.observe.traces import Traces
from headgate.runs import Engine, Pool
from headgate.web.server import Report


def observe(
    config: Config, engine: Engine, pools: Mapping[str, Pool], client: Client, meters: Meters, bills: Bills
) -> tuple[AccessLog | None, list[Report]]:
    """Have everybody told of what they watch; returns those who have something to write at the end."""
    meters.know_models(model for provider in config.providers for model in (*provider.models, provider.default_model))
    meters.know_models(config.aliases)
    engine.listen(Ends(meters, bills).on_over)
    gauges.watch_process(meters)
    gauges.watch_pools(meters, pools)
    gauges.watch_client(meters, client)
    access = None if config.log.access == "off" else AccessLog(config.log.access, config.log.format)
    writers = {"access": access, "traces": _traces(config)}
    reports: list[Report] = []
    for kind, writer in writers.items():
        if writer is not None:
            engine.listen(writer.on_over)
            gauges.watch_writer(meters, kind, writer)
            reports.append(writer)
    return access, reports


def _traces(config: Config) -> Traces | None:
    if not config.sends_traces:
        return None
    # Its packages are an extra, and take a while to load.
    from headgate.observe.spans import Place, Spans

    places = {}
    for provider in config.providers:
        parts = urlsplit(provider.base_url)
        port = parts.port or {"http": 80}.get(parts.scheme, 443)
        kind = provider.name if provider.service is None else provider.service.name
        places[provider.name] = Place(kind, parts.hostname or "", port)
    spans = Spans(config.otel.endpoint, places)
    return Traces(spans.export, spans.close, contents=config.otel.contents)


def metrics_readers(config: Config) -> metrics_dialect.Readers:
    token = config.metrics.token
    return metrics_dialect.Readers(config.metrics.open, None if token is None else token.reveal())
