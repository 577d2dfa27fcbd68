"""
Letters as numbers, to be looked for in bytes.

To look for a number in bytes takes a tenth of what it takes to look for bytes: of those Python first finds out, by an
error that nobody sees, that they are no number.
"""

LF, CR = b"\n\r"
HASH = ord("#")
