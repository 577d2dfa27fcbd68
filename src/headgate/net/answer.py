"""
Reads the answers that arrive on one connection: bytes in, head and body out, no I/O.

llhttp (through httptools) finds the message's parts. It never raises into our caller: whatever
is wrong with an answer ends up in `broken`. Three things make it cheap per chunk: body pieces go
to `list.append` without a Python frame, all pieces of one read become one, and nothing is
allocated between two reads. Around llhttp stand the bounds it does not have, and a stricter
view of how a body is delimited.
"""

import httptools

from headgate.net.decoding import Decoder, decoder_for
from headgate.net.errors import BrokenAnswer

MAX_SILENCE = 64 * 1024
"""How many bytes may arrive without one byte of body or an end: caps heads, trailers and chunk
extensions alike, which llhttp would collect or skip for ever."""

MAX_HEADERS = 200
"""Large providers send 20 to 40; without a bound a head of 64 KiB could hold 16,000."""

MAX_INTERIM = 16
"""1xx heads before the real one. One `100` or a few `103` are honest; an endless row of them would
keep a request in the air for ever."""

_TOO_LARGE = "The provider's answer has a head, or something else around its body, over the size limit."

_OPENINGS = (b"HTTP/1.1 ", b"HTTP/1.0 ")
_OPENING_SIZE = 9


class _Stop(Exception):
    """Makes llhttp stop; the reason is already noted."""


class Answer:
    """The answer that is being read; `expect` makes it ready for the next one."""

    status: int
    headers: dict[str, str]
    has_head: bool
    """The final head is here: `status`, `headers` and `decoder` are valid."""
    is_whole: bool
    broken: str | None
    """What is wrong with it; not an exception, which would keep whoever raised it alive."""
    is_over: bool
    """Whole or broken: nothing more will come of it."""
    keeps_alive: bool
    """The upstream will take another request on this connection."""
    decoder: Decoder | None
    """What the body has to go through, and be closed at the end."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.on_body = self._parts.append
        self._parser = httptools.HttpResponseParser(self)
        self._parse = self._parser.feed_data
        self.expect(has_body=True)

    def expect(self, *, has_body: bool) -> None:
        """Get ready for an answer; `has_body` is False for the answer to a HEAD request."""
        self.status = 0
        self.headers = {}
        self.has_head = self.is_whole = self.is_over = self.keeps_alive = self._ends_with_connection = False
        self.broken = self.decoder = None
        self._has_body = has_body
        self._opening: bytes | None = b""
        self._silence = self._head_size = self._repeated = self._interim = 0

    @property
    def has_begun(self) -> bool:
        """At least one byte of it arrived."""
        return self._opening != b""

    def feed(self, data: bytes) -> bytes:
        """Take whatever arrived, cut anywhere, and return the bytes of (still encoded) body in it."""
        if not self.has_head:
            self._head_size += len(data)
            if self._opening is not None:
                data = self._open(data)
        try:
            self._parse(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._refuse(error)
        parts = self._parts
        if parts:
            self._silence = 0
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            parts.clear()
            return body
        if not self.is_over:
            self._silence += len(data)
            if self._silence > MAX_SILENCE:
                self._break(_TOO_LARGE)
        return b""

    def end(self, *, is_clean: bool) -> None:
        """The connection ended; `is_clean` when the upstream meant it to."""
        if self.is_over:
            return
        if not self.has_begun:
            self._break("The provider closed the connection without an answer.")
        elif not self.has_head:
            self._break("The provider's answer was cut short in its head.")
        elif self._ends_with_connection and is_clean:
            self.is_whole = self.is_over = True
        else:
            self._break("The provider's answer was cut short.")

    def check(self) -> None:
        """Raise BrokenAnswer if what there is, is not the whole of a good answer."""
        if self.broken is not None:
            raise BrokenAnswer(self.broken)
        if self.decoder is not None:
            self.decoder.close()

    def on_message_begin(self) -> None:
        if self.is_whole:
            # Bytes after the end belong to no request of ours: the answer stands, the connection does not.
            raise _Stop

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.has_head:
            return  # a trailer
        key, headers = name.decode("latin-1").lower(), self.headers
        text = value.decode("latin-1").rstrip(" \t")
        headers[key] = text if key not in headers else self._both(headers[key], text)
        if len(headers) > MAX_HEADERS:
            self._stop("The provider's answer has too many headers.")

    def _both(self, before: str, text: str) -> str:
        """Of a header that comes twice."""
        self._repeated += 1
        if len(self.headers) + self._repeated > MAX_HEADERS:
            self._stop("The provider's answer has too many headers.")
        return f"{before}, {text}"

    def on_headers_complete(self) -> None:
        self.status = status = self._parser.get_status_code()
        if status < 200:
            self._skip_interim(status)
            return
        headers = self.headers
        # A head that came in one read with much else is measured; most are not worth the sum.
        if self._head_size > MAX_SILENCE < sum(len(name) + len(value) + 4 for name, value in headers.items()):
            self._stop(_TOO_LARGE)
        if self._interim and self._parser.get_http_version() not in ("1.1", "1.0"):
            self._stop("The provider does not speak HTTP/1.1.")
        if "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked":
                self._stop("The provider's answer has a transfer encoding that was not asked for.")
        elif "content-length" not in headers:
            self._ends_with_connection = True
        if "content-encoding" in headers and self._has_body and status not in (204, 304):
            self._decode(headers["content-encoding"])
        self.keeps_alive = self._parser.should_keep_alive()
        self.has_head = True
        if not self._has_body:
            self._end_without_body()

    def on_message_complete(self) -> None:
        if self.has_head:
            self.is_whole = self.is_over = True

    def _open(self, data: bytes) -> bytes:
        """Hold an answer's first bytes back until they show that it is HTTP/1: llhttp takes RTSP and HTTP/2.0 too."""
        data = (self._opening or b"") + data
        if data.startswith(_OPENINGS):
            self._opening = None
            return data
        self._opening = data
        if not any(opening.startswith(data[:_OPENING_SIZE]) for opening in _OPENINGS):
            self._break("The provider does not speak HTTP/1.1.")
        return b""

    def _skip_interim(self, status: int) -> None:
        self._interim += 1
        if status == 101:
            self._stop("The provider switched to another protocol.")
        if status < 100:
            self._stop("The provider's answer has no valid status.")
        if self._interim > MAX_INTERIM:
            self._stop("The provider sends interim answers without end.")
        self.headers = {}

    def _decode(self, coding: str) -> None:
        try:
            self.decoder = decoder_for(coding)
        except BrokenAnswer as error:
            self._stop(error.message)

    def _end_without_body(self) -> None:
        # llhttp cannot be told that no body follows, so it would take the next answer for one.
        self.is_whole = self.is_over = True
        self.keeps_alive = False
        raise _Stop

    def _refuse(self, error: Exception) -> None:
        if self.is_whole:
            self.keeps_alive = False
        elif self.broken is None:
            self._break(f"The provider's answer is not valid HTTP ({error}).")

    def _stop(self, message: str) -> None:
        self._break(message)
        raise _Stop

    def _break(self, message: str) -> None:
        self.broken = message
        self.is_over = True
        self.keeps_alive = False
