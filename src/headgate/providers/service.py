"""What is known of a provider that is asked over HTTP."""

from collections.abc import Mapping

import msgspec

from headgate.providers.base import Limits


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a provider: where it is and what it can do."""

    name: str
    base_url: str
    headers: Mapping[str, str]
    """The key included, so this is never shown."""
    query: str = ""
    """What every address ends in, `?` included."""
    endpoints: frozenset[str] = frozenset({"chat"})
    stream_usage: bool = True
    """Whether it takes `stream_options.include_usage`."""
    max_tokens_field: str = "max_tokens"
    dimensions_field: str = "dimensions"
    """What it calls the size of a vector."""
    models: tuple[str, ...] = ()
    """The models to list; empty: ask the provider."""
    voices: tuple[str, ...] = ()
    """The voices to list; empty: ask the provider."""
    limits: Limits = Limits()
    secrets: tuple[str, ...] = ()
    """What must never be repeated, even when the provider itself writes it into an error."""
    key_header: str = "authorization"
    """Where it wants its key."""

    def keyless_headers(self) -> dict[str, str]:
        """Those that have nothing to do with our own account there."""
        account = (self.key_header, "openai-organization", "openai-project")
        return {name: value for name, value in self.headers.items() if name.lower() not in account}

    def key_headers(self, key: str, organization: str) -> list[tuple[str, str]]:
        """Those of a caller's own account."""
        headers = [(self.key_header, f"Bearer {key}" if self.key_header == "authorization" else key)]
        return [*headers, ("openai-organization", organization)] if organization else headers
