"""What a request's first line asks for: a method, a path and a query."""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

import httptools

from headgate.formats import letters


class Target(NamedTuple):
    """As it came."""

    path: bytes
    query: bytes


def target_of(url: bytes) -> Target:
    """The path and the query; raises HttpParserInvalidURLError."""
    path, _, query = url.partition(b"?")
    if path[:1] == b"/" and letters.HASH not in url:
        return Target(path, query)
    # A whole address, as a client may send one to a proxy, or a fragment, which is none of ours.
    parts = httptools.parse_url(url)
    return Target(parts.path, parts.query or b"")


@lru_cache(maxsize=64)
def method_of(name: bytes) -> str:
    """As applications know it. Most requests are of the same few."""
    return name.decode()


@lru_cache(maxsize=256)
def text_of(path: bytes) -> str:
    """A path as applications know it. Most requests are for the same few."""
    return unquote(path.decode("ascii"))
