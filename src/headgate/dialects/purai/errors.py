"""What goes wrong, as PurAI tells it."""

from collections.abc import Iterable, Sequence

import msgspec

from headgate.errors import BadRequest, HeadgateError, NotFound, ProviderError, Unavailable
from headgate.formats import purai
from headgate.formats.purai import Asked, Record
from headgate.runs.rules import UNSAYABLE, is_of_the_provider


class ProvidersFailed(ProviderError):
    """Every provider that was asked failed; `records` says how."""

    status = 500
    code = "providers_failed"
    records: Sequence[Record] = ()


def error_body(error: HeadgateError) -> bytes:
    """The whole error answer."""
    records = error.records if isinstance(error, ProvidersFailed) else ()
    return msgspec.json.encode(purai.error_object(error, error.status, error.message, records))


def told(error: HeadgateError, *, is_raw: bool) -> HeadgateError:
    """The error that a run ended with, as one of providers where it was theirs."""
    if not error.attempts:
        return error
    last = error.attempts[-1]
    is_unsayable = all(tried.code == UNSAYABLE for tried in error.attempts)
    if is_unsayable or not is_of_the_provider(ProviderError("", status=last.status, code=last.code)):
        # The request itself is at fault, which the first provider that was well enough to read it has found.
        said = ProvidersFailed(last.message, code=last.code, param=error.param, status=last.status, kind=error.kind)
    elif all(tried.status == 404 for tried in error.attempts):
        said = ProvidersFailed(purai.ALL_FAILED, status=404, code="model_not_found", param="model", kind=error.kind)
    else:
        said = ProvidersFailed(purai.ALL_FAILED, kind=error.kind, retry_after=error.retry_after)
    said.records = purai.records(error.attempts, is_raw=is_raw)
    return said


def unknown_model(asked: Asked, providers: Iterable[str]) -> NotFound:
    """The model must be this one, and nobody has it."""
    return NotFound(
        f"No provider has the model '{_shown(asked.model)}'; there are {', '.join(providers)}. Without 'forceModel: "
        "true' another model stands in for it.",
        code="model_not_found",
        param="model",
    )


def not_here(asked: Asked, path: str) -> BadRequest:
    """The model must be this one, and only the official provider has it."""
    return BadRequest(
        f"{path} is not available for the model '{_shown(asked.model)}': no third party has it.",
        code="endpoint_not_available",
        param="model",
    )


def blocked(asked: Asked) -> BadRequest:
    """The personality must not be played by this model."""
    return BadRequest(
        f"The model '{_shown(asked.model)}' is blocked by the personality '{_shown(asked.personality)}'.",
        code="model_blocked",
        param="model",
    )


def unknown_personality(name: str, known: Iterable[str]) -> NotFound:
    """Nobody configured it."""
    return NotFound(
        f"There is no personality '{_shown(name)}'; there are: {', '.join(known) or 'none'}.",
        code="personality_not_found",
        param="personality",
    )


def no_personality_here(path: str) -> BadRequest:
    """Only the company's own endpoint has them."""
    return BadRequest(
        f"A personality can be asked at /openai/chat/completions only, not at {path}.",
        code="endpoint_not_available",
        param="personality",
    )


def unknown_provider(name: str, known: Iterable[str]) -> BadRequest:
    """Nobody to be asked first."""
    return BadRequest(
        f"There is no provider '{_shown(name)}' to be asked here; there are: {', '.join(known) or 'none'}.",
        code="unknown_provider",
        param="primaryProvider",
    )


def nobody(path: str) -> Unavailable:
    """There is no provider that the endpoint could ask."""
    return Unavailable(f"No provider can be asked at {path} at the moment.", code="model_not_available")


def _shown(name: str | None) -> str:
    return (name or "default")[:100]
