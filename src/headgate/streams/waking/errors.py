"""What can go wrong with subscriptions, in the codes that the protocol's clients look for."""

from headgate.errors import BadRequest, Conflict, HeadgateError, NotFound, Unauthorized


class InvalidRequest(BadRequest):
    """What was asked makes no sense."""

    code = "INVALID_REQUEST"


class NoSubscription(NotFound):
    """There is none, or it is another's."""

    code = "SUBSCRIPTION_NOT_FOUND"

    def __init__(self, id: str) -> None:
        super().__init__(f"There is no subscription '{id[:100]}'.")


class OtherSubscription(Conflict):
    """There is one of that name, and it is another."""

    code = "SUBSCRIPTION_ALREADY_EXISTS"

    def __init__(self) -> None:
        super().__init__("There is a subscription of that name, which was made differently.")


class UrlRejected(BadRequest):
    """An address that nothing is sent to."""

    code = "WEBHOOK_URL_REJECTED"


class TooManySubscriptions(HeadgateError):
    """A bound was reached."""

    status = 429
    code = "TOO_MANY_SUBSCRIPTIONS"
    kind = "invalid_request_error"


EXTRA = "'cryptography' is missing: scripts/extras streams"


class CannotSign(HeadgateError):
    """What is needed to sign is not installed."""

    status = 501
    code = "SIGNING_UNAVAILABLE"
    kind = "server_error"

    def __init__(self) -> None:
        super().__init__(f"This server cannot sign webhooks, because {EXTRA}")


class TokenInvalid(Unauthorized):
    """No token of that subscription."""

    code = "TOKEN_INVALID"

    def __init__(self) -> None:
        super().__init__("This needs the token that came with the wake or the claim, as 'Authorization: Bearer TOKEN'.")


class FencedOff(Conflict):
    """Somebody else was woken since, or it was done."""

    code = "FENCED"

    def __init__(self) -> None:
        super().__init__("This wake is over: it was done, or took too long, and another one may be under way.")


class AlreadyClaimed(Conflict):
    """Somebody else is at it."""

    code = "ALREADY_CLAIMED"

    def __init__(self, holder: str, generation: int) -> None:
        super().__init__(f"'{holder}' is at it.")
        self.holder, self.generation = holder, generation


class NothingPending(Conflict):
    """There is nothing to be done."""

    code = "NO_PENDING_WORK"

    def __init__(self) -> None:
        super().__init__("There is nothing to be done: everything that came is acknowledged.")


class InvalidOffset(Conflict):
    """More was acknowledged than there is."""

    code = "INVALID_OFFSET"

    def __init__(self, stream: str) -> None:
        super().__init__(f"The stream '{stream[:100]}' has no such offset.")
