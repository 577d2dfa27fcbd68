"""
Azure's older API, where every deployment has an address of its own and every request names a version.

What stands at one of those addresses speaks OpenAI's API, so each is a provider of that kind. The newer API
(`/openai/v1`) needs nothing of this.
"""

from collections.abc import Sequence

import msgspec

from headgate.formats.embedding import EmbedCall, Vectors
from headgate.formats.voices import Voice
from headgate.net import Client
from headgate.providers import sounds
from headgate.providers.base import Ask, Emit
from headgate.providers.openai import OpenAIProvider
from headgate.providers.paths import segment
from headgate.providers.service import Service

MAX_DEPLOYMENTS = 1000
"""Caps the deployments whose addresses we remember; clients choose their names."""


class AzureProvider:
    """One resource of Azure's, with its deployments."""

    def __init__(self, service: Service, client: Client) -> None:
        self.name = service.name
        self.limits = service.limits
        # Responses are not made by deployments.
        endpoints = service.endpoints - {"responses"}
        self._service, self._client = msgspec.structs.replace(service, endpoints=endpoints), client
        self._base = service.base_url.rstrip("/") + "/deployments/"
        self._deployments: dict[str, OpenAIProvider] = {}

    async def run(self, ask: Ask, emit: Emit) -> None:
        """Ask the deployment of that name, and emit what comes."""
        await self._deployment(ask.model).run(ask, emit)

    @property
    def embeds(self) -> bool:
        """Whether it makes vectors."""
        return "embeddings" in self._service.endpoints

    async def embed(self, call: EmbedCall, model: str, connect: float) -> Vectors:
        """Vectors of texts, by the deployment of that name."""
        return await self._deployment(model).embed(call, model, connect)

    @property
    def speaks(self) -> bool:
        """Whether it makes sounds of texts."""
        return sounds.SPEECH in self._service.endpoints

    @property
    def hears(self) -> bool:
        """Whether it makes texts of sounds."""
        return sounds.TRANSCRIPTIONS in self._service.endpoints

    async def voices(self) -> Sequence[Voice]:
        """Those of OpenAI's models, which are what is deployed there."""
        return [Voice(id=voice, name=voice.capitalize()) for voice in self._service.voices] if self.speaks else []

    async def models(self) -> Sequence[str]:
        """Those it was said to have: Azure lists models of its own, and not which deployments there are."""
        return self._service.models

    async def close(self) -> None:
        """Nothing to let go of: connections belong to the client."""

    def _deployment(self, name: str) -> OpenAIProvider:
        known = self._deployments.get(name)
        if known is None:
            service = msgspec.structs.replace(self._service, base_url=self._base + segment(name, self.name))
            known = OpenAIProvider(service, self._client)
            if len(self._deployments) < MAX_DEPLOYMENTS:
                self._deployments[name] = known
        return known
