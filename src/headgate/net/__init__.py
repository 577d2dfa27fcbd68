"""The upstream client: HTTP/1.1 over pooled connections, as thin as a gateway's hot path needs it."""

from headgate.net.client import Client
from headgate.net.errors import BrokenAnswer, ClientClosed, ConnectError, ConnectTimeout, NetError
from headgate.net.proxies import Proxies, Proxy
from headgate.net.receiver import Flow, Receiver
from headgate.net.target import Target

__all__ = [
    "BrokenAnswer",
    "Client",
    "ClientClosed",
    "ConnectError",
    "ConnectTimeout",
    "Flow",
    "NetError",
    "Proxies",
    "Proxy",
    "Receiver",
    "Target",
]
