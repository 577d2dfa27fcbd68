"""
URI templates, as Mercure had them before 1.0: `https://example.com/books/{id}`.

Only plain variables are known (RFC 6570, level 1). A variable takes letters, digits, `-._~` and
percent-encoded bytes, so never a slash. All ways of matching are followed at once, as bits of one number:
what a template costs is the length of both, and nothing that a client writes can make it more.
"""

import re

_VARIABLE = re.compile(r"\{([A-Za-z0-9_.%]+)\}")
_TAKES = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%")


def is_template(text: str) -> bool:
    """Whether it has variables, and all of its braces are theirs."""
    plain = _VARIABLE.sub("", text)
    return len(plain) < len(text) and "{" not in plain and "}" not in plain


def matches(template: str, topic: str) -> bool:
    """Whether the topic is what the template comes to, for some values."""
    pieces = _VARIABLE.split(template)[::2]
    size = sum(map(len, pieces))
    letters: dict[str, int] = {}
    """For each character the places in the template's own text where it stands."""
    loops = 0
    """The places where a variable stands."""
    place = 0
    for number, piece in enumerate(pieces):
        if number:
            loops |= 1 << place
        for letter in piece:
            letters[letter] = letters.get(letter, 0) | 1 << place
            place += 1
    here = 1
    for letter in topic:
        here = (here & letters.get(letter, 0)) << 1 | (here & loops if letter in _TAKES else 0)
        if not here:
            return False
    return bool(here >> size & 1)
