"""A provider's lists of its models and of its voices."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from headgate.errors import ProviderError
from headgate.formats import upstream_errors
from headgate.formats.voices import Voice
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


async def list_voices(client: Client, target: Target, service: Service) -> Sequence[Voice]:
    """The voices that the provider says it has; of what only some servers have, nothing is no error."""
    listing = _Listing(service.name)
    await client.fetch(target, b"", listing, connect_timeout=service.limits.connect)
    return listing.voices()


class _Listing:
    """A provider's list as it comes in."""

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
        if self._status != 200:
            raise upstream_errors.read_error(self._status, b"".join(self._pieces), self._provider)
        said = self._said()
        # OpenAI wraps the list in an object, some providers do not.
        listed = said.get("data") if isinstance(said, dict) else said
        if not isinstance(listed, list):
            raise ProviderError(f"{self._provider} sent something that is no list of models.", code="upstream_invalid")
        names = [model.get("id") for model in listed if isinstance(model, dict)]
        return [name for name in names if isinstance(name, str) and name]

    def voices(self) -> Sequence[Voice]:
        """The voices in it: their names, or objects of any kind that hold one."""
        said = self._said() if self._status == 200 else None
        listed = said.get("voices", said.get("data")) if isinstance(said, dict) else said
        found = [_voice(each) for each in listed] if isinstance(listed, list) else []
        return [voice for voice in found if voice.id]

    def _said(self) -> Any:
        try:
            return msgspec.json.decode(b"".join(self._pieces))
        except msgspec.DecodeError:
            return None


def _voice(said: object) -> Voice:
    if isinstance(said, str):
        return Voice(id=said)
    fields = said if isinstance(said, dict) else {}
    words = {name: value for name, value in fields.items() if isinstance(value, str)}
    id = next((words[name] for name in ("id", "voice_id", "voice", "name") if words.get(name)), "")
    return Voice(id=id, name=words.get("name", ""), language=words.get("language", ""), gender=words.get("gender", ""))
