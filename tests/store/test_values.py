"""What SQLite is told of values."""

import sqlite3

import pytest

from headgate.store.sqlite import values


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"\x00\xff", b"\x00\xff"),
        (b"", b""),
        (None, None),
        (True, 1),
        (False, 0),
        ("é", "é"),
        (1.5, 1.5),
        (2**40, 2**40),
    ],
)
def test_values_are_kept_as_they_are(value: object, kept: object) -> None:
    """Whatever was made known of their types."""
    values.register()
    (found,) = sqlite3.connect(":memory:").execute("SELECT ?", (value,)).fetchone()
    assert (found, type(found)) == (kept, type(kept))
    types = (bytes, bool, type(None))
    assert all((each, sqlite3.PrepareProtocol) in sqlite3.adapters for each in types)
