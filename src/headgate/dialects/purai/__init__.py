"""
PurAI's API: OpenAI's chat, answered by whoever can.

A request says which model it would like, who is to be asked first, and whether another model may answer; the answer
says who made it, whether another model did, and who failed before.
"""

from collections.abc import Mapping, Sequence

from headgate.dialects.docs import purai as docs
from headgate.dialects.openai import Bounds
from headgate.dialects.purai.asking import Asking
from headgate.dialects.purai.errors import error_body
from headgate.dialects.purai.lists import Lists
from headgate.dialects.purai.planning import COMPANY, THIRD_PARTY, Planner
from headgate.formats.purai import Personality
from headgate.keys import Keys
from headgate.runs import Engine
from headgate.web.doc import Doc
from headgate.web.routes import Handler, Route

__all__ = ["routes"]


def routes(
    engine: Engine, keys: Keys, bounds: Bounds, personalities: Mapping[str, Personality], stand_ins: Sequence[str]
) -> list[Route]:
    """The routes of this dialect; `stand_ins` are the models that providers are known by, as provider/model."""
    asking = Asking(engine, keys, bounds, Planner(engine.catalogue, stand_ins), personalities)
    lists = Lists(engine, keys, personalities)

    def route(method: str, path: str, handler: Handler, doc: Doc) -> Route:
        return Route(method=method, path=path, handler=handler, error=error_body, doc=doc)

    return [
        route("POST", COMPANY.path, asking.ask(COMPANY), docs.CHAT),
        route("POST", THIRD_PARTY.path, asking.ask(THIRD_PARTY), docs.THIRD_PARTY),
        route("GET", "/openai/models", lists.models(COMPANY), docs.MODELS),
        route("GET", "/third-party/models", lists.models(THIRD_PARTY), docs.THIRD_PARTY_MODELS),
        route("GET", "/purgpt/personalities", lists.personalities, docs.PERSONALITIES),
    ]
