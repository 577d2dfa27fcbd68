"""What was tried, told to a client when all of it was in vain."""

from typing import Any

from headgate.errors import HeadgateError
from headgate.events import Failed


def field(failure: HeadgateError | Failed) -> dict[str, Any]:
    """`attempts` as a field of an error; no field where the error itself is all there is to say."""
    if len(failure.attempts) < 2:
        return {}
    return {
        "attempts": [
            {
                "provider": tried.provider,
                "model": tried.model,
                "status": tried.status,
                "code": tried.code,
                "message": tried.message,
            }
            | ({"key": tried.key} if tried.key else {})
            for tried in failure.attempts
        ]
    }


def lines(failure: HeadgateError | Failed) -> list[str]:
    """The same as sentences."""
    if len(failure.attempts) < 2:
        return []
    return [
        f"{tried.provider}/{tried.model}{f' ({tried.key})' if tried.key else ''}: "
        f"{tried.status} {tried.code}: {tried.message}"
        for tried in failure.attempts
    ]
