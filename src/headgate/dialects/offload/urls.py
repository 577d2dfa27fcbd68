"""
The addresses of an offloaded answer: given to clients, and read back.

    /{node}/r/{pub|priv}/{YYYY/MM/DD/HH/MM/SS}/{uuid}{.json|.txt|.raw|/stop}

The stem, everything before the ending, is also the name that the run is found by. The uuid is random,
so who was not given an address cannot make one up.
"""

import re
import time
from urllib.parse import urlsplit

from headgate.formats.offload import Access

NODE = 1
"""Which server of several keeps the answer; there is one so far."""

NAMES = "offload"
"""How the names of these runs begin."""

STATUS, EVENTS, RAW, STOP = ".json", ".txt", ".raw", "/stop"

_FOLDERS: dict[Access, str] = {"public": "pub", "private": "priv"}

_STEM = re.compile(r"/1/r/(?:pub|priv)/[0-9]{4}(?:/[0-9]{2}){5}/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def stem(access: Access, created: int, file: str) -> str:
    """The part that all addresses of one answer share; the time is that of Greenwich."""
    when = time.strftime("%Y/%m/%d/%H/%M/%S", time.gmtime(created))
    return f"/{NODE}/r/{_FOLDERS[access]}/{when}/{file}"


def stem_of(path: str, ending: str) -> str | None:
    """The stem of a request's path; None when it is no address of ours."""
    found = path.removesuffix(ending)
    return found if found != path and _STEM.fullmatch(found) else None


def stem_in(url: str) -> str | None:
    """
    The stem of a status address that somebody kept; None when it is none.

    Its host does not matter: no request is ever made to it, and the same server has several names.
    """
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    if not path.endswith(STATUS):
        return None
    # A server behind a proxy may be given a folder of its host, which comes first.
    found = re.search(_STEM.pattern + r"\Z", path.removesuffix(STATUS))
    return None if found is None else found[0]


def name(stem: str) -> str:
    """What the run of that answer is found by."""
    return NAMES + stem
