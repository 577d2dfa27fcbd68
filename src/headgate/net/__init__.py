"""The upstream client: HTTP/1.1 over pooled connections, as thin as a gateway's hot path needs it."""

from headgate.net.body import FileBody
from headgate.net.client import Client
from headgate.net.errors import (
    AddressRefused,
    BrokenAnswer,
    ClientClosed,
    ConnectError,
    ConnectTimeout,
    NetError,
    OutOfSockets,
)
from headgate.net.guard import Guard
from headgate.net.proxies import Proxies, Proxy
from headgate.net.receiver import Flow, Receiver
from headgate.net.target import Target

__all__ = [
    "AddressRefused",
    "BrokenAnswer",
    "Client",
    "ClientClosed",
    "ConnectError",
    "ConnectTimeout",
    "FileBody",
    "Flow",
    "Guard",
    "NetError",
    "OutOfSockets",
    "Proxies",
    "Proxy",
    "Receiver",
    "Target",
]
