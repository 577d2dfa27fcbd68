"""
Values that SQLite takes as they are, made known as such.

Of every value but text and numbers Python's sqlite3 asks whether it would rather be another one: by three look-ups
that fail, which take longer than to store it. Whoever has said what becomes of a type is not asked.
"""

import sqlite3


def register() -> None:
    """For the whole process; to do it again does nothing."""
    sqlite3.register_adapter(bytes, bytes)
    sqlite3.register_adapter(bool, int)
    sqlite3.register_adapter(type(None), {None: None}.get)
