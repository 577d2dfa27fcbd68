"""A service's answer as it comes in, and as a model is told it."""

import re
from collections.abc import Mapping

import msgspec

from headgate.net import Flow
from headgate.tools.base import ToolError

MAX_COMPLAINT = 2000
"""Characters of an answer that is an error: what is wrong stands at its beginning."""

_TEXT = re.compile(
    r"text/|application/(.*\+)?(json|xml|yaml|javascript|x-www-form-urlencoded|x-ndjson)\b", re.IGNORECASE
)
_JSON = re.compile(r"application/(.*\+)?json\b", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9._-]+)", re.IGNORECASE)


class Answer:
    """Takes an answer in, up to a size."""

    def __init__(self, limit: int) -> None:
        self.status = 0
        self.location = ""
        self._kind = ""
        self._limit, self._size = limit, 0
        self._pieces: list[bytes] = []

    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        self.status = status
        self.location = headers.get("location", "")
        self._kind = headers.get("content-type", "")

    def on_body(self, data: bytes) -> bool:
        self._size += len(data)
        self._pieces.append(data)
        return self._size > self._limit

    def told(self) -> str:
        """The answer, for a model; raises ToolError for one that is an error."""
        text = self._text()
        if not 200 <= self.status < 300:
            said = f": {text[:MAX_COMPLAINT]}" if text else "."
            raise ToolError(f"The service answered {self.status}{said}")
        return text or f"[an empty answer: {self.status}]"

    def _text(self) -> str:
        body = b"".join(self._pieces)
        kind = self._kind.partition(";")[0].strip()
        if (kind and not _TEXT.match(kind)) or b"\x00" in body[:1024]:
            return f"[{kind or 'data'}, {'more than ' if self._is_cut else ''}{self._size:,} bytes that are no text]"
        text = _decode(body[: self._limit], self._kind)
        if self._is_cut:
            return f"{text}\n[cut: the answer is longer than {self._limit:,} bytes]"
        return _shorter(body, text) if _JSON.match(kind) else text

    @property
    def _is_cut(self) -> bool:
        return self._size > self._limit


def _decode(body: bytes, kind: str) -> str:
    charset = _CHARSET.search(kind)
    try:
        return body.decode(charset[1] if charset else "utf-8", "replace")
    except (LookupError, UnicodeError):
        return body.decode("utf-8", "replace")


def _shorter(body: bytes, text: str) -> str:
    """JSON without the spaces that a model would pay for."""
    try:
        return msgspec.json.format(body, indent=-1).decode()
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text
