"""What a follower makes of a log, without any server."""

import pytest

from headgate.cli.following import Channel
from headgate.cli.screen import safe
from headgate.cli.sse import Message, Reader

STREAM = b': k\nevent: text\nid: 0\ndata: {"a": 1}\n\n: k\n: k\ndata: [DONE]\n\nid: 7\n\ndata: {"b": "\xc5\xbe"}\n\n'


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_messages_are_found_wherever_the_stream_is_cut(size: int) -> None:
    reader = Reader()
    found = [m for i in range(0, len(STREAM), size) for m in reader.feed(STREAM[i : i + size])]
    assert found == [
        Message("0", b'{"a": 1}'),
        Message("", b"[DONE]"),
        Message("", b'{"b": "\xc5\xbe"}'),
    ]


@pytest.mark.parametrize("known", ["", "a", "abc", "abcd", "abcdefg"])
@pytest.mark.parametrize("pieces", [["abcdefg"], ["ab", "cd", "efg"], ["a", "b", "", "c", "defg"]])
def test_a_replay_shows_only_what_is_new(known: str, pieces: list[str]) -> None:
    shown: list[str] = []
    channel = Channel(shown.append)
    channel.add(known)
    for piece in pieces:
        channel.replay(piece)
    channel.replay("!")
    assert channel.text == "".join(shown) == "abcdefg!"


def test_foreign_text_keeps_its_lines_and_loses_its_commands() -> None:
    assert safe("a\tb\nc\x1b[2J\x07\r\x9b31md\x00é🐎") == "a\tb\nc[2J31mdé🐎"
