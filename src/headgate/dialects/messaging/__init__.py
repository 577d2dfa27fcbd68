"""
BetterForms' messaging: pages on channels, and servers that speak to them.

A page opens one connection (a WebSocket, or a stream of events) and is on as many channels as it likes. Servers send
messages to channels, say who belongs to those that are not for everybody, and see who is there.
"""

from headgate.channels import Hub
from headgate.dialects import feathers
from headgate.dialects.docs import messaging as docs
from headgate.dialects.docs import messaging_live as live_docs
from headgate.dialects.messaging.posting import Posting, Work
from headgate.dialects.messaging.reach import Reach
from headgate.dialects.messaging.sockets import Sockets
from headgate.dialects.messaging.streams import Streams
from headgate.dialects.messaging.switchboard import Limits, Switchboard
from headgate.dialects.messaging.tokens import Tokens
from headgate.dialects.messaging.visitors import Anonymous, Authority
from headgate.dialects.openai import Bounds
from headgate.keys import Keys
from headgate.store.base import Store
from headgate.web.doc import Doc
from headgate.web.routes import Route
from headgate.web.socket import SocketRoute

__all__ = ["Anonymous", "Limits", "Reach", "Switchboard", "routes", "switchboard_of"]

PATH = "/message"


def switchboard_of(
    hub: Hub, keys: Keys, store: Store, reach: Reach, limits: Limits, anonymous: Anonymous
) -> Switchboard:
    """The switchboard over a hub."""
    tokens = Tokens(lambda: store.secret, keys.marks)
    return Switchboard(hub, Authority(keys, reach, tokens, hub.members, anonymous), limits)


def routes(switchboard: Switchboard, bounds: Bounds) -> list[Route | SocketRoute]:
    """The routes of this dialect."""
    posting, streams, sockets = Posting(switchboard, bounds), Streams(switchboard), Sockets(switchboard)

    def post(name: str, work: Work, doc: Doc) -> Route:
        handler = posting.handler(work)
        return Route(method="POST", path=f"{PATH}/{name}", handler=handler, error=feathers.error_body, doc=doc)

    return [
        SocketRoute(path=f"{PATH}/socket", handler=sockets.serve, error=feathers.error_body, doc=live_docs.SOCKET),
        Route(
            method="GET",
            path=f"{PATH}/stream",
            handler=streams.listen,
            error=feathers.error_body,
            doc=live_docs.STREAM,
        ),
        post("sendmessage", posting.send, docs.SEND),
        post("adduser", posting.add_users, docs.ADD),
        post("removeuser", posting.remove_users, docs.REMOVE),
        post("channels", posting.channels, docs.CHANNELS),
        post("users", posting.users, docs.USERS),
        post("allusers", posting.all_users, docs.ALL_USERS),
        post("tokens", posting.token, docs.TOKEN),
    ]
