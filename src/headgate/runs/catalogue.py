"""Finds the provider for a model's name."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
from typing_extensions import override

from headgate.errors import HeadgateError, NotFound
from headgate.providers.base import Provider, answers

log = logging.getLogger(__name__)

LISTING_KEPT = 300.0
"""Seconds that a provider's list of models is believed: new models are rare, asking is slow."""

LISTING_RETRY = 10.0
"""Seconds until a provider that could not list its models is asked again: it may just be starting."""

LISTING_LIMIT = 5.0
"""Seconds a provider may take to list its models before it is left out."""

MAX_NAME = 256
"""Letters of a model's name; clients choose them, and we remember them."""

MAX_REMEMBERED = 10_000
"""Caps the names we remember, because clients choose them."""


class Target(msgspec.Struct, frozen=True):
    """Where a request goes."""

    provider: Provider
    model: str
    """The model as the provider names it."""


class Several(msgspec.Struct, frozen=True):
    """An alias of several models: the first one is asked, and the others when it fails."""

    names: tuple[str, ...]
    weights: tuple[float, ...] = ()
    """How often each of them is the first; none when they have an order."""

    def order(self, chance: float) -> Sequence[str]:
        """Whom to ask in which order; `chance` is from 0 to 1."""
        if not self.weights:
            return self.names
        mark = chance * sum(self.weights)
        for place, weight in enumerate(self.weights):
            mark -= weight
            if mark < 0:
                return (self.names[place], *self.names[:place], *self.names[place + 1 :])
        return self.names

    @override
    def __str__(self) -> str:
        if not self.weights:
            return ", then ".join(self.names)
        return " or ".join(f"{name} ({weight:g})" for name, weight in zip(self.names, self.weights, strict=True))


class Assistant(msgspec.Struct, frozen=True):
    """What an alias brings to a conversation, beside its models."""

    functions: tuple[str, ...] = ()
    """The names of those that the server executes for it."""
    prompt: str = ""
    """What the model is told before the conversation."""


NOBODY: Mapping[str, Assistant] = {}


