"""What some providers are asked besides answers."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Passing(Protocol):
    """A provider that answers those of Gemini's methods that only its own clients ask for."""

    async def pass_on(self, method: str, model: str, body: bytes) -> bytes:
        """
        What the provider answers, as its bytes came; raises ProviderError.

        The model inside the request, where there is one, is written as the provider names it.
        """
