"""GET /v1/audio/voices: every voice there is."""

import asyncio
import logging
import time
from collections.abc import Sequence

import msgspec

from headgate.errors import BadRequest, HeadgateError
from headgate.formats.voices import Voice
from headgate.keys import Keys
from headgate.providers.base import Provider, Voiced
from headgate.runs import Catalogue
from headgate.web.http import Request

log = logging.getLogger(__name__)

KEPT = 300.0
"""Seconds that a provider's list is believed: voices are as rare as models."""

RETRY = 10.0
"""The same of one that could not be had."""

LIMIT = 5.0
"""Seconds a provider may take to list its voices before it is left out."""


class Listing:
    """The endpoint."""

    def __init__(self, catalogue: Catalogue, keys: Keys) -> None:
        self._catalogue, self._keys = catalogue, keys
        self._known: dict[str, tuple[float, Sequence[Voice]]] = {}

    async def voices(self, request: Request) -> None:
        """All of them, or those of one provider or one language."""
        self._keys.owner(request.headers)
        query = request.query()
        wanted = query.get("provider")
        providers = self._catalogue.providers
        if wanted is not None and wanted not in providers:
            known = ", ".join(providers)
            raise BadRequest(f"'provider' must be one of {known}.", param="provider", code="invalid_value")
        asked = [provider for name, provider in providers.items() if wanted in (None, name)]
        found = await asyncio.gather(*(self._of(provider) for provider in asked))
        language = query.get("language", "").lower()
        data = [
            _object(provider.name, voice)
            for provider, voices in zip(asked, found, strict=True)
            for voice in voices
            if voice.language.lower().startswith(language)
        ]
        names = list(dict.fromkeys(each["id"] for each in data))
        request.answer(200, msgspec.json.encode({"object": "list", "data": data, "voices": names}))

    async def _of(self, provider: Provider) -> Sequence[Voice]:
        if not isinstance(provider, Voiced) or not provider.speaks:
            return ()
        until, voices = self._known.get(provider.name, (0.0, ()))
        if time.monotonic() < until:
            return voices
        kept = KEPT
        try:
            async with asyncio.timeout(LIMIT):
                voices = await provider.voices()
        except (HeadgateError, TimeoutError):
            log.warning("%s does not list its voices.", provider.name)
            kept = RETRY
        self._known[provider.name] = (time.monotonic() + kept, voices)
        return voices


def _object(provider: str, voice: Voice) -> dict[str, str]:
    return {
        "id": voice.id,
        "object": "voice",
        "name": voice.name or voice.id,
        "language": voice.language,
        "gender": voice.gender,
        "provider": provider,
    }
