"""The two endpoints that chat."""

import functools
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from headgate.calls import Call
from headgate.dialects.openai import Bounds, check_text
from headgate.dialects.purai import errors, notes
from headgate.dialects.purai.planning import Planner, Scope
from headgate.errors import HeadgateError
from headgate.formats import openai_chat, purai
from headgate.formats.purai import Asked, Personality, Plan
from headgate.keys import Keys
from headgate.runs import Engine, Run, Wishes
from headgate.web.answers import Face, answer
from headgate.web.http import Request
from headgate.web.routes import Handler
from headgate.web.starting import begin, recall

SDK = b"x-stainless-lang"
"""What OpenAI's libraries say of themselves; others that are made with the same generator do too."""


class Made(NamedTuple):
    """A run, and how its answer is to be told."""

    run: Run
    call: Call
    plan: Plan


class Asking:
    """The endpoints, over one engine."""

    def __init__(
        self,
        engine: Engine,
        keys: Keys,
        bounds: Bounds,
        planner: Planner,
        personalities: Mapping[str, Personality],
    ) -> None:
        self._engine, self._keys, self._bounds = engine, keys, bounds
        self._planner, self._personalities = planner, personalities

    def ask(self, scope: Scope) -> Handler:
        """The handler of one of them."""

        async def handle(request: Request) -> None:
            owner = self._keys.owner(request.headers)
            body = await request.body(self._bounds.bytes, self._bounds.seconds)
            check_text(body)
            asked = purai.read(body, request.query())
            if (known := await recall(self._engine, request, owner=owner, body=body)) is not None:
                # Who is asked today need not be whom it was asked of.
                made: Made | None = Made(known, openai_chat.read(known.head.request), _plan_of(known))
            else:
                made = await self._begin(request, asked, scope, owner, body)
            if made is not None:
                await self._answer(request, made)

        return handle

    async def _begin(self, request: Request, asked: Asked, scope: Scope, owner: str, body: bytes) -> Made | None:
        personality = self._personality(asked, scope)
        plan = await self._planner.plan(asked, personality, scope)
        plan = msgspec.structs.replace(plan, is_for_sdk=SDK in request.headers)
        # Whoever is asked in place of an alias is asked for what the alias brings.
        brought = self._engine.equipment.brings(asked.model, owner)
        call = purai.call(asked, plan.names, personality, functions=brought.functions, prompt=brought.prompt)
        wishes = Wishes(note=notes.encode(plan))
        begun = await begin(self._engine, request, call, owner=owner, body=body, wishes=wishes)
        if begun is None:
            return None
        return Made(begun.run, call, plan if begun.is_new else _plan_of(begun.run))

    async def _answer(self, request: Request, made: Made) -> None:
        try:
            await answer(self._engine, made.run, made.call, face(made.plan), request)
        except HeadgateError as error:
            raise errors.told(error, is_raw=made.plan.is_raw) from error

    def _personality(self, asked: Asked, scope: Scope) -> Personality | None:
        if asked.personality is None:
            return None
        if not scope.is_official:
            raise errors.no_personality_here(scope.path)
        found = self._personalities.get(asked.personality)
        if found is None:
            raise errors.unknown_personality(asked.personality, self._personalities)
        return found


def _plan_of(run: Run) -> Plan:
    return notes.plan_of(run) or Plan()


def face(plan: Plan) -> Face:
    """How a request with that plan is answered."""
    writer, whole = functools.partial(purai.Writer, plan=plan), functools.partial(purai.whole, plan=plan)
    return Face(openai_chat.read, writer, whole, cuts=True)
