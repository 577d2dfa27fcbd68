"""POST /.well-known/mercure: an update is published."""

from headgate.dialects.mercure.authority import Authority
from headgate.dialects.mercure.board import Board
from headgate.dialects.mercure.failures import NotGranted
from headgate.dialects.mercure.matchers import Matchers
from headgate.dialects.mercure.topics import PATH, is_reserved
from headgate.dialects.mercure.updates import Update, read_update
from headgate.errors import BadRequest, Forbidden
from headgate.web.http import Request

_FORM = b"application/x-www-form-urlencoded"


class Publishing:
    """The endpoint."""

    def __init__(self, board: Board, matchers: Matchers, authority: Authority, limit: int, patience: float) -> None:
        self._board, self._matchers, self._authority = board, matchers, authority
        self._limit, self._patience = limit, patience

    async def publish(self, request: Request) -> None:
        """Tell everybody who asks for it, and the publisher its id."""
        request.add_headers(self._authority.cors(request))
        grants = self._authority.publisher(request)
        if request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != _FORM:
            raise BadRequest(f"An update is a form: {_FORM.decode()}.", status=415, code="unsupported_media_type")
        update = read_update(await request.body(self._limit, self._patience))
        for topic in update.topics:
            if is_reserved(topic, self._matchers.hub):
                raise Forbidden(f"Topics below {PATH} are the hub's own.", code="reserved_topic", param="topic")
            if not self._matchers.any_accepts(grants.publish, (topic,)):
                raise NotGranted("This access token does not allow to publish to this topic.", param="topic")
        self._board.publish(update)
        _answer(request, update)


def _answer(request: Request, update: Update) -> None:
    request.answer(200, update.id.encode(), b"cache-control: no-store\r\n", kind=b"text/plain; charset=utf-8")
