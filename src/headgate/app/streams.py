"""Streams, and what is configured of them."""

from collections.abc import Sequence
from functools import partial

from headgate.config import Config
from headgate.dialects import openai
from headgate.dialects.streams import own, subscriptions
from headgate.dialects.streams.answering import Patience
from headgate.errors import BadRequest
from headgate.keys import Keys
from headgate.net import Client, Guard
from headgate.runs import Engine
from headgate.store.base import Hook
from headgate.streams import Bounds, Library
from headgate.streams.waking import Desk, Limits, Signer
from headgate.streams.waking.calling import Answered
from headgate.streams.waking.errors import UrlRejected
from headgate.streams.waking.tokens import Tokens
from headgate.web.address import PublicAddress
from headgate.web.routes import Route
from headgate.webhooks import Poster, check_hook


def library_of(config: Config, engine: Engine) -> Library:
    """All streams; they are kept with the engine's runs."""
    streams = config.streams
    bounds = Bounds(streams=streams.max_streams, size=streams.max_size, producers=streams.max_producers)
    library = Library(engine.store, engine.commits, bounds, trouble=lambda: engine.trouble)
    library.keep_alive = config.server.keep_alive
    engine.before_close(library.close)
    return library


def desk_of(config: Config, engine: Engine, library: Library, keys: Keys, guard: Guard) -> Desk:
    """All subscriptions; whom they call is not the server's own network, unless that is allowed."""
    poster = Poster(Client(guard=guard), config.webhooks.timeout)

    async def post(url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Answered:
        outcome, said = await poster.ask(url, headers, body)
        return Answered(outcome.is_success, outcome.error, said)

    def secret() -> bytes:
        return engine.store.secret

    limits = Limits(subscriptions=config.streams.max_subscriptions, links=config.streams.max_links)
    desk = Desk(library, Signer(secret), Tokens(secret, keys.owners), post, limits)
    engine.before_close(desk.close)
    engine.before_close(poster.close)
    return desk


def check_url(config: Config, guard: Guard, url: str) -> None:
    """Raise UrlRejected for an address that nobody is called at."""
    try:
        check_hook(guard, Hook(url, ""))
    except BadRequest as refused:
        raise UrlRejected(refused.message, param="webhook.url") from None
    if not url.lower().startswith("https://") and not config.webhooks.allow:
        raise UrlRejected(
            "The webhook cannot be used: its address must begin with https://. Plain http is for networks of your own, "
            "which [webhooks] allow lets through.",
            param="webhook.url",
        )


def patience_of(config: Config) -> Patience:
    """How long readers of streams may wait."""
    return Patience(config.streams.long_poll, config.streams.sse_lifetime, config.server.keep_alive)


def routes_of(config: Config, library: Library, desk: Desk, keys: Keys, address: PublicAddress) -> list[Route]:
    """The routes of the streams that clients make, and of subscriptions to them."""
    bounds = openai.Bounds(config.streams.max_append, config.server.body_timeout)
    check = partial(check_url, config, Guard(config.webhooks.allow))
    subscribed = subscriptions.Subscriptions(desk, keys, bounds, address, check)
    streams = own.OwnStreams(
        library,
        keys,
        address,
        patience_of(config),
        max_append=config.streams.max_append,
        body_timeout=config.server.body_timeout,
    )
    return [*subscriptions.routes(subscribed), *own.routes(streams)]
