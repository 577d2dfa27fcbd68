"""
Answers that are taken off the hands of their clients.

A request is answered at once with addresses, where the answer can be watched, read along and stopped
by whoever has them, while it is made. What a conversation came to is a place to go on from.
"""

from headgate.dialects.docs import offload as docs
from headgate.dialects.offload.addresses import Addresses
from headgate.dialects.offload.announcing import announce
from headgate.dialects.offload.asking import HOOK, Asking
from headgate.dialects.offload.errors import error_body
from headgate.dialects.offload.found import Answers
from headgate.dialects.openai import Bounds
from headgate.keys import Keys
from headgate.runs import Engine
from headgate.web.address import PublicAddress
from headgate.web.doc import Doc
from headgate.web.routes import Handler, Route

__all__ = ["HOOK", "announce", "routes"]

STREAM, ASYNC = "/v1/stream-chatgpt", "/v1/async-chatgpt"

STEM = "/{node}/r/{access}/{when:path}/{file}"


def routes(engine: Engine, keys: Keys, bounds: Bounds, address: PublicAddress) -> list[Route]:
    """The routes of this dialect."""
    answers = Answers(engine)
    asking = Asking(engine, keys, bounds, address, answers)
    addresses = Addresses(engine, address, answers)

    def route(method: str, path: str, handler: Handler, doc: Doc) -> Route:
        return Route(method=method, path=path, handler=handler, error=error_body, doc=doc)

    return [
        route("POST", STREAM, asking.ask(STREAM, streams=True), docs.STREAM),
        route("POST", ASYNC, asking.ask(ASYNC, streams=False), docs.ASYNC),
        route("GET", STEM + ".json", addresses.status, docs.STATUS),
        route("GET", STEM + ".txt", addresses.events, docs.EVENTS),
        route("GET", STEM + ".raw", addresses.raw, docs.RAW),
        route("GET", STEM + "/stop", addresses.stop, docs.STOP_BY_GET),
        route("POST", STEM + "/stop", addresses.stop, docs.STOP),
    ]
