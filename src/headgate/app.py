"""
The composition root: builds everything, top to bottom, and runs it.

Nobody else names a concrete store or provider. To see what Headgate is made of, read `build`.
"""

import asyncio
import gc
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import uvloop

from headgate.calls import Call
from headgate.channels import Bounds as ChannelBounds
from headgate.channels import Hub
from headgate.config import Config, ProviderConfig, Secret, secrets_of
from headgate.config.prices import common_prices, services
from headgate.dialects import anthropic as anthropic_dialect
from headgate.dialects import betterforms as betterforms_dialect
from headgate.dialects import drop_in
from headgate.dialects import embeddings as embeddings_dialect
from headgate.dialects import gemini as gemini_dialect
from headgate.dialects import mercure as mercure_dialect
from headgate.dialects import messaging as messaging_dialect
from headgate.dialects import metrics as metrics_dialect
from headgate.dialects import offload as offload_dialect
from headgate.dialects import openai as openai_dialect
from headgate.dialects import purai as purai_dialect
from headgate.dialects import responses as responses_dialect
from headgate.dialects import runs as runs_dialect
from headgate.dialects import service as service_dialect
from headgate.dialects import ui as ui_dialect
from headgate.dialects import webhooks as webhooks_dialect
from headgate.errors import BadRequest
from headgate.formats import anthropic, gemini, openai_chat, openai_completions, openai_responses
from headgate.keys import Keys
from headgate.metrics import Exposition, Meters
from headgate.net import Client, Guard
from headgate.observe import gauges
from headgate.observe.access import AccessLog
from headgate.observe.bills import Bills
from headgate.observe.ends import Ends
from headgate.observe.traces import Traces
from headgate.providers.anthropic import AnthropicProvider
from headgate.providers.aws import Signer
from headgate.providers.azure import AzureProvider
from headgate.providers.base import Provider
from headgate.providers.bedrock import BedrockProvider
from headgate.providers.gemini import GeminiProvider
from headgate.providers.openai import OpenAIProvider
from headgate.providers.registry import CONVERSE, GENERATE, MESSAGES
from headgate.providers.service import Service
from headgate.providers.simulator import Simulator
from headgate.runs import Catalogue, Engine, Errands, Member, Pool, Settings, Slots
from headgate.runs.prices import Prices
from headgate.runs.trace import Tracer
from headgate.store.base import Record, Store
from headgate.store.memory import MemoryStore
from headgate.store.sqlite import SqliteStore
from headgate.web.address import PublicAddress
from headgate.web.descriptors import take_all, warn_of_few
from headgate.web.gate import Gate
from headgate.web.pages import Pages
from headgate.web.routes import Routes
from headgate.web.server import Bounds, Parts, Report, Server, listen
from headgate.web.watching import Watch
from headgate.webhooks import Addressing, Endpoint, Poster, SigningSecret, Worker, check_hook


