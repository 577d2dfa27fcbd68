"""Making responses."""

import msgspec

from headgate.calls import Call
from headgate.dialects import drop_in
from headgate.dialects.openai import Bounds, check_text
from headgate.dialects.responses import chaining
from headgate.dialects.responses.chaining import Find
from headgate.dialects.responses.face import RESPONSES, is_background
from headgate.dialects.responses.standing import Standing
from headgate.dialects.responses.streams import Streams
from headgate.errors import NotFound
from headgate.formats import openai_responses, strict
from headgate.keys import Keys
from headgate.runs import Engine, Run, Wishes
from headgate.web.answers import answer
from headgate.web.http import Request, run_headers
from headgate.web.starting import Asker, begin, recall

HOOK = "response"
"""OpenAI announces responses in a form of its own."""


class Asking:
    """The endpoint, over one engine."""

    def __init__(self, engine: Engine, keys: Keys, bounds: Bounds, streams: Streams, standing: Standing) -> None:
        self._engine, self._keys, self._bounds = engine, keys, bounds
        self._streams, self._standing = streams, standing

    async def ask(self, request: Request) -> None:
        """Make one, and answer with it, or with the promise of it."""
        owner = self._keys.owner(request.headers)
        body = await request.body(self._bounds.bytes, self._bounds.seconds)
        check_text(body)
        call = drop_in.meant(self._engine.catalogue, request.scope, openai_responses.read(body))
        run: Run | None = await recall(self._engine, request, owner=owner, body=body)
        if run is not None:
            # With what it goes on from, which may be forgotten by now.
            call = openai_responses.read(run.head.request)
        else:
            call = await self.complete(call, owner)
            run = await self.begin(request, call, owner, body)
            if run is None:
                return
        if is_background(call):
            await self._promise(run, call, request)
        else:
            await answer(self._engine, run, call, RESPONSES, request)

    async def complete(self, call: Call, owner: str, find: Find | None = None) -> Call:
        """The call with all that it goes on from, if it goes on from a response of ours."""
        previous = openai_responses.previous(call)
        if previous is None:
            return call
        try:
            before = await (self._engine.find(previous, owner) if find is None else find(previous))
        except NotFound:
            raise openai_responses.not_found(strict.value(call.fields, "previous_response_id")) from None
        return await chaining.continued(self._engine, call, before, self._bounds.bytes)

    async def begin(self, asker: Asker, call: Call, owner: str, body: bytes) -> Run | None:
        """Its run; None when nobody waits for it any more."""
        wishes = Wishes(keep=is_background(call))
        begun = await begin(self._engine, asker, call, owner=owner, body=body, wishes=wishes, hook=HOOK)
        return None if begun is None else begun.run

    async def _promise(self, run: Run, call: Call, request: Request) -> None:
        """Answer at once, but not before a crash could no longer make a liar of us."""
        request.add_headers(run_headers(run.id))
        await self._engine.settle(run)
        if call.stream:
            await self._streams.follow(run, request)
        else:
            request.answer(200, msgspec.json.encode(self._standing.object(run)))
