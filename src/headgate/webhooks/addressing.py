"""Where a delivery goes, what it says there, and with which signature."""

from collections.abc import Mapping, Sequence

import msgspec

from headgate.runs import Run
from headgate.store.base import Delivery, Hook
from headgate.webhooks.lanes import host_of
from headgate.webhooks.message import Message, Renderer
from headgate.webhooks.signing import SigningSecret

ENDPOINT = "endpoint/"
"""How the kind of a configured endpoint's hook begins; its name follows."""


_ENDS = {
    "run.finished": "finished",
    "run.failed": "failed",
    "run.stopped": "stopped",
    "response.completed": "finished",
    "response.failed": "failed",
    "response.cancelled": "stopped",
    "response.incomplete": "finished",
}
"""The status of a run with which each event may come, so that nothing is kept for an endpoint that wants none of it."""

EVENTS = tuple(_ENDS)
"""All that an endpoint may want to hear of."""

RUN_EVENTS = EVENTS[:3]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A receiver that the configuration names, for everybody's runs."""

    name: str
    url: str
    events: frozenset[str]
    """Which it wants to hear of, like `run.failed`."""
    secrets: tuple[SigningSecret, ...]

    def wants(self, kind: str) -> bool:
        """Whether it wants to hear of any event of that kind."""
        return any(event.startswith(f"{kind}.") for event in self.events)

    @property
    def hook(self) -> Hook:
        """As every run carries it: without its URL, which may hold a secret, and may change."""
        ends = {_ENDS[event] for event in self.events}
        return Hook(url="", kind=ENDPOINT + self.name, ends=tuple(sorted(ends)))


class Letter(msgspec.Struct, frozen=True):
    """A message with its address."""

    url: str
    message: Message
    secrets: Sequence[SigningSecret]


class Unwanted(Exception):
    """There is nothing to be sent; says why."""


class Addressing:
    """Knows the forms of messages, the configured endpoints and the secrets."""

    def __init__(
        self,
        renderers: Mapping[str, Renderer],
        endpoints: Sequence[Endpoint] = (),
        secrets: Sequence[SigningSecret] = (),
    ) -> None:
        self._renderers = renderers
        self._endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self.configured = tuple(secrets)
        """The configuration's own, which go before those derived from the store's."""

    @property
    def hooks(self) -> tuple[Hook, ...]:
        """Those that every run gets."""
        return tuple(endpoint.hook for endpoint in self._endpoints.values())

    def url_of(self, delivery: Delivery) -> str:
        """Where it goes; "" for an endpoint that the configuration no longer has."""
        endpoint = self._endpoint_of(delivery)
        return delivery.url if endpoint is None else endpoint.url

    def host_of(self, delivery: Delivery) -> str:
        """Whose lane it belongs to."""
        try:
            return host_of(self.url_of(delivery))
        except ValueError:
            return ""

    def letter(self, delivery: Delivery, run: Run, root: bytes) -> Letter:
        """What to send, of a run that is over; `root` is the store's secret. Raises Unwanted."""
        if not delivery.kind.startswith(ENDPOINT):
            renderer = self._renderers.get(delivery.kind)
            message = None if renderer is None else renderer(run)
            if message is None:
                raise Unwanted(f"there is no message of the kind {delivery.kind} for this run")
            return Letter(delivery.url, message, self.secrets_of(delivery.owner, root))
        endpoint = self._endpoint_of(delivery)
        if endpoint is None:
            raise Unwanted("the configuration has no such endpoint any more")
        for kind, renderer in self._renderers.items():
            message = renderer(run) if endpoint.wants(kind) else None
            if message is not None and message.event in endpoint.events:
                return Letter(endpoint.url, message, endpoint.secrets)
        raise Unwanted("the endpoint does not want to hear of this")

    def secrets_of(self, owner: str, root: bytes) -> Sequence[SigningSecret]:
        """What messages to an owner's own receivers are signed with: nobody can sign in another owner's name."""
        return self.configured or (SigningSecret.derived(root, owner),)

    def _endpoint_of(self, delivery: Delivery) -> Endpoint | None:
        if not delivery.kind.startswith(ENDPOINT):
            return None
        return self._endpoints.get(delivery.kind.removeprefix(ENDPOINT))
