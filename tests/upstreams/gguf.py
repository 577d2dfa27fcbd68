"""Writes models in llama.cpp's file format, version 3: as much of it as a model of a few tables needs."""

import struct
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Value: TypeAlias = bool | int | float | str | Sequence[int] | Sequence[float] | Sequence[str]

_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_ALIGNMENT = 32


@dataclass(frozen=True)
class Table:
    """A tensor of 32-bit floats; the first size is that of its rows."""

    sizes: tuple[int, ...]
    numbers: "array[float]"


def write(path: Path, facts: Mapping[str, Value], tables: Mapping[str, Table]) -> None:
    """One file with what is known about a model, and its weights."""
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tables), len(facts))]
    head += [_text(name) + _value(value) for name, value in facts.items()]
    offset = 0
    for name, table in tables.items():
        sizes = struct.pack(f"<I{len(table.sizes)}Q", len(table.sizes), *table.sizes)
        head.append(_text(name) + sizes + struct.pack("<IQ", 0, offset))
        offset += _padded(4 * len(table.numbers))
    with path.open("wb") as file:
        file.write(_pad(b"".join(head)))
        for table in tables.values():
            file.write(_pad(table.numbers.tobytes()))


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Value) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", _BOOL, value)
        case int():
            return struct.pack("<II", _UINT32, value)
        case float():
            return struct.pack("<If", _FLOAT32, value)
        case str():
            return struct.pack("<I", _STRING) + _text(value)
        case _:
            return _list(value)


def _list(values: Sequence[int] | Sequence[float] | Sequence[str]) -> bytes:
    texts = [value for value in values if isinstance(value, str)]
    if texts:
        kind, data = _STRING, b"".join(map(_text, texts))
    elif all(isinstance(value, int) for value in values):
        kind, data = _INT32, struct.pack(f"<{len(values)}i", *values)
    else:
        kind, data = _FLOAT32, struct.pack(f"<{len(values)}f", *values)
    return struct.pack("<IIQ", _ARRAY, kind, len(values)) + data


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _pad(data: bytes) -> bytes:
    return data + bytes(_padded(len(data)) - len(data))
