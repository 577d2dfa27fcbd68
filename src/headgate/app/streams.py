"""Streams, and what is configured of them."""

from headgate.config import Config
from headgate.dialects.streams import own
from headgate.dialects.streams.answering import Patience
from headgate.keys import Keys
from headgate.runs import Engine
from headgate.streams import Bounds, Library
from headgate.web.address import PublicAddress
from headgate.web.routes import Route


def library_of(config: Config, engine: Engine) -> Library:
    """All streams; they are kept with the engine's runs."""
    streams = config.streams
    bounds = Bounds(streams=streams.max_streams, size=streams.max_size, producers=streams.max_producers)
    library = Library(engine.store, engine.commits, bounds, trouble=lambda: engine.trouble)
    engine.before_close(library.close)
    return library


def patience_of(config: Config) -> Patience:
    """How long readers of streams may wait."""
    return Patience(config.streams.long_poll, config.streams.sse_lifetime, config.server.keep_alive)


def routes_of(config: Config, library: Library, keys: Keys, address: PublicAddress) -> list[Route]:
    """The routes of the streams that clients make."""
    streams = own.OwnStreams(
        library,
        keys,
        address,
        patience_of(config),
        max_append=config.streams.max_append,
        body_timeout=config.server.body_timeout,
    )
    return own.routes(streams)
