"""What a file is that should be a recording, told by how it begins."""

ENOUGH = 4096
"""Bytes that show it."""

_OTHERS = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n\x1a\n", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "a database"),
)

_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\f\x1b")


def other_than_sound(start: bytes) -> str | None:
    """What it is instead, where that is certain: a decoder knows better of all the rest."""
    for sign, what in _OTHERS:
        if start.startswith(sign):
            return what
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "a picture"
    return "a text" if _is_text(start) else None


def _is_text(start: bytes) -> bool:
    if start.translate(None, _CONTROLS) != start:
        return False
    try:
        start.decode()
    except UnicodeDecodeError as error:
        # A character may be cut in two at the end.
        return error.start >= len(start) - 3 and len(start) == ENOUGH
    return True
