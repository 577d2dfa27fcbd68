"""Puts the configuration together: file, environment and options in, frozen settings out."""

import tomllib
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from headgate.config.aliases import read_aliases
from headgate.config.assistants import read_assistants
from headgate.config.channels import Channels
from headgate.config.environment import CONFIG_VARIABLE, KEY_VARIABLE, URL_VARIABLE, overrides_in
from headgate.config.execution import FunctionsConfig, read_functions
from headgate.config.keys import Key, read_keys
from headgate.config.mercure import Mercure, check_mercure
from headgate.config.observing import Log, Metrics, Otel, check_token, notes_on_traces, wants_traces
from headgate.config.personalities import find_personalities
from headgate.config.prices import read_prices
from headgate.config.problems import ConfigError, Problems, nearest
from headgate.config.providers import ProviderConfig, find_providers, notes_on
from headgate.config.reading import Override, Overrides, read_section, table_of
from headgate.config.secret import Secret
from headgate.config.settings import (
    CHANNELS_SETTINGS,
    DATABASE_SETTINGS,
    LOG_SETTINGS,
    MERCURE_SETTINGS,
    METRICS_SETTINGS,
    OTEL_SETTINGS,
    ROUTING_SETTINGS,
    SERVER_SETTINGS,
    SINGLE_SETTINGS,
    STORE_SETTINGS,
    STREAMS_SETTINGS,
    TODOS_SETTINGS,
    VOICES_SETTINGS,
    WEBHOOKS_SETTINGS,
    Routing,
    Server,
    Store,
    Webhooks,
)
from headgate.config.streams import Streams
from headgate.config.todos import Database, Todos
from headgate.config.voices import Voices
from headgate.config.webhooks import ENDPOINTS, EndpointConfig, find_endpoints
from headgate.formats.purai import Personality
from headgate.net.proxies import Proxies
from headgate.runs import Assistant, Several
from headgate.runs.price import Price

FILE_NAME = "headgate.toml"
DEFAULT_URL = "http://127.0.0.1:8080"

_SECTIONS = (
    "server",
    "store",
    "routing",
    "providers",
    "aliases",
    "prices",
    "keys",
    "webhooks",
    "database",
    "todos",
    "voices",
    "functions",
    "mcp",
    "channels",
    "streams",
    "mercure",
    "metrics",
    "log",
    "otel",
    "purai",
)


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be configured, read once and found right."""

    server: Server = Server()
    store: Store = Store()
    routing: Routing = Routing()
    webhooks: Webhooks = Webhooks()
    database: Database = Database()
    todos: Todos = Todos()
    voices: Voices = Voices()
    functions: FunctionsConfig = FunctionsConfig()
    """What the server executes for models."""
    channels: Channels = Channels()
    streams: Streams = Streams()
    mercure: Mercure = Mercure()
    metrics: Metrics = Metrics()
    log: Log = Log()
    otel: Otel = Otel()
    sends_traces: bool = False
    """Whether [otel], or OpenTelemetry's own variables, ask for it."""
    endpoints: tuple[EndpointConfig, ...] = ()
    """Who is told of every run's end."""
    providers: tuple[ProviderConfig, ...] = ()
    """At least one, in the order they were found; no two have the same name."""
    aliases: Mapping[str, str | Several] = {}
    """What each means, as provider/model."""
    assistants: Mapping[str, Assistant] = {}
    """What some of the aliases bring beside their models."""
    personalities: Mapping[str, Personality] = {}
    """Parts for models to play, by their names."""
    prices: Mapping[str, Price] = {}
    """What models cost, by provider and model, where that is not commonly known or is known wrong."""
    keys: tuple[Key, ...] = ()
    """The keys that clients must send; without any the server is open."""
    proxies: Proxies = Proxies()
    """What HTTP_PROXY, HTTPS_PROXY and NO_PROXY say."""
    source: Path | None = None
    """The file that was read."""
    notes: tuple[str, ...] = ()
    """What is allowed but may not be meant, in sentences."""

    @property
    def owned(self) -> tuple[tuple[str, str], ...]:
        """How bare model names begin, and the provider each beginning means."""
        owners: dict[str, str] = {}
        for provider in self.providers:
            for prefix in provider.service.prefixes if provider.service else ():
                owners.setdefault(prefix, provider.name)
        return tuple(owners.items())


class ClientConfig(msgspec.Struct, frozen=True):
    """What the commands that talk to a running server need to know."""

    url: str
    key: Secret | None
    proxies: Proxies


