"""
How every endpoint that makes runs begins one.

What a client may wish of any run is in headers (`wishing`); with an `Idempotency-Key` among them, the
same key gets the same run, which goes on without its client.
"""

import hashlib
from typing import NamedTuple, Protocol

import msgspec

from headgate.calls import Call
from headgate.errors import BadRequest, Conflict
from headgate.runs import NOTHING, Engine, Run, Wishes
from headgate.web.http import Scope
from headgate.web.wishing import with_headers

MAX_KEY = 255


class KeyReused(Conflict):
    """A key that stands for another request."""

    code = "idempotency_key_reused"


class Asker(Protocol):
    """Whoever asks: a request, or one turn of a conversation on a socket."""

    headers: dict[bytes, bytes]
    scope: Scope
    run: Run | None
    """The run it is about; noted here, as is whether it has made that run."""
    is_maker: bool

    @property
    def is_left(self) -> bool:
        """Whether the client has gone away."""


class Begun(NamedTuple):
    """A run for a request."""

    run: Run
    is_new: bool
    """False when the request's key had brought it forth before."""


async def recall(engine: Engine, request: Asker, *, owner: str, body: bytes) -> Run | None:
    """
    The run that the request's key stands for, if it was begun.

    For dialects that must look something up to make a call of the request: the first one found it, and it may be
    gone by now.
    """
    name = _name_of_key(request, owner)
    known = None if name is None else await engine.named(name)
    return None if known is None else _checked(known, _fingerprint(request, body))


async def begin(
    engine: Engine,
    request: Asker,
    call: Call,
    *,
    owner: str,
    body: bytes,
    wishes: Wishes = NOTHING,
    hook: str = "run",
) -> Begun | None:
    """
    Begin a run, or find the one that the request's key stands for.

    `hook` is the form of the message to the request's webhook. None when the client went away
    before it had begun, and nobody else would want it.
    """
    wishes = with_headers(wishes, request.headers, call, hook)
    name = _name_of_key(request, owner) if b"idempotency-key" in request.headers else None
    if name is not None:
        # Who may ask again comes back for this answer, so it goes on without its client.
        wishes = msgspec.structs.replace(
            wishes, keep=True, names=(*wishes.names, name), fingerprint=_fingerprint(request, body)
        )
        if (known := await engine.named(name)) is not None:
            return Begun(_checked(known, wishes.fingerprint), False)
    route = engine.catalogue.known(call.model, call.fallbacks)
    if route is None or call.named or call.model in engine.catalogue.assistants:
        await engine.equipment.prepare(call)
        route = await engine.catalogue.route(call.model, call.fallbacks)
        if request.is_left and not wishes.keep:
            # That took a while, and nobody waits for the answer any more.
            return None
    if name is not None and (known := engine.live_named(name)) is not None:
        return Begun(_checked(known, wishes.fingerprint), False)
    request.run, request.is_maker = engine.start(call, route, owner=owner, wishes=wishes), True
    return Begun(request.run, True)


def _name_of_key(request: Asker, owner: str) -> str | None:
    key = request.headers.get(b"idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= MAX_KEY:
        raise BadRequest(f"'Idempotency-Key' must have 1 to {MAX_KEY} characters.", code="invalid_idempotency_key")
    return f"key/{hashlib.sha256(key).hexdigest()}/{owner}"


def _fingerprint(request: Asker, body: bytes) -> bytes:
    return hashlib.sha256(request.scope["path"].encode() + b"\0" + body).digest()


def _checked(run: Run, fingerprint: bytes) -> Run:
    if run.head.fingerprint != fingerprint:
        raise KeyReused("This Idempotency-Key was used with another request.")
    return run
