"""Runs what was built, from its first moment to the last."""

import asyncio
import gc
import logging
from collections.abc import Callable
from functools import partial

import uvloop

from headgate.app.building import build
from headgate.calls import Call
from headgate.config import Config
from headgate.dialects import anthropic as anthropic_dialect
from headgate.dialects import betterforms as betterforms_dialect
from headgate.dialects import voices as voices_dialect
from headgate.errors import BadRequest
from headgate.formats import (
    anthropic,
    gemini,
    openai_chat,
    openai_completions,
    openai_responses,
    openai_speech,
    openai_transcription,
)
from headgate.net import Client
from headgate.runs import Run
from headgate.store.base import Record
from headgate.web.descriptors import take_all, warn_of_few
from headgate.web.server import Bounds, Parts, Server, listen
from headgate.web.uploads import Uploads


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
    await parts.engine.open(partial(replay, parts.uploads), partial(_on_left, parts))
    parts.uploads.sweep()
    parts.webhooks.open()
    await parts.hub.open()
    parts.streams.open()
    await parts.subscriptions.open()
    await parts.database.open()
    # What lives from here to the end of the process need not be looked at again by the collector.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    warn_of_few(descriptors, config.server.max_connections)
    bounds = Bounds(
        config.server.max_connections, config.server.shutdown_grace, config.server.max_body, descriptors.clients
    )
    await Server(parts, bounds, sock, on_ready).run_until_told()
    # Not before: what runs at its end asks for may be a function that needs it.
    await parts.database.close()
    for report in parts.reports:
        await report.close()
    await client.close()


def _on_left(parts: Parts, run: Run) -> None:
    betterforms_dialect.recover(parts.hub, run)
    voices_dialect.recover(parts.uploads, run)
    voices_dialect.attach(parts.hub, run)


def replay(uploads: Uploads, record: Record) -> Call | None:
    """The call of a kept request, to be asked again; None when it cannot be."""
    reader = _READERS.get(record.head.format)
    try:
        if record.head.format == openai_transcription.NAME:
            return voices_dialect.again(uploads, record.head)
        return None if reader is None else anthropic_dialect.remembered(reader(record.head.request), record.head.note)
    except BadRequest:
        return None


_READERS = {
    openai_chat.NAME: openai_chat.read,
    openai_completions.NAME: openai_completions.read,
    openai_responses.NAME: openai_responses.read,
    openai_speech.NAME: openai_speech.read,
    anthropic.NAME: anthropic.read,
    gemini.NAME: gemini.read,
}
