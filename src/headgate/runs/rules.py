"""What is tried again, and where, when somebody was asked in vain: the same for runs and for errands."""

import random

from headgate.errors import BadRequest, HeadgateError, ProviderError
from headgate.runs.pool import KEY_STATUSES, LIMIT_STATUS

FALLBACKS = "fallbacks"
"""The field of a request that names whom to fall back on; ours alone, and never sent on."""

BACKOFF = 0.25
"""Seconds before the first retry, doubled each time, and anything from half to all of it."""

LONGEST_WAIT = 10.0
"""How long a provider may ask us to wait before a retry; if it asks for more, its answer is passed on."""

UNSAYABLE = "unsupported_parameter"
"""The code of what one provider's API has no words for; another's may have them."""

_OF_A_KEY = KEY_STATUSES | {LIMIT_STATUS}
_OF_THE_MOMENT = frozenset({408, 409, 425, LIMIT_STATUS})
_OF_THE_PROVIDER = _OF_A_KEY | _OF_THE_MOMENT | {404}


class Unasked(ProviderError):
    """Somebody who was not asked, because the request cannot be put in its terms."""

    is_ours = True

    def __init__(self, why: BadRequest) -> None:
        super().__init__(why.message, code=why.code, param=why.param, status=why.status, kind=why.kind, retryable=False)


def is_of_a_key(error: ProviderError) -> bool:
    """Whether another key of the same provider may be spared this."""
    return error.status in _OF_A_KEY


def is_of_the_moment(error: ProviderError) -> bool:
    """Whether another moment may be spared it."""
    return error.status >= 500 or error.status in _OF_THE_MOMENT


def is_of_the_provider(error: HeadgateError) -> bool:
    """Whether another provider may be spared it; if not, the request itself is at fault, and nobody else is asked."""
    is_theirs = isinstance(error, ProviderError) and (error.status >= 500 or error.status in _OF_THE_PROVIDER)
    return is_theirs or error.code == UNSAYABLE


def wait_before(error: ProviderError, retries: int) -> float | None:
    """How long to wait before the next retry of the same provider; None when there should be none."""
    if not is_of_the_moment(error):
        return None
    own = BACKOFF * 2**retries * random.uniform(0.5, 1.0)
    wait = max(own, error.retry_after or 0.0)
    return wait if wait <= LONGEST_WAIT else None
