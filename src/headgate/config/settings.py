"""
The settings, each declared once: its type, its kind, its default and what it is for.

Everything else is derived from these lines: reading a section, the environment variables, and
`SETTINGS`, which the documentation is checked against.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from headgate.config import kinds
from headgate.config.channels import Channels
from headgate.config.functions import (
    HTTP_SECTION,
    MCP_SECTION,
    PYTHON_SECTION,
    Functions,
    HttpSection,
    McpSection,
    Python,
)
from headgate.config.mercure import Mercure
from headgate.config.observing import Log, Metrics, Otel
from headgate.config.secret import Secret
from headgate.config.streams import Streams
from headgate.config.todos import Database, Todos
from headgate.config.voices import Voices
from headgate.net.guard import Network
from headgate.providers.registry import Endpoint
from headgate.runs import NO_HEDGE, Hedge
from headgate.webhooks.addressing import EVENTS, RUN_EVENTS

MEGABYTE = 1 << 20
MINUTE = 60.0
HOUR = 60 * MINUTE

PROVIDER_SECTION = "providers.NAME"
"""How messages about settings and the documentation call the section of any provider."""

ENDPOINT_SECTION = "webhooks.endpoints.NAME"
"""The same for the section of any endpoint."""

PERSONALITY_SECTION = "purai.personalities.NAME"
"""The same for the section of any personality."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """How clients are listened to."""

    host: Annotated[str, kinds.TEXT, "The address to listen on."] = "127.0.0.1"
    port: Annotated[int, kinds.whole(0, 65535), "The port to listen on; 0 takes any free one."] = 8080
    insecure_open: Annotated[
        bool, kinds.YES_NO, "Let a server without keys listen on other addresses than this machine's own."
    ] = False
    public_url: Annotated[
        str | None,
        kinds.ADDRESS,
        "Where clients reach the server, for the addresses it gives them; without it each request's own host is used.",
    ] = None
    max_body: Annotated[int, kinds.size(1024), "The largest request body that is accepted."] = 32 * MEGABYTE
    max_connections: Annotated[
        int, kinds.whole(1, 1_000_000), "How many clients may be connected at once; more are turned away."
    ] = 10_000
    cors_origins: Annotated[
        tuple[str, ...], kinds.TEXTS, "The web origins whose pages may call the server from a browser."
    ] = ("*",)
    allowed_hosts: Annotated[
        tuple[str, ...],
        kinds.TEXTS,
        'The names that clients may call the server by, like "api.example.com" or "*.example.com".',
    ] = ("*",)
    body_timeout: Annotated[
        float, kinds.duration(0.001), "How long a client may take to send the body of its request."
    ] = 30.0
    keep_alive: Annotated[
        float, kinds.duration(0.001), "How long a stream may be silent before a comment is sent to keep it open."
    ] = 15.0
    shutdown_grace: Annotated[
        float, kinds.duration(0), "How long running answers may go on after the server was told to end."
    ] = 10.0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        kinds.one_of("debug", "info", "warning", "error"),
        "How much is logged.",
    ] = "info"


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """Where runs are kept."""

    path: Annotated[str, kinds.TEXT, 'The database file; "memory" keeps runs in memory only.'] = "headgate.db"
    sync: Annotated[
        Literal["full", "normal"],
        kinds.one_of("full", "normal"),
        "What an event survives before anyone sees it: `full` a power cut, `normal` a killed process.",
    ] = "full"
    retention: Annotated[float, kinds.duration(1), "How long a run is kept after its end."] = 24 * HOUR
    max_size: Annotated[
        int | None, kinds.or_none(kinds.size(MEGABYTE)), "How much kept runs may take before new ones are refused."
    ] = None
    min_free: Annotated[int, kinds.size(0), "How much the disk must have left; below it new runs are refused."] = (
        64 * MEGABYTE
    )
    commit_interval: Annotated[
        float, kinds.duration(0), "The least time between two commits while many answers are streaming."
    ] = 0.01

    @property
    def in_memory(self) -> bool:
        """Whether runs are forgotten when the server ends."""
        return self.path == "memory"


class Routing(msgspec.Struct, frozen=True, kw_only=True):
    """How the way to an answer is found, where a request does not say."""

    hedge: Annotated[
        Hedge,
        kinds.HEDGE,
        "When to ask the next model as well, because one is slow to begin: after what it usually takes, or a time.",
    ] = NO_HEDGE
    continue_broken: Annotated[
        bool, kinds.YES_NO, "Have another model go on with an answer that breaks in the middle."
    ] = False


class Webhooks(msgspec.Struct, frozen=True, kw_only=True):
    """How others are told that runs are over."""

    allow: Annotated[
        tuple[Network, ...], kinds.NETWORKS, "Networks, beside the public internet, that messages may be sent to."
    ] = ()
    secret: Annotated[
        Secret | None,
        kinds.SIGNING_SECRET,
        "What messages are signed with; without it every key's runs have a secret of their own.",
    ] = None
    previous_secret: Annotated[
        Secret | None,
        kinds.SIGNING_SECRET,
        "The secret before, while receivers change over: messages are signed with both.",
    ] = None
    timeout: Annotated[float, kinds.duration(0.001), "How long a receiver may take to answer."] = 15.0


class EndpointSection(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as it is written in the file."""

    url: Annotated[str, kinds.TEXT, "Where messages go."] = ""
    events: Annotated[frozenset[str], kinds.some_of(*EVENTS), "What it is told of; by default the first three."] = (
        frozenset(RUN_EVENTS)
    )
    secret: Annotated[Secret | None, kinds.SIGNING_SECRET, "Its own secret, in place of the one for all."] = None
    secret_env: Annotated[str | None, kinds.TEXT, "The environment variable that holds it."] = None


