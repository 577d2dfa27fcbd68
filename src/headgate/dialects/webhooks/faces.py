"""What became of a run's messages, and sending one again."""

from typing import Any

import msgspec

from headgate.dialects.docs import webhooks as docs
from headgate.errors import Forbidden, NotFound
from headgate.formats import openai
from headgate.keys import Keys
from headgate.runs import Engine
from headgate.store.base import Delivery, Try
from headgate.web.doc import Doc
from headgate.web.http import Request, run_headers
from headgate.web.routes import Handler, Route
from headgate.webhooks import ENDPOINT, Addressing, Worker, message_id

_NO_STORE = b"cache-control: no-store\r\n"


class Webhooks:
    """The endpoints."""

    def __init__(self, engine: Engine, keys: Keys, addressing: Addressing, worker: Worker) -> None:
        self._engine, self._keys = engine, keys
        self._addressing, self._worker = addressing, worker

    async def of_run(self, request: Request) -> None:
        """The messages about one run."""
        deliveries = await self._deliveries(request)
        data = [await self._object(delivery) for delivery in deliveries]
        request.answer(200, msgspec.json.encode({"object": "list", "data": data}))

    async def redeliver(self, request: Request) -> None:
        """Send one again."""
        id = request.path_parameters["delivery"]
        found = next((each for each in await self._deliveries(request) if message_id(each) == id), None)
        if found is None:
            raise NotFound(f"There is no webhook '{id[:100]}' of this run.", code="webhook_not_found")
        delivery = await self._worker.redeliver(found)
        request.answer(200, msgspec.json.encode(await self._object(delivery)))

    async def secret(self, request: Request) -> None:
        """What messages to the key's own receivers are signed with."""
        owner = self._keys.owner(request.headers)
        if b"origin" in request.headers:
            # On a server without keys any page in a browser on this machine could ask.
            raise Forbidden("The secret is not for pages of other origins.", code="origin_refused")
        if self._addressing.configured:
            raise Forbidden("The secret is in the server's configuration.", code="secret_configured")
        (secret,) = self._addressing.secrets_of(owner, self._engine.store.secret)
        body = {"object": "webhook.secret", "secret": secret.reveal()}
        request.answer(200, msgspec.json.encode(body), _NO_STORE)

    async def _deliveries(self, request: Request) -> list[Delivery]:
        run = await self._engine.find(request.path_parameters["id"], self._keys.owner(request.headers))
        request.add_headers(run_headers(run.id))
        return await self._engine.store.deliveries(run.id, run.head.owner)

    async def _object(self, delivery: Delivery) -> dict[str, Any]:
        return delivery_object(delivery, await self._engine.store.tries(delivery.id))


def delivery_object(delivery: Delivery, tries: list[Try]) -> dict[str, Any]:
    """A message as clients see it. An endpoint of the configuration has a name for them, and no URL."""
    is_endpoint = delivery.kind.startswith(ENDPOINT)
    return {
        "id": message_id(delivery),
        "object": "webhook",
        "run": delivery.run,
        "form": None if is_endpoint else delivery.kind,
        "url": None if is_endpoint else delivery.url,
        "endpoint": delivery.kind.removeprefix(ENDPOINT) if is_endpoint else None,
        "status": delivery.status,
        "created": int(delivery.created),
        "due": None if delivery.due is None else int(max(delivery.due, delivery.created)),
        "note": delivery.note,
        "tries": [_try_object(tried) for tried in tries],
    }


def _try_object(tried: Try) -> dict[str, Any]:
    return {
        "at": int(tried.at),
        "status": tried.status or None,
        "error": tried.error or None,
        "seconds": round(tried.seconds, 3),
    }


def routes(engine: Engine, keys: Keys, addressing: Addressing, worker: Worker) -> list[Route]:
    """The routes of this dialect."""
    webhooks = Webhooks(engine, keys, addressing, worker)

    def route(method: str, path: str, handler: Handler, doc: Doc) -> Route:
        return Route(method=method, path=path, handler=handler, error=openai.error_body, doc=doc)

    return [
        route("GET", "/v1/runs/{id}/webhooks", webhooks.of_run, docs.LIST),
        route("POST", "/v1/runs/{id}/webhooks/{delivery}/redeliver", webhooks.redeliver, docs.REDELIVER),
        route("GET", "/v1/webhooks/secret", webhooks.secret, docs.SECRET),
    ]
