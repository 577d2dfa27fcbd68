"""What is wrong with a request is said in the words of its own language, JSON."""

import msgspec
import pytest

from headgate.errors import BadRequest
from headgate.formats.strict import decode


class Asked(msgspec.Struct):
    n: int = 0
    share: float = 0.0
    name: str | None = None
    loud: bool = False
    words: list[str] = []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"n": "1"}', "Invalid value for 'n': expected 'integer', got 'string'."),
        (b'{"share": true}', "Invalid value for 'share': expected 'number', got 'boolean'."),
        (b'{"name": 1}', "Invalid value for 'name': expected 'string | null', got 'integer'."),
        (b'{"loud": 1.5}', "Invalid value for 'loud': expected 'boolean', got 'number'."),
        (b'{"words": {}}', "Invalid value for 'words': expected 'array', got 'object'."),
        (b"7", "Invalid request: Expected 'object', got 'integer'."),
    ],
)
def test_types_have_their_names_in_json(body: bytes, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode(msgspec.json.Decoder(Asked), body)
    assert caught.value.message == said