class PersonalitySection(msgspec.Struct, frozen=True, kw_only=True):
    """A personality as it is written in the file."""

    prompt: Annotated[str, kinds.TEXT, "What the model is told before the conversation."] = ""
    models: Annotated[
        tuple[str, ...], kinds.TEXTS, "The models that play it when a request names none; by default `default`."
    ] = ()
    blocked_models: Annotated[tuple[str, ...], kinds.TEXTS, "The models that must not play it."] = ()
    defaults: Annotated[
        Mapping[str, Any], kinds.TABLE, "Fields of a chat request, for requests that do not say otherwise."
    ] = {}
    owner: Annotated[str, kinds.TEXT, "Who made it."] = "headgate"
    nsfw: Annotated[bool, kinds.YES_NO, "Whether clients should warn of it."] = False


class ProviderSection(msgspec.Struct, frozen=True, kw_only=True):
    """A provider as it is written in the file; None and empty mean: as the service has it."""

    kind: Annotated[
        str | None,
        kinds.TEXT,
        "Which well-known service it is, `openai` for any compatible one, or `simulator`; by default NAME.",
    ] = None
    base_url: Annotated[str | None, kinds.TEXT, "The address up to `/chat/completions`, which is left out."] = None
    api_key: Annotated[Secret | None, kinds.SECRET, "The key."] = None
    api_key_env: Annotated[str | None, kinds.TEXT, "The environment variable that holds the key."] = None
    api_keys: Annotated[
        tuple[Secret, ...], kinds.SECRETS, "Several keys, in place of one: each request takes one of them."
    ] = ()
    api_keys_env: Annotated[tuple[str, ...], kinds.TEXTS, "The environment variables that hold several keys."] = ()
    key_weights: Annotated[
        tuple[float, ...], kinds.WEIGHTS, "How much each of several keys is used; all the same by default."
    ] = ()
    region: Annotated[str | None, kinds.WORD, "The region of Amazon's cloud, for Bedrock."] = None
    api_version: Annotated[
        str | None, kinds.WORD, "The version of Azure's API: a date, for addresses by deployment; or `preview`."
    ] = None
    models: Annotated[tuple[str, ...], kinds.TEXTS, "The models it has, for a service that cannot list them."] = ()
    default_model: Annotated[
        str | None, kinds.TEXT, "The model that `default` means when this is the first provider."
    ] = None
    headers: Annotated[Mapping[str, Secret], kinds.HEADERS, "More headers for every request."] = {}
    endpoints: Annotated[
        frozenset[Endpoint] | None,
        kinds.some_of("chat", "completions", "responses", "embeddings", "speech", "transcriptions"),
        "The endpoints it has, where Headgate does not know or knows it wrong.",
    ] = None
    connect_timeout: Annotated[float, kinds.duration(0.001), "How long connecting may take."] = 5.0
    first_event_timeout: Annotated[float, kinds.duration(0.001), "How long the first piece of an answer may take."] = (
        30.0
    )
    whole_timeout: Annotated[float, kinds.duration(0.001), "The same for an answer that is asked for in one piece."] = (
        600.0
    )
    idle_timeout: Annotated[float, kinds.duration(0.001), "How long an answer may pause; keep-alives do not count."] = (
        60.0
    )
    retries: Annotated[
        int, kinds.whole(0, 10), "How often a request that failed before its first words is sent again."
    ] = 0
    max_concurrent: Annotated[
        int | None, kinds.or_none(kinds.whole(1, 1_000_000)), "How many requests may be at it at a time."
    ] = None
    max_queued: Annotated[
        int, kinds.whole(0, 1_000_000), "How many requests may wait for their turn; more are refused with 429."
    ] = 100
    total_timeout: Annotated[
        float | None, kinds.or_none(kinds.duration(0.001)), "How long a whole answer may take."
    ] = None


