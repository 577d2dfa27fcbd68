"""Whom webhooks go to."""

from collections.abc import Sequence

from headgate.config import Config, Secret, secrets_of
from headgate.dialects import offload as offload_dialect
from headgate.dialects import webhooks as webhooks_dialect
from headgate.webhooks import Addressing, Endpoint, SigningSecret


def addressing_of(config: Config) -> Addressing:
    forms = {**webhooks_dialect.FORMS, offload_dialect.HOOK: offload_dialect.announce}
    endpoints = [
        Endpoint(name=each.name, url=each.url, events=each.events, secrets=_signing(each.secrets))
        for each in config.endpoints
    ]
    return Addressing(forms, endpoints, _signing(secrets_of(config.webhooks)))


def _signing(secrets: Sequence[Secret]) -> tuple[SigningSecret, ...]:
    return tuple(SigningSecret.from_text(secret.reveal()) for secret in secrets)
