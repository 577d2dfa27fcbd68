"""Messages to others that a run is over: from the store's outbox, signed, and tried for half a day."""

from headgate.webhooks.addressing import ENDPOINT, Addressing, Endpoint
from headgate.webhooks.checking import check_hook
from headgate.webhooks.message import Message, Renderer
from headgate.webhooks.posting import Poster
from headgate.webhooks.signing import SigningSecret
from headgate.webhooks.worker import Worker, message_id

__all__ = [
    "ENDPOINT",
    "Addressing",
    "Endpoint",
    "Message",
    "Poster",
    "Renderer",
    "SigningSecret",
    "Worker",
    "check_hook",
    "message_id",
]
