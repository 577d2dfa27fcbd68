"""A golden file: what is said by each of several, one after the other, under a line with its name."""

import re

_TITLE = re.compile(rb"^==== (\w+)\n", re.MULTILINE)


def joined(said: dict[str, bytes]) -> bytes:
    """The file."""
    return b"".join(b"==== %b\n%b\n" % (name.encode(), each) for name, each in said.items())


def apart(file: bytes) -> dict[str, bytes]:
    """What is in it."""
    _, *found = _TITLE.split(file)
    return {name.decode(): said[:-1] for name, said in zip(found[::2], found[1::2], strict=True)}
