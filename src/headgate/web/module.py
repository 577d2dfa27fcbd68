"""headgate.js: the module that pages talk to us with."""

import hashlib
from pathlib import Path
from typing import NamedTuple

PATH = "/headgate.js"
KIND = b"text/javascript; charset=utf-8"

_FILE = Path(__file__).parent / "static" / "headgate.js"


class Module(NamedTuple):
    """Its text, and the headers that it comes with, as lines."""

    body: bytes
    etag: bytes
    headers: bytes

    def is_known(self, said: bytes | None) -> bool:
        """Whether who says that `If-None-Match` has this text already."""
        tags = [tag.strip().removeprefix(b"W/") for tag in (said or b"").split(b",")]
        return self.etag in tags or b"*" in tags


def module() -> Module:
    """The module, read once at start; browsers ask every time whether it is still the same, as it fits this server."""
    body = _FILE.read_bytes()
    etag = b'"%b"' % hashlib.sha256(body).hexdigest()[:32].encode()
    return Module(body, etag, b"etag: %b\r\ncache-control: no-cache\r\n" % etag)
