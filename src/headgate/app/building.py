"""Builds everything, top to bottom: to see what Headgate is made of, read `build`."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from headgate.app import channels, streams
from headgate.app.assisting import check_assistants
from headgate.app.functions import toolbox_of
from headgate.app.observing import metrics_readers, observe
from headgate.app.providing import pool_of
from headgate.app.telling import addressing_of
from headgate.app.todos import lists_of
from headgate.app.uploading import uploads_of
from headgate.app.voicing import lack_of, local_voices
from headgate.channels import Hub
from headgate.config import Config
from headgate.config.prices import common_prices, services
from headgate.dialects import anthropic as anthropic_dialect
from headgate.dialects import betterforms as betterforms_dialect
from headgate.dialects import drop_in
from headgate.dialects import embeddings as embeddings_dialect
from headgate.dialects import functions as functions_dialect
from headgate.dialects import gemini as gemini_dialect
from headgate.dialects import graphql as graphql_dialect
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
from headgate.dialects import voices as voices_dialect
from headgate.dialects import webhooks as webhooks_dialect
from headgate.dialects.streams import runs as streams_of_runs
from headgate.keys import Keys
from headgate.metrics import Exposition, Meters
from headgate.net import Client, Guard
from headgate.observe.bills import Bills
from headgate.providers.base import Provider
from headgate.runs import Catalogue, Engine, Errands, Member, Pool, Settings
from headgate.runs.prices import Prices
from headgate.runs.trace import Tracer
from headgate.store.base import Store
from headgate.store.memory import MemoryStore
from headgate.store.sqlite import SqliteStore
from headgate.streams import Library
from headgate.streams.waking import Desk
from headgate.todos import Lists
from headgate.todos import functions as todo_functions
from headgate.tools import Toolbox
from headgate.web.address import PublicAddress
from headgate.web.hosts import gate_of
from headgate.web.pages import Pages
from headgate.web.routes import Routes
from headgate.web.server import Parts
from headgate.web.uploads import Uploads
from headgate.web.watching import Watch
from headgate.webhooks import Addressing, Poster, Worker, check_hook


def build(config: Config, client: Client) -> Parts:
    """Everything, in the order of the floors; must be called inside the event loop."""
    meters = Meters()
    lists = lists_of(config)
    toolbox = toolbox_of(config, client, meters, todo_functions(lists))
    check_assistants(config, toolbox)
    guard, addressing = Guard(config.webhooks.allow), addressing_of(config)
    pools = {provider.name: pool_of(provider, client, meters) for provider in config.providers}
    voices = local_voices(config, meters)
    own = {} if voices is None else {voices.name: Pool(voices.name, [Member(voices)])}
    pools |= own
    prices = Prices(config.prices, common_prices(), services(config.providers) | {name: name for name in own})
    catalogue = Catalogue(_providers(pools), config.aliases, config.owned, assistants=config.assistants)
    errands = Errands(catalogue, pools, prices, meters)
    settings = _settings(config, addressing, guard, prices)
    engine = Engine(_store(config), catalogue, settings, pools, meters, toolbox)
    webhooks = Worker(engine.store, addressing, Poster(Client(guard=guard), config.webhooks.timeout), meters=meters)
    hub = Hub(engine.store, channels.bounds_of(config), meters=meters)
    mercure = mercure_dialect.hub_of(channels.mercure_of(config))
    library = streams.library_of(config, engine)
    uploads = uploads_of(config)
    engine.listen(webhooks.on_over)
    engine.also_wait_for(errands.is_busy)
    for part in (webhooks, errands, hub, toolbox, uploads, *(() if mercure is None else (mercure.board,))):
        engine.before_close(part.close)
    keys, bills = Keys((key.name, key.secret.reveal()) for key in config.keys), Bills(meters)
    desk = streams.desk_of(config, engine, library, keys, guard)
    access, reports = observe(config, engine, pools, client, meters, bills)
    routes = _routes(
        config,
        engine,
        errands,
        keys,
        webhooks,
        addressing,
        hub,
        mercure,
        meters,
        lists,
        toolbox,
        library,
        desk,
        uploads,
    )
    pages = Pages(routes)
    gate = gate_of(
        config.server.allowed_hosts, routes, pages, config.server.cors_origins, Watch(meters, keys, bills, access)
    )
    return Parts(gate, engine, pages, webhooks, hub, library, desk, meters, lists.database, uploads, reports, voices)


def _routes(
    config: Config,
    engine: Engine,
    errands: Errands,
    keys: Keys,
    webhooks: Worker,
    addressing: Addressing,
    hub: Hub,
    mercure: mercure_dialect.Mercure | None,
    meters: Meters,
    lists: Lists,
    toolbox: Toolbox,
    library: Library,
    desk: Desk,
    uploads: Uploads,
) -> Routes:
    """All dialects."""
    bounds = openai_dialect.Bounds(config.server.max_body, config.server.body_timeout)
    address = PublicAddress(config.server.public_url)
    switchboard = messaging_dialect.switchboard_of(hub, keys, engine.store, *channels.messaging_of(config))
    telling = voices_dialect.Telling(engine, hub, switchboard.authority)
    stand_ins = [f"{each.name}/{each.default_model}" for each in config.providers if each.default_model]
    openai = [
        *openai_dialect.routes(engine, keys, bounds),
        *embeddings_dialect.routes(errands, keys, bounds),
        *responses_dialect.routes(engine, keys, bounds),
        *voices_dialect.routes(engine, keys, bounds, uploads, telling, lack_of(config)),
    ]
    purai = purai_dialect.routes(engine, keys, bounds, config.personalities, stand_ins)
    own = [
        *service_dialect.routes(engine),
        *openai,
        *anthropic_dialect.routes(engine, errands, keys, bounds),
        *gemini_dialect.routes(engine, errands, keys, bounds),
        *runs_dialect.routes(engine, keys, bounds, address),
        *streams_of_runs.routes(engine, keys, streams.patience_of(config)),
        *streams.routes_of(config, library, desk, keys, address),
        *ui_dialect.routes(engine, keys, bounds),
        *webhooks_dialect.routes(engine, keys, addressing, webhooks),
        *offload_dialect.routes(engine, keys, bounds, address),
        *messaging_dialect.routes(switchboard, bounds),
        *betterforms_dialect.routes(engine, keys, bounds, hub, switchboard.authority),
        *mercure_dialect.routes(mercure),
        *functions_dialect.routes(toolbox, keys),
        *graphql_dialect.routes(lists, keys, bounds),
        *metrics_dialect.routes(Exposition(meters), keys, metrics_readers(config)),
        *purai,
    ]
    return Routes(own, drop_in.twins(openai, taken=purai))


def _settings(config: Config, addressing: Addressing, guard: Guard, prices: Prices) -> Settings:
    """The engine's."""
    return Settings(
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


def _providers(pools: Mapping[str, Pool]) -> dict[str, Provider]:
    return {name: pool.members[0].provider for name, pool in pools.items()}


def _store(config: Config) -> Store:
    if config.store.in_memory:
        return MemoryStore()
    return SqliteStore(Path(config.store.path), sync=config.store.sync)
