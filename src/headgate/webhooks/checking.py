"""What is wrong with a webhook's URL that can be seen at once, while somebody is there to be told."""

from headgate.errors import BadRequest
from headgate.net import Guard, Target
from headgate.store.base import Hook


def check_hook(guard: Guard, hook: Hook) -> None:
    """
    Raise BadRequest for a URL that no message could ever be sent to.

    Names are not looked up here: where one leads is seen when it is connected to, and may change until then.
    """
    try:
        host = Target("POST", hook.url, {}).origin.host
    except ValueError as error:
        raise BadRequest(f"The webhook cannot be used. {error}", code="invalid_webhook_url") from None
    if guard.refuses(host):
        raise BadRequest(
            f"The webhook cannot be used: messages are sent to public addresses only, which {host} is not. "
            "Networks of your own are let through by [webhooks] allow.",
            code="webhook_refused",
        )
