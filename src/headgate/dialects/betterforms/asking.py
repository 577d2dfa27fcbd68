"""`POST /stream/create`: begin an answer, and say at once that it will be told on channels."""

from typing import NamedTuple

from headgate.calls import Call
from headgate.channels import Hub, channel_id
from headgate.dialects import feathers
from headgate.dialects.betterforms import note as notes
from headgate.dialects.betterforms.note import Note
from headgate.dialects.messaging.visitors import Authority
from headgate.dialects.openai import Bounds, check_text
from headgate.errors import BadRequest, NotFound, Unavailable
from headgate.formats import betterforms, openai_chat, strict
from headgate.formats.betterforms import Asked
from headgate.formats.betterforms.requests import PROVIDERS
from headgate.keys import Keys
from headgate.runs import Engine, Run, Wishes
from headgate.web.answers import Following, check_outcome
from headgate.web.http import Request, run_headers
from headgate.web.outcome import outcome_headers
from headgate.web.starting import begin

STAND_IN = "default"
"""The alias that answers where nobody has the service that is asked for."""

KNOWN = frozenset(PROVIDERS.values())

CREATED = 201
"""What such servers answer to whoever creates something."""

PROMISE = b'{"success":true,"message":"Streaming setup complete"}'


class Begun(NamedTuple):
    """An answer that was begun."""

    run: Run
    call: Call


class Asking:
    """The endpoint, over one engine; the other one begins its answers here as well."""

    def __init__(self, engine: Engine, keys: Keys, bounds: Bounds, hub: Hub, authority: Authority) -> None:
        self.engine, self._keys, self._bounds = engine, keys, bounds
        self._hub, self._authority = hub, authority

    async def create(self, request: Request) -> None:
        """Stream to channels, or answer whole."""
        owner, body = await self.read(request)
        asked = betterforms.read(body)
        begun = await self.begin(request, owner, body, asked, is_rich=False)
        if begun is None:
            return
        if asked.stream:
            await self.promise(request, begun.run, PROMISE)
        elif await self.wait(request, begun.run):
            run, call = begun
            whole = openai_chat.whole(call, run.id, int(run.head.created), run.events)
            request.answer(CREATED, whole)

    async def read(self, request: Request) -> tuple[str, bytes]:
        """Who asks, by the key in the body or elsewhere, and what."""
        body = await request.body(self._bounds.bytes, self._bounds.seconds)
        check_text(body)
        return feathers.owner_of(self._keys, request.headers, strict.fields(body)), body

    async def begin(self, request: Request, owner: str, body: bytes, asked: Asked, *, is_rich: bool) -> Begun | None:
        """Begin what is asked, and have it told; None when nobody waits for it any more."""
        channels = self._authority.named(owner, [channel_id(name) for name in asked.channels], asked.scope)
        model, is_meant = await self._model(asked)
        call = betterforms.call(asked, model)
        note = Note(
            dialect="betterforms",
            action=asked.action,
            channels=tuple(channels) if asked.stream else (),
            is_rich=is_rich,
        )
        wishes = Wishes(
            keep=asked.stream,
            note=notes.encode(note),
            # It was given for the service that is named, and not for whoever stands in.
            key=asked.key if is_meant else "",
        )
        begun = await begin(self.engine, request, call, owner=owner, body=body, wishes=wishes)
        if begun is None:
            return None
        if begun.is_new:
            try:
                notes.attach(self._hub, begun.run, note)
            except Unavailable:
                # There is no room for its channels, so nobody would ever hear it.
                await self.engine.stop(begun.run)
                raise
        return Begun(begun.run, call)

    async def promise(self, request: Request, run: Run, said: bytes) -> None:
        """Say that the answer will be told."""
        # What was promised must come, also when the server is killed the next moment.
        await self.engine.settle(run)
        request.answer(CREATED, said, run_headers(run.id))

    async def wait(self, request: Request, run: Run) -> bool:
        """Wait for a whole answer; False when the client left. Raises what the client is to be told of a failure."""
        request.add_headers(run_headers(run.id))
        with Following(self.engine, run, request) as follower:
            while not run.is_over:
                await follower.news(run.shown)
                if follower.is_gone:
                    return False
        request.add_headers(outcome_headers(run))
        check_outcome(run)
        return True

    async def _model(self, asked: Asked) -> tuple[str, bool]:
        """The model to ask for, and whether it is the one that is meant and no stand-in."""
        catalogue, provider, model = self.engine.catalogue, asked.provider, asked.model
        if provider in catalogue.providers:
            if model:
                return f"{provider}/{model}", True
            raise BadRequest(
                "Missing required parameter: 'payload.model'.",
                param="payload.model",
                code="missing_required_parameter",
            )
        if provider and provider not in KNOWN:
            names = ", ".join(sorted({*KNOWN, *catalogue.providers}))
            raise BadRequest(
                f"The service '{provider[:100]}' is not known here; there are: {names}.",
                param="service",
                code="unknown_service",
            )
        try:
            await catalogue.find(model or STAND_IN)
        except NotFound:
            if not provider or STAND_IN not in catalogue.aliases:
                raise
            return STAND_IN, False
        return model or STAND_IN, not provider
