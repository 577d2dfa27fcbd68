"""GraphQL at /graphql, over the lists of todos: on HTTP, on WebSockets, and as a page to try it."""

import msgspec

from headgate.dialects.docs import graphql as docs
from headgate.dialects.graphql.access import Access
from headgate.dialects.graphql.endpoint import Endpoint
from headgate.dialects.graphql.graph import Graph
from headgate.dialects.graphql.sockets import Sockets
from headgate.dialects.openai import Bounds
from headgate.errors import HeadgateError
from headgate.keys import Keys
from headgate.todos import Lists
from headgate.web.routes import Route
from headgate.web.socket import SocketRoute

__all__ = ["error_body", "routes"]

PATH = "/graphql"


def error_body(error: HeadgateError) -> bytes:
    """An error of a request that came to no operation."""
    return msgspec.json.encode({"errors": [{"message": error.message, "extensions": {"code": error.code}}]})


def routes(lists: Lists, keys: Keys, bounds: Bounds) -> list[Route | SocketRoute]:
    """The routes of this dialect."""
    graph, access = Graph(lists), Access(keys, lists)
    endpoint, sockets = Endpoint(graph, access, bounds), Sockets(graph, access)
    return [
        Route(method="GET", path=PATH, handler=endpoint.look, error=error_body, doc=docs.LOOK),
        Route(method="POST", path=PATH, handler=endpoint.ask, error=error_body, doc=docs.ASK),
        SocketRoute(path=PATH, handler=sockets.serve, error=error_body, doc=docs.LOOK),
    ]
