"""
OpenAI's Responses, from every provider: made, also in the background, found again, gone on from.

A response is a run under another name. Its stream is the run's log, so it can be had again from any event
on, also when the server was started anew meanwhile, and is the same to the byte.
"""

from headgate.dialects.docs import responses as docs
from headgate.dialects.docs import responses_kept as kept_docs
from headgate.dialects.docs import responses_socket as socket_docs
from headgate.dialects.openai import Bounds
from headgate.dialects.responses.asking import Asking
from headgate.dialects.responses.face import RESPONSES
from headgate.dialects.responses.kept import Kept
from headgate.dialects.responses.standing import Standing
from headgate.dialects.responses.streams import Streams
from headgate.dialects.responses.talks import Talks
from headgate.formats import openai
from headgate.keys import Keys
from headgate.runs import Engine
from headgate.web.doc import Doc
from headgate.web.routes import Handler, Route
from headgate.web.socket import SocketRoute

__all__ = ["RESPONSES", "routes"]

PATH = "/v1/responses"


def routes(engine: Engine, keys: Keys, bounds: Bounds) -> list[Route | SocketRoute]:
    """The routes of this dialect."""
    streams, standing = Streams(engine), Standing()
    asking = Asking(engine, keys, bounds, streams, standing)
    kept = Kept(engine, keys, streams, standing)
    talks = Talks(engine, keys, asking, bounds)

    def route(method: str, path: str, handler: Handler, doc: Doc) -> Route:
        return Route(method=method, path=PATH + path, handler=handler, error=openai.error_body, doc=doc)

    return [
        route("POST", "", asking.ask, docs.DOC),
        SocketRoute(path=PATH, handler=talks.serve, error=openai.error_body, doc=socket_docs.TALK),
        route("GET", "/{id}", kept.show, kept_docs.SHOW),
        route("DELETE", "/{id}", kept.delete, kept_docs.DELETE),
        route("POST", "/{id}/cancel", kept.cancel, kept_docs.CANCEL),
        route("GET", "/{id}/input_items", kept.input_items, kept_docs.INPUT_ITEMS),
    ]
