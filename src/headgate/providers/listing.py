"""A provider's list of its models."""

from collections.abc import Mapping, Sequence

import msgspec

from headgate.errors import ProviderError
from headgate.formats import upstream_errors
from headgate.net import Client, Flow, Target
from headgate.providers.answer import without_secrets
from headgate.providers.service import Service

MAX_LISTING = 16 * 1024 * 1024
"""Caps what a list of models can make us hold; the longest honest ones are a few hundred kilobytes."""


async def list_models(client: Client, target: Target, service: Service) -> Sequence[str]:
    """The models that the provider says it has."""
    listing = _Listing(service.name)
    await client.fetch(target, b"", listing, connect_timeout=service.limits.connect)
    try:
        return listing.models()
    except ProviderError as error:
        raise without_secrets(error, service.secrets) from None


class _Listing:
    """A provider's list of models as it comes in."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._pieces: list[bytes] = []
        self._size = 0
        self._status = 0

    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        self._status = status

    def on_body(self, data: bytes) -> bool:
        self._size += len(data)
        self._pieces.append(data)
        return self._size > MAX_LISTING

    def models(self) -> Sequence[str]:
        """The names in it."""
        body = b"".join(self._pieces)
        if self._status != 200:
            raise upstream_errors.read_error(self._status, body, self._provider)
        try:
            said = msgspec.json.decode(body)
        except msgspec.DecodeError:
            said = None
        # OpenAI wraps the list in an object, some providers do not.
        listed = said.get("data") if isinstance(said, dict) else said
        if not isinstance(listed, list):
            raise ProviderError(f"{self._provider} sent something that is no list of models.", code="upstream_invalid")
        names = [model.get("id") for model in listed if isinstance(model, dict)]
        return [name for name in names if isinstance(name, str) and name]
