"""What functions may be called: what every provider takes as the name of one."""

import hashlib
import re
from collections.abc import Container

MAX_NAME = 64
"""Characters, at OpenAI and Anthropic both."""

WORDS = f"letters, digits, underscores and hyphens, begin with a letter or an underscore, and have at most {MAX_NAME}"
"""How a sentence goes on after "a name may hold"."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_WILD = re.compile(r"[*?\[]")
_OTHER = re.compile(r"[^A-Za-z0-9_-]+")


def is_name(text: str) -> bool:
    """Whether models can call a function that."""
    return _NAME.fullmatch(text) is not None


def is_pattern(text: str) -> bool:
    """Whether it may mean several names, as `files_*` does."""
    return _WILD.search(text) is not None


def may_begin(text: str, prefix: str) -> bool:
    """Whether a name, or one that a pattern means, may begin with the prefix."""
    head = _WILD.split(text)[0]
    return head.startswith(prefix) or (is_pattern(text) and prefix.startswith(head))


def name_for(text: str, taken: Container[str] = ()) -> str:
    """A name as near as possible to one that somebody else chose, and none of those that are taken."""
    name = _OTHER.sub("_", text) or "_"
    if not _NAME.match(name[0]):
        name = f"_{name}"
    if len(name) <= MAX_NAME and name not in taken:
        return name
    # What the rest of the name was is told by a few letters that come out the same every time.
    mark = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{name[: MAX_NAME - 9]}_{mark}"
