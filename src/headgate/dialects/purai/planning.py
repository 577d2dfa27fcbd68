"""
Who is asked, in which order.

The model that is wanted is asked for at everybody who has it: the providers that its name means, then those that list
it under that name, the primary one before all. After them come, unless the model is forced, those that stand in for it:
the request's own `fallbacks`, the alias `default`, and the model that each provider is known by.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress

import msgspec

from headgate.dialects.drop_in import HOME
from headgate.dialects.purai import errors
from headgate.errors import BadRequest, NotFound
from headgate.formats.purai import Asked, Personality, Plan
from headgate.runs import Catalogue, Target

OFFICIAL = HOME
"""The provider that third parties are the others of."""

DEFAULT = "default"
"""The alias for whoever has no wish."""

MAX_ASKED = 11
"""As many as any request may have: one model, and ten to fall back on."""


class Scope(msgspec.Struct, frozen=True):
    """An endpoint's say in who may be asked."""

    path: str
    is_official: bool
    """Whether the official provider is among them."""


COMPANY = Scope("/openai/chat/completions", True)
THIRD_PARTY = Scope("/third-party/chat/completions", False)


class Planner:
    """Plans, over one catalogue."""

    def __init__(self, catalogue: Catalogue, stand_ins: Sequence[str]) -> None:
        self._catalogue = catalogue
        self._stand_ins = stand_ins
        """The model that each provider is known by, as provider/model."""

    async def plan(self, asked: Asked, personality: Personality | None, scope: Scope) -> Plan:
        """Whom to ask; raises BadRequest, NotFound or Unavailable when there is nobody."""
        primary = self._primary(asked, scope)
        blocked = self._blocked(personality)
        having = await self._wanted(asked, personality, primary, scope)
        suited = [target for target in having if not _is_any(target, blocked)]
        if asked.model is not None and (asked.model in blocked or (having and not suited)):
            raise errors.blocked(asked)
        wanted = _within(suited, scope)
        others = list[Target]()
        if asked.force == "true":
            self._check_forced(asked, suited, wanted, scope)
        else:
            others = _within([one for one in await self._others(asked) if not _is_any(one, blocked)], scope)
        route = [*_primary_first(wanted, primary), *_primary_first(others, primary)]
        if asked.force == "false":
            route = self._by_provider(route, primary, scope)
        if not route:
            raise errors.nobody(scope.path)
        names = tuple(dict.fromkeys(map(_name, route)))[:MAX_ASKED]
        return Plan(names, frozenset(map(_name, wanted)), asked.is_raw)

    def _blocked(self, personality: Personality | None) -> frozenset[str]:
        """The models that must not play it, by all their names."""
        blocked = frozenset[str]() if personality is None else personality.blocked
        meant = [self._catalogue.aliases[name] for name in blocked if name in self._catalogue.aliases]
        return blocked.union(*((one,) if isinstance(one, str) else one.names for one in meant))

    def _primary(self, asked: Asked, scope: Scope) -> str | None:
        """The provider to ask before all others; its name may be written in any case."""
        if asked.primary is None:
            return None
        known = [name for name in self._catalogue.providers if scope.is_official or name != OFFICIAL]
        found = next((name for name in known if name.lower() == asked.primary.lower()), None)
        if found is None:
            raise errors.unknown_provider(asked.primary, known)
        return found

    async def _wanted(
        self, asked: Asked, personality: Personality | None, primary: str | None, scope: Scope
    ) -> list[Target]:
        """Everybody who has the model, or one of the personality's, wherever it may be asked for."""
        if asked.model is not None:
            models: Sequence[str] = (asked.model,)
        else:
            models = (personality.models if personality is not None else ()) or (DEFAULT,)
        found: list[Target] = []
        for model in models:
            found += await self._having(model, primary, scope)
        return found

    async def _having(self, model: str, primary: str | None, scope: Scope) -> list[Target]:
        catalogue = self._catalogue
        if model in catalogue.aliases:
            return list(await catalogue.route(model))
        is_bare = catalogue.is_bare(model)
        listed: list[Target] = []
        for name in (model,) if is_bare else (model, model.partition("/")[2]):
            listed += await catalogue.listed_by(name)
        found: list[Target] = []
        if is_bare and primary is not None and await catalogue.may_have(primary, model):
            found.append(Target(catalogue.providers[primary], model))
        home = catalogue.at_home(model, OFFICIAL) if scope.is_official else model
        if home == model or not listed or await catalogue.may_have(home.partition("/")[0], model):
            # Several may have it, or nobody.
            with suppress(NotFound):
                found += await catalogue.route(home)
        return found + listed

    async def _others(self, asked: Asked) -> list[Target]:
        """Everybody who may stand in for them."""
        found: list[Target] = []
        for place, name in enumerate(asked.fallbacks):
            try:
                found += await self._catalogue.route(self._catalogue.at_home(name, OFFICIAL))
            except NotFound as error:
                error.param = f"fallbacks[{place}]"
                raise
        if DEFAULT in self._catalogue.aliases:
            found += await self._catalogue.route(DEFAULT)
        return [*found, *[await self._catalogue.find(name) for name in self._stand_ins]]

    def _by_provider(self, route: list[Target], primary: str | None, scope: Scope) -> list[Target]:
        """In the order of their providers; at each the model that is wanted goes before the others."""
        order = [
            *([primary] if primary else []),
            *([OFFICIAL] if scope.is_official else []),
            *self._catalogue.providers,
        ]
        return sorted(route, key=lambda target: order.index(target.provider.name))

    def _check_forced(self, asked: Asked, having: list[Target], wanted: list[Target], scope: Scope) -> None:
        if asked.fallbacks:
            raise BadRequest(
                "'fallbacks' name other models, and 'forceModel' rules them out.",
                param="fallbacks",
                code="invalid_value",
            )
        if having and not wanted:
            raise errors.not_here(asked, scope.path)
        if not having:
            raise errors.unknown_model(asked, self._catalogue.providers)


def _within(targets: Iterable[Target], scope: Scope) -> list[Target]:
    """Those that the endpoint may ask, each once."""
    return [one for one in dict.fromkeys(targets) if scope.is_official or one.provider.name != OFFICIAL]


def _is_any(target: Target, names: Collection[str]) -> bool:
    return target.model in names or _name(target) in names


def _primary_first(targets: list[Target], primary: str | None) -> list[Target]:
    return targets if primary is None else sorted(targets, key=lambda target: target.provider.name != primary)


def _name(target: Target) -> str:
    return f"{target.provider.name}/{target.model}"
