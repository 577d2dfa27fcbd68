"""GET /message/stream: many channels as one stream of server-sent events."""

from headgate.dialects.messaging.forms import EventForm
from headgate.dialects.messaging.switchboard import Switchboard
from headgate.dialects.messaging.wishes import read_wish
from headgate.formats import sse
from headgate.web.http import Request

FORM = EventForm()


class Streams:
    """The endpoint."""

    def __init__(self, switchboard: Switchboard) -> None:
        self.switchboard = switchboard

    async def listen(self, request: Request) -> None:
        """Tell what is said, until the client leaves."""
        wish = read_wish(request.scope, request.headers)
        visitor = self.switchboard.authority.visitor(request.headers, wish.token)
        connection = self.switchboard.connect(visitor, wish, FORM, with_own=not wish.channels)
        request.on_leave(connection.end)
        try:
            if not request.begin_stream():
                return
            connection.subscription.pour_into(request.exchange)
            while (piece := await connection.next()) is not None:
                await request.write(piece or sse.KEEP_ALIVE, more=True)
            await request.write(b"", more=False)
        finally:
            request.on_leave(None)
            self.switchboard.disconnect(connection)
