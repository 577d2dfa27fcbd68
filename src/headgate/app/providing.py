"""Providers and their pools, from what is configured."""

import msgspec

from headgate.config import ProviderConfig
from headgate.metrics import Meters
from headgate.net import Client
from headgate.providers.anthropic import AnthropicProvider
from headgate.providers.aws import Signer
from headgate.providers.azure import AzureProvider
from headgate.providers.base import Provider
from headgate.providers.bedrock import BedrockProvider
from headgate.providers.gemini import GeminiProvider
from headgate.providers.openai import OpenAIProvider
from headgate.providers.registry import CONVERSE, GENERATE, MESSAGES
from headgate.providers.service import Service
from headgate.providers.simulator import Simulator
from headgate.runs import Member, Pool, Slots


def pool_of(config: ProviderConfig, client: Client, meters: Meters) -> Pool:
    """A provider with all of its keys: each is a provider of its own, and only its pool knows that they are one."""
    several = len(config.more_keys) > 0
    weights = config.key_weights or (1.0,) * (len(config.more_keys) + 1)
    members = [
        Member(_provider(msgspec.structs.replace(config, key=key), client), f"key {number}" if several else "", weight)
        for number, (key, weight) in enumerate(zip((config.key, *config.more_keys), weights, strict=True), 1)
    ]
    limit = config.max_concurrent
    slots = None if limit is None else Slots(config.name, limit, config.max_queued, meters)
    return Pool(config.name, members, slots=slots, retries=config.retries)


def _provider(config: ProviderConfig, client: Client) -> Provider:
    if config.service is None:
        return Simulator(config.name, limits=config.limits)
    headers = {name: secret.reveal() for name, secret in config.headers.items()}
    is_bearer = config.service.auth == "bearer"
    key_header = "authorization" if is_bearer else config.service.auth
    if config.key is not None:
        key = config.key.reveal()
        headers[key_header] = f"Bearer {key}" if is_bearer else key
    service = Service(
        name=config.name,
        base_url=config.base_url,
        query=f"?api-version={config.api_version}" if config.api_version else "",
        headers=headers,
        endpoints=frozenset(config.endpoints),
        stream_usage=config.service.stream_usage,
        max_tokens_field=config.service.max_tokens_field,
        dimensions_field=config.service.dimensions_field,
        models=config.models,
        voices=config.service.voices,
        limits=config.limits,
        secrets=tuple(secret.reveal() for secret in (config.key, *config.headers.values()) if secret is not None),
        key_header=key_header,
    )
    if service.endpoints == MESSAGES:
        return AnthropicProvider(service, client)
    if service.endpoints == GENERATE:
        return GeminiProvider(service, client)
    if service.endpoints == CONVERSE:
        return BedrockProvider(service, client, Signer(config.name, config.region) if config.is_signed else None)
    if config.by_deployment:
        return AzureProvider(service, client)
    return OpenAIProvider(service, client)
