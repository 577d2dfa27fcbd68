"""A configuration in a few lines, for `check` and for the greeting of `serve`; never with a secret."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from headgate.config import Config, EndpointConfig, FunctionsConfig, ProviderConfig
from headgate.providers.aws import EXTRA, has_library


def facts(config: Config) -> Iterator[tuple[str, str]]:
    """What there is, as (label, sentence); a label that repeats is "" the second time."""
    for number, provider in enumerate(config.providers):
        yield "" if number else "providers", _provider(provider)
    default = config.aliases.get("default")
    yield "default", _no_default(config) if default is None else str(default)
    yield "store", _store(config)
    for number, endpoint in enumerate(config.endpoints):
        yield "" if number else "webhooks", _endpoint(endpoint)
    yield "keys", _keys(config)
    yield from _beside(config)


def key_state(provider: ProviderConfig) -> str:
    """Where the provider's key comes from, or why it has none."""
    if provider.more_keys:
        return f"{len(provider.more_keys) + 1} keys"
    if provider.is_signed:
        return "signed with AWS credentials" if has_library() else f"no key, and to sign requests it needs {EXTRA}"
    if provider.key is not None:
        return f"key from {provider.key_variable}" if provider.key_variable else "key from the file"
    if provider.key_variable:
        return f"no key: {provider.key_variable} is not set"
    return "without a key"


def _provider(provider: ProviderConfig) -> str:
    if provider.is_simulator:
        return f"{provider.name}, which makes its answers up"
    model = f", default model {provider.default_model}" if provider.default_model else ""
    if provider.by_deployment:
        model = f", by deployment, API of {provider.api_version}{model}"
    return f"{provider.name} at {provider.base_url}, {key_state(provider)}{model}"


def _endpoint(endpoint: EndpointConfig) -> str:
    # Not the whole URL: its path may be a secret.
    return f"{endpoint.name} at {urlsplit(endpoint.url).netloc}, told of {', '.join(sorted(endpoint.events))}"


def _no_default(config: Config) -> str:
    name = config.providers[0].name
    return f"none, as no provider has a default model; set `default_model` under [providers.{name}]"


def _store(config: Config) -> str:
    if config.store.in_memory:
        return "in memory: every run is forgotten at the end"
    return f"{config.store.path}, each run for {_duration(config.store.retention)}"


def _keys(config: Config) -> str:
    if not config.keys:
        return "none: everyone who can reach the server may use it"
    return f"{len(config.keys)}: {', '.join(key.name for key in config.keys)}"


def _beside(config: Config) -> Iterator[tuple[str, str]]:
    """What is off until it is asked for."""
    if config.log.access != "off":
        yield "log", f"a line for every request to {config.log.access}"
    if config.sends_traces:
        yield "traces", f"to {config.otel.endpoint or 'where the variables of OpenTelemetry say'}"
    yield from _functions(config.functions)
    if config.mercure.keys:
        yield "mercure", "a hub at /.well-known/mercure"


def _functions(functions: FunctionsConfig) -> Iterator[tuple[str, str]]:
    """Where those come from that are executed for models; never the arguments of a command, or a whole URL."""
    python = functions.python
    found = [f"in Python: {', '.join((*python.modules, *python.entry_points))}"] if python.is_used else []
    found += [f"{each.name}: {each.method} at {_host(each.url)}" for each in functions.services]
    for server in functions.servers:
        where = f"at {_host(server.url)}" if server.url else f"by {server.command}"
        found.append(f"of the MCP server {server.name}, {where}{', when asked' if server.is_lazy else ''}")
    for number, sentence in enumerate(found):
        yield "" if number else "functions", sentence


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} seconds"