def load(path: Path | None, environ: Mapping[str, str], options: Mapping[str, str] | None = None) -> Config:
    """
    Read the configuration; raises ConfigError with everything that is wrong.

    `path` is the file the command line named; without it HEADGATE_CONFIG is read, or headgate.toml
    in the current folder if there is one. `options` are settings of the command line, as text by
    `section.name`. An option wins over the environment, the environment over the file.
    """
    source = _source(path, environ)
    file = {} if source is None else _read_file(source)
    problems = Problems()
    tables = _tables(file, problems)
    overrides = overrides_in(environ, problems)
    for option, text in (options or {}).items():
        section, _, name = option.partition(".")
        overrides[section, name] = Override(f"--{name.replace('_', '-')}", text)
    server = Server(**read_section("server", SERVER_SETTINGS, tables["server"], problems, overrides))
    providers = find_providers(tables["providers"], environ, problems)
    aliases = read_aliases(tables["aliases"], providers, problems)
    otel = Otel(**read_section("otel", OTEL_SETTINGS, tables["otel"], problems, overrides))
    webhooks, endpoints = _webhooks(tables["webhooks"], environ, overrides, problems)
    config = Config(
        server=server,
        webhooks=webhooks,
        endpoints=endpoints,
        routing=Routing(**read_section("routing", ROUTING_SETTINGS, tables["routing"], problems, overrides)),
        store=Store(**read_section("store", STORE_SETTINGS, tables["store"], problems, overrides)),
        database=Database(**read_section("database", DATABASE_SETTINGS, tables["database"], problems, overrides)),
        todos=Todos(**read_section("todos", TODOS_SETTINGS, tables["todos"], problems, overrides)),
        voices=Voices(**read_section("voices", VOICES_SETTINGS, tables["voices"], problems, overrides)),
        functions=read_functions(tables["functions"], tables["mcp"], environ, overrides, source, problems),
        channels=Channels(**read_section("channels", CHANNELS_SETTINGS, tables["channels"], problems, overrides)),
        streams=Streams(**read_section("streams", STREAMS_SETTINGS, tables["streams"], problems, overrides)),
        mercure=Mercure(**read_section("mercure", MERCURE_SETTINGS, tables["mercure"], problems, overrides)),
        metrics=Metrics(**read_section("metrics", METRICS_SETTINGS, tables["metrics"], problems, overrides)),
        log=Log(**read_section("log", LOG_SETTINGS, tables["log"], problems, overrides)),
        otel=otel,
        sends_traces=wants_traces(otel, environ, problems),
        providers=providers,
        aliases=aliases,
        assistants=read_assistants(tables["aliases"], aliases, problems),
        personalities=find_personalities(tables["purai"], providers, aliases, problems),
        prices=read_prices(tables["prices"], providers, problems),
        keys=read_keys(tables["keys"], environ, problems),
        proxies=_proxies(environ, problems),
        source=source,
        notes=(*notes_on(environ), *notes_on_traces(environ)),
    )
    check_token(config.metrics, problems)
    check_mercure(config.mercure, problems)
    _check_open(config, bool(tables["keys"]) or KEY_VARIABLE in environ, problems)
    _check_loops(server, providers, problems)
    problems.check(source)
    return config


def load_client(url: str | None, key: str | None, environ: Mapping[str, str]) -> ClientConfig:
    """The server to talk to, and the key to send: from the options, or else the environment."""
    problems = Problems()
    key = key or environ.get(KEY_VARIABLE)
    address = (url or environ.get(URL_VARIABLE) or DEFAULT_URL).rstrip("/")
    client = ClientConfig(address, Secret(key) if key else None, _proxies(environ, problems))
    problems.check(None)
    return client


def _source(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    if path is not None:
        return path
    if environ.get(CONFIG_VARIABLE):
        return Path(environ[CONFIG_VARIABLE])
    here = Path(FILE_NAME)
    return here if here.exists() else None


def _read_file(source: Path) -> dict[str, object]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError([f"{source} cannot be read: {error.strerror}."], source) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{source} is not a text in UTF-8."], source) from None
    except ValueError as error:  # TOMLDecodeError, and numbers of thousands of digits
        raise ConfigError([f"{source} is not valid TOML: {error}."], source) from None


def _tables(file: Mapping[str, object], problems: Problems) -> dict[str, Mapping[str, object]]:
    for name, value in file.items():
        if name in _SECTIONS:
            continue
        if isinstance(value, dict):
            problems.add(f"There is no section [{name}]; {nearest(name, _SECTIONS, '[{}]')}")
        else:
            problems.add(f"`{name}` stands outside of any section; {_home_of(name)}")
    return {name: table_of(name, file.get(name, {}), problems) for name in _SECTIONS}


def _home_of(name: str) -> str:
    homes = [setting.section for setting in SINGLE_SETTINGS if setting.name == name]
    if homes:
        return f"it belongs under [{homes[0]}]."
    return f"sections are {', '.join(f'[{section}]' for section in _SECTIONS)}."


def _webhooks(
    table: Mapping[str, object], environ: Mapping[str, str], overrides: Overrides, problems: Problems
) -> tuple[Webhooks, tuple[EndpointConfig, ...]]:
    own = {name: value for name, value in table.items() if name != ENDPOINTS}
    webhooks = Webhooks(**read_section("webhooks", WEBHOOKS_SETTINGS, own, problems, overrides))
    tables = table_of(f"webhooks.{ENDPOINTS}", table.get(ENDPOINTS, {}), problems)
    return webhooks, find_endpoints(tables, webhooks, environ, problems)


def _proxies(environ: Mapping[str, str], problems: Problems) -> Proxies:
    try:
        return Proxies.from_mapping(environ)
    except ValueError as error:
        problems.add(str(error))
        return Proxies()


def _check_open(config: Config, has_keys: bool, problems: Problems) -> None:
    """A server that asks nobody for a key must not be reachable by everybody."""
    server = config.server
    if has_keys or server.insecure_open or _is_loopback(server.host):
        return
    problems.add(
        f"Without keys the server may listen on this machine only, not on {server.host}. Set {KEY_VARIABLE} or add a "
        "key under [keys]; or, if everyone who can reach it may use it, say --insecure-open (`insecure_open = true`)."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _check_loops(server: Server, providers: Sequence[ProviderConfig], problems: Problems) -> None:
    """OPENAI_BASE_URL, set for the clients of this server, would make it call itself without end."""
    for provider in providers:
        if provider.is_simulator:
            continue
        parts = urlsplit(provider.base_url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        if port == server.port and _is_loopback(parts.hostname or ""):
            problems.add(
                f"The provider `{provider.name}` is at {provider.base_url}, which is this server itself; "
                "give one of them another port."
            )
