"""Random answers and random damage, read by us and by h11: what both accept must mean the same."""

import asyncio
import random
from collections.abc import Sequence
from typing import NamedTuple

import h11
import pytest

from headgate.net import BrokenAnswer, Client
from headgate.net.answer import MAX_SILENCE, Answer

from .answers import damage, make, pieces_of
from .conftest import Run
from .upstream import Kept, Peer, Play, Upstream, ask

STRICTER = {
    "lines that end in LF": "Missing expected CR",
    "lines that end in LF, after the status": "Invalid response status",
    "lines that end in LF, empty": "Invalid header field char",
    "control characters in a header": "Invalid header value char",
    "folded headers": "Unexpected whitespace after header value",
    "one length said twice": "Duplicate Content-Length",
    "length and chunks": "can't be present with",
    "spaces after a chunk's size": "Invalid character in chunk size",
    "HTTP of any digit": "does not speak HTTP/1.1",
    "HTTP of any digit, after an interim answer": "Invalid HTTP version",
    "an interim answer that says close": "Data after `Connection: close`",
}
"""What h11 takes and we do not, with what we say to it. No honest upstream sends any of these."""

TOLERATED = {
    "empty lines between an interim answer and the next": "no response line received",
    "control characters in the reason, which nobody reads": "illegal status line",
}
"""What we take and h11 does not, with what it says to it."""


class Read(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def joined(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(values) for name, values in found.items()}


def read_by_h11(data: bytes) -> Read | str:
    """What h11 understands, or why it does not."""
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_SILENCE)
    client.send(h11.Request(method="POST", target="/", headers=[("host", "x"), ("content-length", "0")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    client.receive_data(b"")
    status, headers, body = 0, {}, b""
    try:
        while True:
            match client.next_event():
                case h11.Response() as head:
                    status = head.status_code
                    headers = joined([(name.decode(), value.decode("latin-1")) for name, value in head.headers])
                case h11.Data() as piece:
                    body += bytes(piece.data)
                case h11.EndOfMessage():
                    return Read(status, headers, body)
                case h11.InformationalResponse():
                    pass
                case other:
                    return repr(other)
    except h11.RemoteProtocolError as error:
        return str(error)


def read_by_us(pieces: Sequence[bytes]) -> Read | str:
    answer = Answer()
    body = b""
    for piece in pieces:
        body += answer.feed(piece)
        if answer.is_over:
            break
    answer.end(is_clean=True)
    return Read(answer.status, answer.headers, body) if answer.broken is None else answer.broken


@pytest.mark.parametrize("batch", range(4))
def test_a_valid_answer_is_read_as_it_was_meant(batch: int) -> None:
    for seed in range(batch * 300, (batch + 1) * 300):
        chance = random.Random(seed)
        made = make(chance)
        read = read_by_us(pieces_of(made.data, chance))
        assert isinstance(read, Read), (seed, read)
        assert (read.status, read.body) == (made.status, made.body), seed
        # h11 adds and removes these two as the framing needs.
        framing = ("connection", "transfer-encoding")
        assert {n: v for n, v in read.headers.items() if n not in framing} == joined(made.headers), seed
        assert read == read_by_h11(made.data), seed


def test_answers_on_one_connection_do_not_run_into_each_other() -> None:
    chance = random.Random(1)
    answer = Answer()
    for _ in range(500):
        made = make(chance)
        if made.ends_with_connection:
            continue
        answer.expect(has_body=True)
        assert b"".join(map(answer.feed, pieces_of(made.data, chance))) == made.body
        assert answer.is_whole
        assert answer.keeps_alive


@pytest.mark.parametrize("batch", range(4))
def test_a_damaged_answer_is_understood_as_h11_does_or_not_at_all(batch: int) -> None:
    both = 0
    for seed in range(batch * 500, (batch + 1) * 500):
        chance = random.Random(seed)
        data = damage(make(chance).data, chance)
        theirs, ours = read_by_h11(data), read_by_us(pieces_of(data, chance))
        if isinstance(theirs, Read) and isinstance(ours, Read):
            both += 1
            assert ours == theirs, seed
        elif isinstance(ours, str) and isinstance(theirs, Read):
            assert any(sign in ours for sign in STRICTER.values()), (seed, ours, data[:300])
        elif isinstance(ours, Read) and isinstance(theirs, str):
            assert any(sign in theirs for sign in TOLERATED.values()), (seed, theirs, data[:300])
    assert both > 125, "the damage leaves too little to compare"


def test_how_a_damaged_answer_is_cut_makes_no_difference() -> None:
    for seed in range(400):
        chance = random.Random(seed)
        data = damage(make(chance).data, chance)[:2000]
        whole = read_by_us([data])
        cut = read_by_us([data[i : i + 1] for i in range(len(data))])
        if isinstance(whole, Read):
            assert whole == cut, seed
        else:
            assert isinstance(cut, str), seed


@pytest.mark.parametrize("closes", [True, False])
def test_a_damaged_answer_neither_hangs_nor_upsets_the_loop(run: Run, closes: bool) -> None:
    """Without a close an answer may be waited for, but not for longer than the one who asked wants."""

    def damaged(seed: int) -> Play:
        chance = random.Random(seed)
        data = damage(make(chance).data, chance)
        pieces = pieces_of(data, chance)

        async def play(peer: Peer) -> None:
            await peer.request()
            for piece in pieces:
                peer.send(piece)
                await asyncio.sleep(0)
            if closes:
                peer.close()
            else:
                await peer.wait_closed_by_client()

        return play

    async def play() -> None:
        async with Upstream(*map(damaged, range(80))) as upstream:
            client = Client(max_idle=0)
            fetches = [asyncio.create_task(ask(client, upstream.target())) for _ in range(80)]
            await asyncio.wait(fetches, timeout=0.2 if not closes else None)
            for fetch in fetches:
                fetch.cancel()
            results = await asyncio.gather(*fetches, return_exceptions=True)
            expected = (Kept, BrokenAnswer) if closes else (Kept, BrokenAnswer, asyncio.CancelledError)
            assert all(isinstance(result, expected) for result in results)
            assert client.connections == 0
            await client.close()

    run(play())
