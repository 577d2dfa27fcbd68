"""Model names as a part of an address."""

from urllib.parse import quote

from headgate.errors import ProviderError


def segment(model: str, provider: str) -> str:
    """
    The name as one part of a path, colons and slashes and all; raises ProviderError for one that leads elsewhere.
    """
    if model in (".", ".."):
        raise ProviderError(
            f"{provider} has no model '{model}'.",
            code="model_not_found",
            param="model",
            status=404,
            kind="invalid_request_error",
            retryable=False,
        )
    return quote(model, safe="")