class Setting(NamedTuple):
    """What is known about one setting."""

    section: str
    name: str
    kind: kinds.Kind[Any]
    default: Any
    variable: str
    """Its environment variable, or "" where it has none."""
    description: str

    @property
    def shown_default(self) -> str:
        """The default as one would write it in the file; "" where there is none to write."""
        if self.default is None and not self.kind.words.startswith('"none"'):
            return ""
        is_nothing = self.default in ((), {}, "") or isinstance(self.default, frozenset)
        return "" if is_nothing else self.kind.show(self.default)


def settings_of(section: str, shape: type[msgspec.Struct]) -> tuple[Setting, ...]:
    """The settings of a section, in the order they were declared."""
    hints = get_type_hints(shape, include_extras=True)
    found = []
    for field in msgspec.structs.fields(shape):
        hint = hints[field.name]
        assert get_origin(hint) is Annotated, f"{section}.{field.name} says neither its kind nor what it is for"
        _, kind, description = get_args(hint)
        default = field.default if field.default is not msgspec.NODEFAULT else {}
        variable = f"HEADGATE_{section}_{field.name}".upper().replace(".", "_")
        variable = "" if section.endswith(".NAME") else variable
        found.append(Setting(section, field.name, kind, default, variable, description))
    return tuple(found)


SERVER_SETTINGS = settings_of("server", Server)
STORE_SETTINGS = settings_of("store", Store)
ROUTING_SETTINGS = settings_of("routing", Routing)
WEBHOOKS_SETTINGS = settings_of("webhooks", Webhooks)
DATABASE_SETTINGS = settings_of("database", Database)
TODOS_SETTINGS = settings_of("todos", Todos)
VOICES_SETTINGS = settings_of("voices", Voices)
FUNCTIONS_SETTINGS = settings_of("functions", Functions)
PYTHON_SETTINGS = settings_of(PYTHON_SECTION, Python)
HTTP_SETTINGS = settings_of(HTTP_SECTION, HttpSection)
MCP_SETTINGS = settings_of(MCP_SECTION, McpSection)
CHANNELS_SETTINGS = settings_of("channels", Channels)
STREAMS_SETTINGS = settings_of("streams", Streams)
MERCURE_SETTINGS = settings_of("mercure", Mercure)
METRICS_SETTINGS = settings_of("metrics", Metrics)
LOG_SETTINGS = settings_of("log", Log)
OTEL_SETTINGS = settings_of("otel", Otel)
ENDPOINT_SETTINGS = settings_of(ENDPOINT_SECTION, EndpointSection)
PERSONALITY_SETTINGS = settings_of(PERSONALITY_SECTION, PersonalitySection)
PROVIDER_SETTINGS = settings_of(PROVIDER_SECTION, ProviderSection)

SINGLE_SETTINGS = (
    SERVER_SETTINGS
    + STORE_SETTINGS
    + ROUTING_SETTINGS
    + WEBHOOKS_SETTINGS
    + DATABASE_SETTINGS
    + TODOS_SETTINGS
    + VOICES_SETTINGS
    + FUNCTIONS_SETTINGS
    + PYTHON_SETTINGS
    + CHANNELS_SETTINGS
    + STREAMS_SETTINGS
    + MERCURE_SETTINGS
    + METRICS_SETTINGS
    + LOG_SETTINGS
    + OTEL_SETTINGS
)
"""Those of the sections that there is one of; each has a variable, too."""

NAMED_SETTINGS = ENDPOINT_SETTINGS + PERSONALITY_SETTINGS + PROVIDER_SETTINGS + HTTP_SETTINGS + MCP_SETTINGS

SETTINGS = SINGLE_SETTINGS + NAMED_SETTINGS
"""Every setting that has a section, a name and a kind; aliases and keys have names of the user's own."""
