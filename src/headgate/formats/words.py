"""Several texts as one, for formats that have a place for one only."""

from collections.abc import Iterable


def together(texts: Iterable[str]) -> str:
    """
    The texts one after the other, each on lines of its own.

    Nothing is put between two that were made to follow each other: white space is where they meet.
    """
    whole = ""
    for text in texts:
        meets = not whole or not text or whole[-1].isspace() or text[0].isspace()
        whole += text if meets else "\n" + text
    return whole