def build(config: Config, client: Client) -> Parts:
    """Everything, in the order of the floors; must be called inside the event loop."""
    meters = Meters()
    pools = {provider.name: _pool(provider, client, meters) for provider in config.providers}
    providers = {name: pool.members[0].provider for name, pool in pools.items()}
    catalogue = Catalogue(providers, config.aliases, config.owned)
    guard, addressing = Guard(config.webhooks.allow), _addressing(config)
    prices = Prices(config.prices, common_prices(), services(config.providers))
    settings = Settings(
        commit_interval=config.store.commit_interval,
        retention=config.store.retention,
        max_size=config.store.max_size,
        min_free=config.store.min_free,
        keep_alive=config.server.keep_alive,
        hedge=config.routing.hedge,
        goes_on=config.routing.continue_broken,
        hooks=addressing.hooks,
        prices=prices,
        tracer=Tracer(config.otel.sample, propagates=config.otel.propagate) if config.sends_traces else None,
        check_hook=partial(check_hook, guard),
    )
    errands = Errands(catalogue, pools, prices, meters)
    engine = Engine(_store(config), catalogue, settings, pools, meters)
    webhooks = Worker(engine.store, addressing, Poster(Client(guard=guard), config.webhooks.timeout), meters=meters)
    engine.listen(webhooks.on_over)
    engine.before_close(webhooks.close)
    engine.also_wait_for(errands.is_busy)
    engine.before_close(errands.close)
    hub = Hub(engine.store, _channel_bounds(config), meters=meters)
    engine.before_close(hub.close)
    mercure = mercure_dialect.hub_of(_mercure(config))
    if mercure is not None:
        engine.before_close(mercure.board.close)
    keys = Keys((key.name, key.secret.reveal()) for key in config.keys)
    bills = Bills(meters)
    access, reports = _observe(config, engine, pools, client, meters, bills)
    bounds = openai_dialect.Bounds(config.server.max_body, config.server.body_timeout)
    address = PublicAddress(config.server.public_url)
    openai = [
        *openai_dialect.routes(engine, keys, bounds),
        *embeddings_dialect.routes(errands, keys, bounds),
        *responses_dialect.routes(engine, keys, bounds),
    ]
    stand_ins = [f"{each.name}/{each.default_model}" for each in config.providers if each.default_model]
    switchboard = messaging_dialect.switchboard_of(hub, keys, engine.store, *_messaging(config))
    purai = purai_dialect.routes(engine, keys, bounds, config.personalities, stand_ins)
    routes = Routes(
        [
            *service_dialect.routes(engine),
            *openai,
            *anthropic_dialect.routes(engine, errands, keys, bounds),
            *gemini_dialect.routes(engine, errands, keys, bounds),
            *runs_dialect.routes(engine, keys, bounds, address),
            *ui_dialect.routes(engine, keys, bounds),
            *webhooks_dialect.routes(engine, keys, addressing, webhooks),
            *offload_dialect.routes(engine, keys, bounds, address),
            *messaging_dialect.routes(switchboard, bounds),
            *betterforms_dialect.routes(engine, keys, bounds, hub, switchboard.authority),
            *mercure_dialect.routes(mercure),
            *metrics_dialect.routes(Exposition(meters), keys, _metrics_readers(config)),
            *purai,
        ],
        drop_in.twins(openai, taken=purai),
    )
    pages = Pages(routes)
    gate = Gate(routes, pages, config.server.cors_origins, Watch(meters, keys, bills, access))
    return Parts(gate, engine, pages, webhooks, hub, meters, reports)


