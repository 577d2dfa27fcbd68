"""What there is to ask for: models and personalities."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from headgate.dialects.purai.planning import COMPANY, OFFICIAL, THIRD_PARTY, Scope
from headgate.formats.purai import Personality
from headgate.keys import Keys
from headgate.runs import Engine
from headgate.web.http import Request
from headgate.web.routes import Handler

NO_LIMIT = 2**53 - 1
"""The largest number that every client's language can count to: nothing is limited by days."""

_TIERS = ("tier1", "tier2", "tier3", "tier4")


class Lists:
    """The endpoints, over one engine."""

    def __init__(self, engine: Engine, keys: Keys, personalities: Mapping[str, Personality]) -> None:
        self._engine, self._keys, self._personalities = engine, keys, personalities

    def models(self, scope: Scope) -> Handler:
        """The handler that lists the models of an endpoint, each once, whoever has it."""

        async def handle(request: Request) -> None:
            self._keys.owner(request.headers)
            having: dict[str, list[str]] = {}
            for name, provider in await self._engine.catalogue.answering():
                if scope.is_official or provider != OFFICIAL:
                    having.setdefault(self._own_name(name), []).append(provider)
            models = [model_object(name, tuple(dict.fromkeys(providers))) for name, providers in having.items()]
            request.answer(200, msgspec.json.encode(models))

        return handle

    async def personalities(self, request: Request) -> None:
        """All of them; their prompts are nobody's business."""
        self._keys.owner(request.headers)
        said = [personality_object(personality) for personality in self._personalities.values()]
        request.answer(200, msgspec.json.encode(said))

    def _own_name(self, name: str) -> str:
        """A model as its providers name it, whoever they are; an alias as it is."""
        return name if name in self._engine.catalogue.aliases else name.partition("/")[2]


def model_object(name: str, providers: Sequence[str]) -> dict[str, Any]:
    """A model, under both names that clients know for its name."""
    scopes = (COMPANY, THIRD_PARTY) if any(one != OFFICIAL for one in providers) else (COMPANY,)
    return {
        "id": name,
        "model": name,
        "owner": OFFICIAL if OFFICIAL in providers else providers[0],
        "endpoints": [scope.path for scope in scopes],
        "maxTokens": None,
        "freeLimitPerDay": NO_LIMIT,
        "donatorLimitsPerDay": dict.fromkeys(_TIERS, NO_LIMIT),
        "available": True,
        "providers": providers,
    }


def personality_object(personality: Personality) -> dict[str, Any]:
    """A personality, without its prompt."""
    config = dict(personality.defaults)
    if personality.models:
        config = {"model": personality.models[0], **config}
    return {
        "id": personality.name,
        "owner": personality.owner,
        "defaultConfig": config,
        "blockedModels": sorted(personality.blocked),
        "donatorOnly": False,
        "nsfw": personality.is_nsfw,
    }
