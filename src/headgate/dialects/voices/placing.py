"""Whom a model's name means where somebody is to speak or to listen."""

from collections.abc import Callable

import msgspec

from headgate.calls import Call
from headgate.dialects import drop_in
from headgate.errors import NotFound
from headgate.providers.base import Provider, Voiced
from headgate.runs import Catalogue
from headgate.runs.rules import FALLBACKS
from headgate.web.http import Scope

LOCAL = "local"
"""Who stands in for everybody where no other provider can: the voices of this machine."""


def speaks(provider: Provider) -> bool:
    """Whether it makes sounds of texts."""
    return isinstance(provider, Voiced) and provider.speaks


def hears(provider: Provider) -> bool:
    """Whether it makes texts of sounds."""
    return isinstance(provider, Voiced) and provider.hears


class Placing:
    """Finds those who can do one of the two."""

    def __init__(self, catalogue: Catalogue, can: Callable[[Provider], bool], does: str, own: str, lack: str) -> None:
        self._catalogue, self._can, self._does, self._own = catalogue, can, does, own
        self._lack = lack
        """What this machine would have to have installed to do it itself, if it is that."""

    async def placed(self, call: Call, scope: Scope) -> Call:
        """The call with names that mean somebody who can; raises NotFound."""
        call = drop_in.meant(self._catalogue, scope, call)
        fallbacks = [(name, f"{FALLBACKS}[{place}]") for place, name in enumerate(call.fallbacks)]
        names = [await self._name(name, param) for name, param in ((call.model, "model"), *fallbacks)]
        if names == [call.model, *call.fallbacks]:
            return call
        model, *others = names
        # The fields too: they are what is kept of the request, and may have to be read again.
        fields = {**call.fields, "model": _raw(model)} | ({FALLBACKS: _raw(others)} if others else {})
        return msgspec.structs.replace(call, model=model, fallbacks=tuple(others), fields=fields)

    async def _name(self, name: str, param: str) -> str:
        try:
            targets = await self._catalogue.route(name)
        except NotFound as error:
            error.param = param
            return self._instead_of(name, error)
        if any(self._can(target.provider) for target in targets):
            return name
        provider = targets[0].provider.name
        if name.partition("/")[0] == provider and name not in self._catalogue.aliases:
            raise self._unable(provider, param)
        return self._instead_of(name, self._unable(provider, param))

    @property
    def _able(self) -> list[str]:
        return [name for name, provider in self._catalogue.providers.items() if self._can(provider)]

    def _instead_of(self, name: str, error: NotFound) -> str:
        """This machine, where nobody else can; raises the error where it cannot either."""
        able = self._able
        if able == [LOCAL]:
            return f"{LOCAL}/{self._own}"
        if self._lack and (not able or name.startswith(f"{LOCAL}/")):
            message = f"This machine cannot {self._does} itself without {self._lack}"
            raise NotFound(message, code="extra_not_installed", param=error.param)
        raise error

    def _unable(self, provider: str, param: str) -> NotFound:
        able = self._able
        others = f" Here {', '.join(able)} can." if able else ""
        message = f"The provider '{provider}' does not {self._does}.{others}"
        return NotFound(message, code="method_not_supported", param=param)


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