def serve(config: Config, on_ready: Callable[[str], None]) -> None:
    """
    Serve until told to end (SIGINT, SIGTERM); `on_ready` gets the address once it listens.

    Raises HeadgateError when the store cannot be had, OSError when the port cannot.
    """
    logging.basicConfig(level=config.server.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    # Its own lines ("Started server process") tell a user nothing that the banner does not.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(config, on_ready))


async def _serve(config: Config, on_ready: Callable[[str], None]) -> None:
    sock = listen(config.server.host, config.server.port)
    descriptors = take_all()
    client = Client(proxies=config.proxies, descriptors=descriptors.upstreams)
    parts = build(config, client)
    await parts.engine.open(replay, partial(betterforms_dialect.recover, parts.hub))
    parts.webhooks.open()
    await parts.hub.open()
    # What lives from here to the end of the process need not be looked at again by the collector.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    warn_of_few(descriptors, config.server.max_connections)
    bounds = Bounds(
        config.server.max_connections, config.server.shutdown_grace, config.server.max_body, descriptors.clients
    )
    await Server(parts, bounds, sock, on_ready).run_until_told()
    for report in parts.reports:
        await report.close()
    await client.close()


def replay(record: Record) -> Call | None:
    """The call of a kept request, to be asked again; None when it cannot be."""
    reader = _READERS.get(record.head.format)
    try:
        return None if reader is None else anthropic_dialect.remembered(reader(record.head.request), record.head.note)
    except BadRequest:
        return None


_READERS = {
    openai_chat.NAME: openai_chat.read,
    openai_completions.NAME: openai_completions.read,
    openai_responses.NAME: openai_responses.read,
    anthropic.NAME: anthropic.read,
    gemini.NAME: gemini.read,
}


def _store(config: Config) -> Store:
    if config.store.in_memory:
        return MemoryStore()
    return SqliteStore(Path(config.store.path), sync=config.store.sync)


def _channel_bounds(config: Config) -> ChannelBounds:
    channels = config.channels
    return ChannelBounds(
        history=channels.history,
        history_size=channels.history_size,
        history_age=channels.history_age,
        total_size=channels.max_size,
        channels=channels.max_channels,
        channels_per_connection=channels.channels_per_connection,
        keep_alive=config.server.keep_alive,
    )


def _messaging(config: Config) -> tuple[messaging_dialect.Reach, messaging_dialect.Limits, messaging_dialect.Anonymous]:
    channels = config.channels
    reach = messaging_dialect.Reach({key.name: key.channels for key in config.keys if key.channels is not None})
    limits = messaging_dialect.Limits(
        message=channels.max_message,
        messages_per_second=channels.messages_per_second,
        connections_per_key=channels.connections_per_key,
    )
    return reach, limits, channels.anonymous


def _mercure(config: Config) -> mercure_dialect.Settings:
    mercure, server = config.mercure, config.server
    return mercure_dialect.Settings(
        keys={
            role: mercure_dialect.Key(key.reveal(), mercure.algorithms_of(key)) for role, key in mercure.keys.items()
        },
        audience=mercure.audience,
        issuers=mercure.issuers,
        takes_older=mercure.older_tokens,
        anonymous=mercure.anonymous,
        origins=server.cors_origins,
        history=mercure_dialect.HistoryBounds(
            count=mercure.history, size=mercure.history_size, age=mercure.history_age
        ),
        max_subscribers=mercure.max_subscribers,
        max_update=mercure.max_update,
        body_timeout=server.body_timeout,
        keep_alive=server.keep_alive,
        public_url=server.public_url,
    )


def _observe(
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


def _metrics_readers(config: Config) -> metrics_dialect.Readers:
    token = config.metrics.token
    return metrics_dialect.Readers(config.metrics.open, None if token is None else token.reveal())


def _addressing(config: Config) -> Addressing:
    forms = {**webhooks_dialect.FORMS, offload_dialect.HOOK: offload_dialect.announce}
    endpoints = [
        Endpoint(name=each.name, url=each.url, events=each.events, secrets=_signing(each.secrets))
        for each in config.endpoints
    ]
    return Addressing(forms, endpoints, _signing(secrets_of(config.webhooks)))


def _signing(secrets: Sequence[Secret]) -> tuple[SigningSecret, ...]:
    return tuple(SigningSecret.from_text(secret.reveal()) for secret in secrets)


def _pool(config: ProviderConfig, client: Client, meters: Meters) -> Pool:
    """A provider with all of its keys: each is a provider of its own, and only its pool knows that they are one."""
    several = len(config.more_keys) > 0
    weights = config.key_weights or (1.0,) * (len(config.more_keys) + 1)
    members = [
        Member(_provider(msgspec.structs.replace(config, key=key), client), f"key {number}" if several else "", weight)
        for number, (key, weight) in enumerate(zip((config.key, *config.more_keys), weights, strict=True), 1)
    ]
    limit = config.max_concurrent
    slots = None if limit is None else Slots(config.name, limit, config.max_queued, meters)
    return Pool(config.name, members, slots=slots, retries=config.retries)


def _provider(config: ProviderConfig, client: Client) -> Provider:
    if config.service is None:
        return Simulator(config.name, limits=config.limits)
    headers = {name: secret.reveal() for name, secret in config.headers.items()}
    is_bearer = config.service.auth == "bearer"
    key_header = "authorization" if is_bearer else config.service.auth
    if config.key is not None:
        key = config.key.reveal()
        headers[key_header] = f"Bearer {key}" if is_bearer else key
    service = Service(
        name=config.name,
        base_url=config.base_url,
        query=f"?api-version={config.api_version}" if config.api_version else "",
        headers=headers,
        endpoints=frozenset(config.endpoints),
        stream_usage=config.service.stream_usage,
        max_tokens_field=config.service.max_tokens_field,
        dimensions_field=config.service.dimensions_field,
        models=config.models,
        limits=config.limits,
        secrets=tuple(secret.reveal() for secret in (config.key, *config.headers.values()) if secret is not None),
        key_header=key_header,
    )
    if service.endpoints == MESSAGES:
        return AnthropicProvider(service, client)
    if service.endpoints == GENERATE:
        return GeminiProvider(service, client)
    if service.endpoints == CONVERSE:
        return BedrockProvider(service, client, Signer(config.name, config.region) if config.is_signed else None)
    if config.by_deployment:
        return AzureProvider(service, client)
    return OpenAIProvider(service, client)
