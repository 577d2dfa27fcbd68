"""
How a request to an upstream can fail before, or instead of, a whole answer.

    ProviderError
    └── NetError             the exchange failed; the message is fit for a client of the gateway
        ├── ConnectError     no connection: name, TCP, proxy or TLS; nothing was sent
        │   ├── ConnectTimeout   the same, for want of time
        │   ├── AddressRefused   the same, because of where the name leads
        │   └── OutOfSockets     the same, because this process may open no more
        ├── BrokenAnswer     the upstream talked nonsense, or stopped in the middle
        └── ClientClosed     this client was closed under the request

Messages never hold a header, a body or a credential.
"""

from headgate.errors import ProviderError


class NetError(ProviderError):
    """An upstream could not be asked, or did not answer properly."""


class ConnectError(NetError):
    """No connection came about, so nothing was asked."""

    code = "upstream_unreachable"


class ConnectTimeout(ConnectError):
    """No connection came about in time."""

    status = 504
    code = "upstream_connect_timeout"


class AddressRefused(ConnectError):
    """The host is at an address that may not be connected to."""

    status = 403
    code = "address_refused"


class OutOfSockets(ConnectError):
    """This process, or its machine, has no descriptor left for a socket."""

    status = 503
    code = "out_of_sockets"
    is_ours = True

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after=1.0)


class BrokenAnswer(NetError):
    """The answer is not HTTP, breaks one of our bounds, or was cut short."""

    code = "upstream_broken_answer"


class ClientClosed(NetError):
    """This client was closed while, or before, the request was made."""

    status = 503
    code = "shutting_down"
    is_ours = True