class Catalogue:
    """
    Knows which provider a model's name means.

    In this order: an alias; provider/model; a bare name whose beginning belongs to a
    provider (gpt-, claude-, ...); a bare name that exactly one provider lists.
    """

    def __init__(
        self,
        providers: Mapping[str, Provider],
        aliases: Mapping[str, str | Several],
        owned: Sequence[tuple[str, str]],
        chance: Callable[[], float] = random.random,
        assistants: Mapping[str, Assistant] = NOBODY,
    ) -> None:
        self.providers, self.aliases, self._owned = providers, aliases, owned
        self.assistants = assistants
        """What some of the aliases bring, by their names."""
        self._chance = chance
        self._found: dict[str, Target] = {}
        self._routes: dict[str, tuple[Target, ...]] = {}
        """Of those of them that stand for one target."""
        self._listings: dict[str, tuple[float, Sequence[str]]] = {}
        """Until when each provider's list is believed, and the list."""
        self._locks = {name: asyncio.Lock() for name in providers}
        self._asking: dict[str, asyncio.Task[Sequence[str]]] = {}
        """Who is asked for a list that nobody waits for."""

    def known(self, model: str, fallbacks: Sequence[str] = ()) -> tuple[Target, ...] | None:
        """The same as `route`, where it is always the same, and was found before."""
        return None if fallbacks else self._routes.get(model)

    async def route(self, model: str, fallbacks: Sequence[str] = ()) -> tuple[Target, ...]:
        """Whom to ask, and whom when that fails, each once; raises NotFound."""
        if (known := self.known(model, fallbacks)) is not None:
            return known
        targets = await self._targets(model)
        if model in self._found and not isinstance(self.aliases.get(model), Several):
            self._routes[model] = targets
        for place, name in enumerate(fallbacks):
            try:
                targets += await self._targets(name)
            except NotFound as error:
                error.param = f"fallbacks[{place}]"
                raise
        return targets if len(targets) == 1 else tuple(dict.fromkeys(targets))

    async def _targets(self, model: str) -> tuple[Target, ...]:
        alias = self.aliases.get(model)
        if isinstance(alias, Several):
            return tuple([await self.find(name) for name in alias.order(self._chance())])
        return (await self.find(model),)

    async def find(self, model: str) -> Target:
        """The target of that name, the first one of several; raises NotFound."""
        found = self._found.get(model)
        if found is not None:
            return found
        if len(model) > MAX_NAME:
            raise self._not_found(model)
        found = self._by_name(_first(self.aliases.get(model, model)))
        if found is None:
            # Not remembered: what providers list changes.
            found = await self._by_listing(model)
            if found is None:
                raise self._not_found(model)
        elif len(self._found) < MAX_REMEMBERED:
            self._found[model] = found
        return found

    def is_bare(self, model: str) -> bool:
        """Whether the name says neither who has it nor, as an alias, what it stands for."""
        first, _, rest = model.partition("/")
        return model not in self.aliases and not (rest and first in self.providers)

    def at_home(self, model: str, home: str) -> str:
        """
        The name in full, where a bare one means that provider; any other name as it is.

        A beginning that belongs to another provider goes before.
        """
        if home not in self.providers or not self.is_bare(model):
            return model
        owner = next((provider for beginning, provider in self._owned if model.startswith(beginning)), None)
        if owner is None and "/" in model:
            return model
        return f"{owner or home}/{model}"

    async def listed_by(self, model: str) -> list[Target]:
        """That model at every provider that lists it under this very name; what was not long ago is near enough."""
        unknown = [provider for name, provider in self.providers.items() if name not in self._listings]
        if unknown:
            await asyncio.gather(*map(self._models, unknown))
        return [Target(provider, model) for provider in self.providers.values() if model in self._recent(provider)]

    async def may_have(self, provider: str, model: str) -> bool:
        """Whether that provider lists the model, or does not tell what it has."""
        if provider not in self._listings:
            await self._models(self.providers[provider])
        models = self._recent(self.providers[provider])
        return not models or model in models

    async def answering(self) -> list[tuple[str, str]]:
        """The listing of those that may be asked questions."""
        silent = {name for name, provider in self.providers.items() if not answers(provider)}
        return [(name, provider) for name, provider in await self.listing() if provider not in silent]

    async def listing(self) -> list[tuple[str, str]]:
        """Every model as (name, provider): aliases first, then what the providers list."""
        names = [(alias, _first(target).partition("/")[0]) for alias, target in self.aliases.items()]
        for provider, models in zip(self.providers, await self._all_models(), strict=True):
            names += [(f"{provider}/{model}", provider) for model in models]
        return names

    def _by_name(self, name: str) -> Target | None:
        first, _, rest = name.partition("/")
        if rest and first in self.providers:
            return Target(self.providers[first], rest)
        for beginning, provider in self._owned:
            if name.startswith(beginning):
                return Target(self.providers[provider], name)
        return None

    async def _by_listing(self, model: str) -> Target | None:
        listed = zip(self.providers.values(), await self._all_models(), strict=True)
        having = [provider for provider, models in listed if model in models]
        return Target(having[0], model) if len(having) == 1 else None

    async def _all_models(self) -> list[Sequence[str]]:
        return await asyncio.gather(*(self._models(provider) for provider in self.providers.values()))

    def _recent(self, provider: Provider) -> Sequence[str]:
        """A known list, however old; nobody waits for the newer one, which is asked for meanwhile."""
        until, models = self._listings[provider.name]
        if until <= time.monotonic() and provider.name not in self._asking:
            task = self._asking[provider.name] = asyncio.create_task(self._models(provider))
            task.add_done_callback(lambda _: self._asking.pop(provider.name))
        return models

    async def _models(self, provider: Provider) -> Sequence[str]:
        # A crowd that comes while the list is on its way waits for it instead of asking again.
        async with self._locks[provider.name]:
            until, models = self._listings.get(provider.name, (0.0, ()))
            if time.monotonic() < until:
                return models
            kept = LISTING_KEPT
            try:
                async with asyncio.timeout(LISTING_LIMIT):
                    models = await provider.models()
            except (HeadgateError, TimeoutError) as error:
                log.warning("%s does not list its models: %s", provider.name, _why(error))
                kept = LISTING_RETRY
            self._listings[provider.name] = (time.monotonic() + kept, models)
            return models

    def _not_found(self, model: str) -> NotFound:
        return NotFound(
            f"The model '{model[:100]}' does not exist here. Name it provider/model with one of the providers "
            f"{', '.join(self.providers)}, or use an alias: {', '.join(self.aliases) or 'none configured'}.",
            code="model_not_found",
            param="model",
        )


def _first(alias: str | Several) -> str:
    return alias if isinstance(alias, str) else alias.names[0]


def _why(error: HeadgateError | TimeoutError) -> str:
    """Without the provider's own words: some repeat the key that they refuse."""
    if isinstance(error, TimeoutError):
        return f"no answer within {LISTING_LIMIT:g} s"
    return f"{error.code}, status {error.status}"
