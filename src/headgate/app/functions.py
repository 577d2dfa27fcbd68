"""The functions that the server executes, from what is configured."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager

from headgate.app.todos import lists_of
from headgate.config import Config
from headgate.config.services import HttpConfig
from headgate.metrics import Meters
from headgate.net import Client
from headgate.todos import functions as todo_functions
from headgate.tools import Function, Source, Toolbox
from headgate.tools.http import HttpFunction, Request


@asynccontextmanager
async def open_toolbox(config: Config) -> AsyncIterator[Toolbox]:
    """All that a server of that configuration would have, without the server; waits until everything has come."""
    client, lists = Client(proxies=config.proxies), lists_of(config)
    toolbox = toolbox_of(config, client, Meters(), todo_functions(lists))
    toolbox.open()
    try:
        await toolbox.prepare(None)
        yield toolbox
    finally:
        await toolbox.close()
        await lists.database.close()
        await client.close()


def toolbox_of(config: Config, client: Client, meters: Meters, built_in: Iterable[Function]) -> Toolbox:
    """All of them; raises CannotLoad where those in Python cannot be. Must be called inside the event loop."""
    functions = [*built_in, *_python(config), *_http(config, client)]
    return Toolbox(
        functions,
        config.functions.limits,
        sources=list(_servers(config)),
        allowed={key.name: key.functions for key in config.keys if key.functions is not None},
        secrets=_secrets(config),
        meters=meters,
    )


def _python(config: Config) -> Iterable[Function]:
    python = config.functions.python
    if not python.is_used:
        return ()
    from headgate.tools.python import Threads, load_functions

    return load_functions(python.modules, python.entry_points, config.functions.folders, Threads(python.threads))


def _http(config: Config, client: Client) -> Iterator[Function]:
    # A request on a connection that was kept may have to be sent again: not all of them must be.
    once = Client(proxies=config.proxies, max_idle=0)
    for service in config.functions.services:
        yield HttpFunction(
            service.name,
            service.description,
            service.schema,
            _request(service),
            client,
            once,
            timeout=service.timeout,
            max_parallel=service.max_parallel,
            is_repeatable=service.repeatable,
        )


def _request(service: HttpConfig) -> Request:
    return Request(
        url=service.url,
        method=service.method,
        headers={name: secret.reveal() for name, secret in service.headers.items()},
        body=service.body,
        idempotency_header=service.idempotency_header,
        max_answer=service.max_answer,
    )


def _servers(config: Config) -> Iterator[Source]:
    if not config.functions.servers:
        return
    # Its packages are an extra, and take a while to load.
    from headgate.tools.mcp import McpServer, Settings

    for server in config.functions.servers:
        yield McpServer(
            Settings(
                name=server.name,
                command=(server.command, *(arg.reveal() for arg in server.args)) if server.command else (),
                env={name: secret.reveal() for name, secret in server.env.items()},
                folder=server.folder,
                url=server.url,
                headers={name: secret.reveal() for name, secret in server.headers.items()},
                proxies=config.proxies,
                prefix=server.prefix,
                tools=server.tools,
                repeatable=server.repeatable,
                is_lazy=server.is_lazy,
                start_timeout=server.start_timeout,
                timeout=server.timeout,
                max_parallel=server.max_parallel,
            )
        )


def _secrets(config: Config) -> Iterator[str]:
    """Whatever we know that a model must not be told."""
    for secret in (*config.functions.secrets, *(key.secret for key in config.keys)):
        yield secret.reveal()
    for provider in config.providers:
        for key in (provider.key, *provider.more_keys, *provider.headers.values()):
            if key is not None:
                yield key.reveal()
