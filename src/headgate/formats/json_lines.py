"""
Messages of JSON, each on a line of its own: so they can be counted, cut and joined without being read again.

A line end inside of JSON is nothing but white space, which leaves every message as it was said, to its last digit.
"""

import re

import msgspec

from headgate.errors import BadRequest
from headgate.formats import letters

_ESCAPE = re.compile(rb"\\(?:u[dD][89a-fA-F][0-9a-fA-F]{2}|.)", re.DOTALL)
_NO_SURROGATE = rb"\u0041"

_array = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder(msgspec.Raw)


def to_lines(body: bytes) -> bytes:
    """The messages of a body: those of an array, or itself; b"" for an empty array. Raises BadRequest for no JSON."""
    body = body.strip(b" \t\r\n")
    try:
        if not body.isascii():
            body.decode()
        messages = _messages(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest("The body is no valid JSON.", code="invalid_json") from None
    return b"".join([_line(message) for message in messages])


def to_array(lines: bytes) -> bytes:
    """The array of some messages."""
    return b"[%b]" % lines[:-1].replace(b"\n", b",")


def after(lines: bytes, count: int) -> int:
    """Where the line after that many begins; -1 when there are fewer."""
    at = 0
    for _ in range(count):
        at = lines.find(b"\n", at) + 1
        if not at:
            return -1
    return at


def _messages(body: bytes) -> list[bytes]:
    is_array = body.startswith(b"[")
    try:
        return [bytes(raw) for raw in _array.decode(body)] if is_array else [bytes(_value.decode(body))]
    except msgspec.DecodeError:
        # Half a pair of surrogates is no text, but it is JSON: JavaScript writes it where it has cut a text.
        whole = _ESCAPE.sub(_plain, body)
        if whole == body:
            raise
        if not is_array:
            _value.decode(whole)
            return [body]
        return _cut_like(_array.decode(whole), whole, body)


def _plain(escape: re.Match[bytes]) -> bytes:
    return escape[0] if len(escape[0]) < len(_NO_SURROGATE) else _NO_SURROGATE


def _cut_like(messages: list[msgspec.Raw], whole: bytes, body: bytes) -> list[bytes]:
    """A body's messages, which are where those of another of the same length are."""
    found, end = [], 1
    for message in messages:
        # Between two of them is nothing that one could begin with.
        first = whole.index(bytes(message), end)
        end = first + len(bytes(message))
        found.append(body[first:end])
    return found


def _line(message: bytes) -> bytes:
    if letters.LF in message or letters.CR in message:
        message = message.replace(b"\r", b" ").replace(b"\n", b" ")
    return message + b"\n"
