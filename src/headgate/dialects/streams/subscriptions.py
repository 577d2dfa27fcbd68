"""
/v1/stream/__ds/subscriptions: who is woken when something comes on streams, as the protocol has it.

Somebody is called by a webhook, or reads a stream of wakes and claims the work. Whoever is at it says with a
token how far it is; nobody needs a key for that.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from headgate.dialects.docs import streams_subscriptions as docs
from headgate.dialects.openai import Bounds
from headgate.dialects.streams.reading import COMMON, NO_STORE
from headgate.errors import BadRequest, HeadgateError
from headgate.formats import stream_subscriptions as asking
from headgate.formats import strict
from headgate.keys import Keys, key_in
from headgate.streams.waking import Desk, Wish
from headgate.streams.waking.calling import stream_object
from headgate.streams.waking.errors import AlreadyClaimed, CannotSign, InvalidRequest
from headgate.streams.waking.subscription import Subscription
from headgate.streams.waking.wish import plain
from headgate.web.address import PublicAddress
from headgate.web.doc import Doc
from headgate.web.http import Request
from headgate.web.routes import Handler, Route

T = TypeVar("T")

ROOT = "/v1/stream/__ds"


class Subscriptions:
    """The endpoints."""

    def __init__(
        self, desk: Desk, keys: Keys, bounds: Bounds, address: PublicAddress, check_url: Callable[[str], None]
    ) -> None:
        self._desk, self._keys, self._bounds, self._address = desk, keys, bounds, address
        self._check_url = check_url

    async def make(self, request: Request) -> None:
        """Make one, or see that there is the same."""
        owner, id = self._whose(request)
        asked = await self._read(request, asking.subscription)
        wish = _wish(asked)
        if wish.url is not None:
            self._check_url(wish.url)
        subscription, is_new = await self._desk.make(owner, id, wish, self._address.of(request))
        self._answer(request, 201 if is_new else 200, self._object(subscription))

    async def show(self, request: Request) -> None:
        """One, with how far it is."""
        self._answer(request, 200, self._object(self._desk.find(*self._whose(request))))

    async def delete(self, request: Request) -> None:
        """No more of it."""
        await self._desk.delete(*self._whose(request))
        request.answer(204, b"")

    async def add(self, request: Request) -> None:
        """More streams."""
        owner, id = self._whose(request)
        asked = await self._read(request, asking.streams)
        await self._desk.add(owner, id, [_plain(name, "streams") for name in asked.streams])
        request.answer(204, b"")

    async def remove(self, request: Request) -> None:
        """One stream less."""
        await self._desk.remove(*self._whose(request), plain(request.path_parameters["stream"]))
        request.answer(204, b"")

    async def claim(self, request: Request) -> None:
        """Take what is to be done."""
        owner, id = self._whose(request)
        asked = await self._read(request, asking.claim)
        subscription = await self._desk.claim(owner, id, asked.worker)
        state = subscription.state
        said = {
            "wake_id": state.wake,
            "generation": state.generation,
            "token": self._desk.tokens.make(owner, id, state.generation),
            "streams": [stream_object(each) for each in subscription.told()],
            "lease_ttl_ms": int(subscription.made.wish.lease * 1000),
        }
        self._answer(request, 200, said)

    async def ack(self, request: Request) -> None:
        """How far a worker is."""
        await self._ack(request, is_webhook=False)

    async def callback(self, request: Request) -> None:
        """The same, of whoever was called."""
        await self._ack(request, is_webhook=True)

    async def _ack(self, request: Request, *, is_webhook: bool) -> None:
        owner, id, generation = self._at_work(request)
        asked = await self._read(request, asking.ack)
        acks = {plain(ack.stream): ack.offset for ack in asked.acks}
        wake = (generation, asked.generation, asked.wake_id)
        next_wake = await self._desk.ack(owner, id, wake, acks, is_done=asked.done, is_webhook=is_webhook)
        self._answer(request, 200, {"ok": True, "next_wake": next_wake})

    async def release(self, request: Request) -> None:
        """Give it up."""
        owner, id, generation = self._at_work(request)
        asked = await self._read(request, asking.wake)
        await self._desk.release(owner, id, (generation, asked.generation, asked.wake_id))
        request.answer(204, b"")

    async def keys(self, request: Request) -> None:
        """What signatures are verified with."""
        request.add_headers(COMMON)
        keys = [self._desk.signer.public(owner) for owner in self._keys.owners]
        body = msgspec.json.encode({"keys": keys})
        request.answer(200, body, b"cache-control: public, max-age=300\r\n", kind=b"application/jwk-set+json")

    def _whose(self, request: Request) -> tuple[str, str]:
        request.add_headers(COMMON)
        return self._keys.owner(request.headers), _id(request)

    def _at_work(self, request: Request) -> tuple[str, str, int]:
        """Whose it is, as the token says, and of which generation."""
        request.add_headers(COMMON)
        id = _id(request)
        owner, generation = self._desk.tokens.read(id, key_in(request.headers))
        return owner, id, generation

    async def _read(self, request: Request, decoder: "msgspec.json.Decoder[T]") -> T:
        body = await request.body(self._bounds.bytes, self._bounds.seconds)
        try:
            return strict.decode(decoder, body)
        except BadRequest as error:
            raise InvalidRequest(error.message, param=error.param) from None

    def _answer(self, request: Request, status: int, said: dict[str, Any]) -> None:
        request.answer(status, msgspec.json.encode(said), NO_STORE)

    def _object(self, subscription: Subscription) -> dict[str, Any]:
        made, wish = subscription.made, subscription.made.wish
        links = [
            {
                "path": link.stream,
                "link_type": "explicit" if link.is_explicit else "glob",
                "acked_offset": link.acked,
            }
            for link in subscription.links.values()
        ]
        return {
            "id": subscription.id,
            "subscription_id": subscription.id,
            "type": wish.kind,
            "pattern": wish.pattern,
            "streams": links,
            "webhook": None if wish.url is None else {"url": wish.url, "signing": self._signing(subscription)},
            "wake_stream": wish.wake_stream,
            "lease_ttl_ms": int(wish.lease * 1000),
            "created_at": datetime.fromtimestamp(made.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "status": "failed" if subscription.state.failures else "active",
            "description": wish.description,
        }

    def _signing(self, subscription: Subscription) -> dict[str, str] | None:
        try:
            kid = self._desk.signer.public(subscription.owner).kid
        except CannotSign:
            return None
        return {"alg": "ed25519", "kid": kid, "jwks_url": f"{subscription.made.address}{ROOT}/jwks.json"}


def _wish(asked: asking.SubscriptionRequest) -> Wish:
    pattern = None if asked.pattern is None else _plain(asked.pattern, "pattern")
    streams = sorted({_plain(name, "streams") for name in asked.streams})
    if pattern is None and not streams:
        raise InvalidRequest("Either 'pattern' or 'streams' must say which streams are meant.", param="pattern")
    if pattern is not None and pattern.count("/") >= asking.MAX_SEGMENTS:
        raise InvalidRequest(f"'pattern' may have {asking.MAX_SEGMENTS} segments.", param="pattern")
    is_webhook = asked.type == "webhook"
    if is_webhook and asked.webhook is None:
        raise InvalidRequest("A webhook needs 'webhook.url'.", param="webhook.url")
    if not is_webhook and asked.wake_stream is None:
        raise InvalidRequest("A pull-wake needs a 'wake_stream'.", param="wake_stream")
    return Wish(
        kind=asked.type,
        lease=asked.lease_ttl_ms / 1000,
        pattern=pattern,
        streams=tuple(streams),
        url=asked.webhook.url if is_webhook and asked.webhook is not None else None,
        wake_stream=None if is_webhook or asked.wake_stream is None else _plain(asked.wake_stream, "wake_stream"),
        description=asked.description,
    )


def _plain(name: str, param: str) -> str:
    name = plain(name)
    if not name:
        raise InvalidRequest(f"'{param}' must have more in it than slashes.", param=param)
    return name


def _id(request: Request) -> str:
    id = request.path_parameters["id"]
    if len(id) > asking.MAX_NAME:
        raise InvalidRequest(f"A subscription's name has at most {asking.MAX_NAME} characters.")
    return id


def error_body(error: HeadgateError) -> bytes:
    """As the protocol's clients are told of an error."""
    said: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.param is not None:
        said["param"] = error.param
    if isinstance(error, AlreadyClaimed):
        said |= {"current_holder": error.holder, "generation": error.generation}
    return msgspec.json.encode({"error": said})


def routes(subscriptions: Subscriptions) -> list[Route]:
    """The routes of subscriptions; they go before those of all other streams."""
    one = ROOT + "/subscriptions/{id}"

    def route(method: str, path: str, handler: Handler, doc: Doc, *, needs_key: bool = True) -> Route:
        return Route(method=method, path=path, handler=handler, error=error_body, doc=doc, needs_key=needs_key)

    return [
        route("GET", ROOT + "/jwks.json", subscriptions.keys, docs.JWKS, needs_key=False),
        route("GET", one, subscriptions.show, docs.SHOW),
        route("PUT", one, subscriptions.make, docs.MAKE),
        route("DELETE", one, subscriptions.delete, docs.DELETE),
        route("POST", one + "/streams", subscriptions.add, docs.ADD),
        route("DELETE", one + "/streams/{stream:path}", subscriptions.remove, docs.REMOVE),
        route("POST", one + "/claim", subscriptions.claim, docs.CLAIM),
        route("POST", one + "/ack", subscriptions.ack, docs.ACK),
        route("POST", one + "/release", subscriptions.release, docs.RELEASE),
        route("POST", one + "/callback", subscriptions.callback, docs.CALLBACK),
    ]
