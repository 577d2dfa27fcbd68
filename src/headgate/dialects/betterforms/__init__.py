"""
BetterForms' streaming: an answer that appears, word by word, to everybody who listens on channels.

`POST /stream/create` is the API of its first document, `POST /llm/query` the richer one beside it, and
`POST /llm/query/stop` ends an answer of either. What is said on channels is heard at /message (`messaging`).
"""

from headgate.channels import Hub
from headgate.dialects import feathers
from headgate.dialects.betterforms.asking import Asking
from headgate.dialects.betterforms.querying import Querying, error_body
from headgate.dialects.betterforms.recovering import recover
from headgate.dialects.docs import betterforms as docs
from headgate.dialects.messaging.visitors import Authority
from headgate.dialects.openai import Bounds
from headgate.keys import Keys
from headgate.runs import Engine
from headgate.web.routes import Route

__all__ = ["recover", "routes"]


def routes(engine: Engine, keys: Keys, bounds: Bounds, hub: Hub, authority: Authority) -> list[Route]:
    """The routes of this dialect."""
    asking = Asking(engine, keys, bounds, hub, authority)
    querying = Querying(asking)
    return [
        Route(
            method="POST",
            path="/stream/create",
            handler=asking.create,
            error=feathers.error_body,
            doc=docs.CREATE,
        ),
        Route(method="POST", path="/llm/query", handler=querying.query, error=error_body, doc=docs.QUERY),
        Route(method="POST", path="/llm/query/stop", handler=querying.stop, error=error_body, doc=docs.STOP),
    ]
