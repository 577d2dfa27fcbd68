"""The two endpoints that begin an answer and say where it is found."""

import time
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from headgate.dialects.offload import chaining, errors, status, tokens, urls
from headgate.dialects.offload import note as notes
from headgate.dialects.offload.found import Answers, Found
from headgate.dialects.offload.note import Note
from headgate.dialects.offload.tokens import Tokens
from headgate.dialects.openai import Bounds, check_text
from headgate.errors import BadRequest, NotFound
from headgate.formats import offload as reading
from headgate.formats.offload import Asked, Parent
from headgate.keys import Keys
from headgate.runs import Engine, Run, Wishes
from headgate.store.base import Hook
from headgate.web.address import PublicAddress
from headgate.web.http import Request, run_headers
from headgate.web.routes import Handler
from headgate.web.starting import begin, recall

HOOK = "offload"
"""The form of the message to a webhook, which `announcing` writes."""

STAND_IN = "default"
"""The alias that answers where nobody has the model that is meant when none is named."""

MAX_OWN_KEY = 512

STREAM_README = "Open `stream_events_url` to read the answer along as it is made."
ASYNC_README = "Load `status_url` again and again: it shows how far the answer is."


class Asking:
    """The endpoints, over one engine."""

    def __init__(self, engine: Engine, keys: Keys, bounds: Bounds, address: PublicAddress, answers: Answers) -> None:
        self._engine, self._keys, self._bounds = engine, keys, bounds
        self._address, self._answers = address, answers

    def ask(self, endpoint: str, *, streams: bool) -> Handler:
        """The handler of one of them."""

        async def handle(request: Request) -> None:
            owner = self._keys.owner(request.headers)
            key, organization = _own_key(request)
            body = await request.body(self._bounds.bytes, self._bounds.seconds)
            check_text(body)
            asked = reading.read(body)
            if (known := await recall(self._engine, request, owner=owner, body=body)) is not None:
                await self._promise(request, known, None)
                return
            parent = None if asked.parent is None else await self._parent(asked.parent)
            messages = asked.fields["messages"] if parent is None else self._continued(parent, asked)
            model = await self._model(asked.model)
            call = reading.call(asked, model, messages, stream=streams or reading.wants_stream(asked))
            note = _note(endpoint, asked, parent, streams, self._address.of(request))
            secrets = self._tokens(request, note) if note.is_private else None
            if model != asked.model:
                # It was given for whom the client had in mind, and not for whoever stands in.
                key = organization = ""
            wishes = Wishes(
                keep=True,
                limits=_limits(asked),
                names=(urls.name(note.stem),),
                note=notes.encode(note if secrets is None else _locked(note, secrets)),
                hooks=(Hook(asked.webhook, HOOK),) if asked.webhook else (),
                key=key,
                organization=organization,
            )
            begun = await begin(self._engine, request, call, owner=owner, body=body, wishes=wishes, hook=HOOK)
            if begun is not None:
                await self._promise(request, begun.run, secrets if begun.is_new else None)

        return handle

    async def _promise(self, request: Request, run: Run, secrets: Tokens | None) -> None:
        # An address that was given must mean something, also when the server is killed the next moment.
        await self._engine.settle(run)
        note = notes.decode(run.head.note)
        authorization: dict[str, str] = {"access": note.access}
        if note.is_private:
            told = secrets or self._tokens(request, note)
            authorization["bearer_token"] = told.bearer
            if note.streams:
                authorization["stream_url_arg"] = f"stream_token={told.stream}"
        request.add_headers(run_headers(run.id) + status.UNCACHED)
        request.answer(
            200,
            msgspec.json.encode(
                {
                    "status": "success",
                    "created_at": note.created,
                    "conversation_id": note.conversation,
                    "README": STREAM_README if note.streams else ASYNC_README,
                    "authorization": authorization,
                    "endpoints": status.endpoints(note, self._address.of(request), is_over=False),
                }
            ),
        )

    def _tokens(self, request: Request, note: Note) -> Tokens:
        """New ones; but the same again for a request that may come again."""
        key = request.headers.get(b"idempotency-key")
        return tokens.new() if key is None else tokens.repeatable(self._engine.store.secret, key, note.stem)

    async def _model(self, asked: str) -> str:
        """The model to find; on a server that does not have the usual one, what stands in for it."""
        try:
            await self._engine.catalogue.find(asked)
        except NotFound:
            if asked != reading.MODEL or STAND_IN not in self._engine.catalogue.aliases:
                raise
            return STAND_IN
        return asked

    async def _parent(self, parent: Parent) -> Found:
        stem = urls.stem_in(parent.url)
        if stem is None:
            raise reading.no_parent()
        found = await self._answers.at(stem)
        if found is None:
            raise errors.unknown_parent()
        if found.note.is_private and not tokens.fits(parent.token, found.note.bearer):
            raise errors.wrong_parent_token()
        if not found.run.is_over:
            raise errors.StillRunning(
                "The answer at 'from_status_url' is still being made; its conversation cannot go on yet.",
                param="from_status_url",
            )
        return found

    def _continued(self, parent: Found, asked: Asked) -> msgspec.Raw:
        answer = self._answers.answer(parent.run)
        message: dict[str, Any] | None = None
        if answer.choices:
            message = status.body(parent.run.head, answer)["choices"][0]["message"]
        most = asked.parent.max_length if asked.parent is not None else None
        return chaining.continued(
            parent.run.head.request, message, asked.fields["messages"], most=most, limit=self._bounds.bytes
        )


def _note(endpoint: str, asked: Asked, parent: Found | None, streams: bool, base: str) -> Note:
    """What is remembered, but for the digests of its tokens."""
    created, file = int(time.time()), str(uuid.uuid4())
    # A conversation has the id of its first answer, whose address nobody else's may share.
    conversation = asked.conversation or (file if parent is None else parent.note.conversation)
    return Note(
        endpoint=endpoint,
        created=created,
        stem=urls.stem(asked.access, created, file),
        access=asked.access,
        conversation=conversation,
        model=asked.model,
        timeout=asked.timeout,
        connect_timeout=asked.connect_timeout,
        streams=streams,
        base=base,
        parent="" if parent is None else parent.note.stem,
    )


def _locked(note: Note, secrets: Tokens) -> Note:
    stream = tokens.digest(secrets.stream) if note.streams else ""
    return msgspec.structs.replace(note, bearer=tokens.digest(secrets.bearer), stream=stream)


def _limits(asked: Asked) -> Mapping[str, float]:
    """The client says how long the whole may take; within that it may take its time."""
    whole = asked.timeout
    return {"connect": asked.connect_timeout, "first_event": whole, "idle": whole, "total": whole}


def _own_key(request: Request) -> tuple[str, str]:
    """The caller's own key at the provider, and the organization it is used for; "" for none."""
    key, organization = (
        request.headers.get(header, b"").decode("latin-1").strip()
        for header in (b"x-openai-api-key", b"x-openai-organization")
    )
    for name, value in (("X-OpenAI-API-Key", key), ("X-OpenAI-Organization", organization)):
        # The value is not repeated: it may be a key with a slip in it.
        if len(value) > MAX_OWN_KEY or not (value.isascii() and value.isprintable()) or " " in value:
            raise BadRequest(f"'{name}' must be printable characters without spaces.", param=name, code="invalid_value")
    return key, organization
