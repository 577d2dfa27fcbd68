"""Compressed bodies: undone piece by piece, and bounded."""

import gzip
import random
import zlib

import pytest

from headgate.net import BrokenAnswer
from headgate.net.decoding import FREE_BYTES, PIECE, Decoder, decoder_for

TEXT = b'data: {"choices": [{"delta": {"content": "hello"}}]}\n\n' * 1000


BOMB = gzip.compress(bytes(70_000_000))


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": ("gzip", gzip.compress(TEXT)),
    "x_gzip": ("x-gzip", gzip.compress(TEXT)),
    "capitals": ("GZIP", gzip.compress(TEXT)),
    "two_members": ("gzip", gzip.compress(TEXT[:700]) + gzip.compress(TEXT[700:])),
    "deflate": ("deflate", zlib.compress(TEXT)),
    "deflate_level_1": ("deflate", zlib.compress(TEXT, 1)),
    "bare_deflate": ("deflate", bare_deflate(TEXT)),
}


def unpack(coding: str, packed: bytes, size: int) -> bytes:
    decoder = decoder_for(coding)
    assert decoder is not None
    pieces = [piece for i in range(0, len(packed), size) for piece in decoder.feed(packed[i : i + size])]
    decoder.close()
    return b"".join(pieces)


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(("coding", "packed"), PACKED.values(), ids=PACKED.keys())
def test_a_body_is_unpacked_however_it_is_cut(coding: str, packed: bytes, size: int) -> None:
    assert unpack(coding, packed, size) == TEXT


def test_what_was_flushed_comes_out_at_once() -> None:
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    decoder = Decoder("gzip")
    for event in (b"data: one\n\n", b"data: two\n\n"):
        packed = packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)
        assert b"".join(decoder.feed(packed)) == event


def test_no_piece_is_larger_than_promised_and_none_is_lost() -> None:
    noise = random.Random(1).randbytes(1000) * 1000
    pieces = list(Decoder("gzip").feed(gzip.compress(noise)))
    assert max(map(len, pieces)) <= PIECE
    assert b"".join(pieces) == noise


def test_all_that_arrived_comes_out_wherever_it_is_cut() -> None:
    """zlib may have eaten all its input and still hold output back, if that filled the piece."""
    packed = gzip.compress(bytes(FREE_BYTES))
    for cut in range(200, 320):
        whole = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(packed[:cut])
        assert sum(map(len, Decoder("gzip").feed(packed[:cut]))) == len(whole), cut


def test_nothing_is_undone_for_identity() -> None:
    assert decoder_for("identity") is None
    assert decoder_for("") is None


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "gzip, br", "compress"])
def test_other_codings_are_refused(coding: str) -> None:
    with pytest.raises(BrokenAnswer, match="not asked for"):
        decoder_for(coding)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("data", [b"plain text", b"\x1f\x8b\x08 no", b"\x78\x9c no"])
def test_what_is_not_packed_is_refused(coding: str, data: bytes) -> None:
    with pytest.raises(BrokenAnswer, match=f"says it is {coding}"):
        unpack(coding, data + b"\xff" * 50, 1000)


@pytest.mark.parametrize(("coding", "packed"), PACKED.values(), ids=PACKED.keys())
def test_a_body_without_its_end_is_refused(coding: str, packed: bytes) -> None:
    with pytest.raises(BrokenAnswer, match="cut short"):
        unpack(coding, packed[:-1], 1000)


def test_rubbish_after_the_end_is_refused() -> None:
    with pytest.raises(BrokenAnswer, match="says it is gzip"):
        unpack("gzip", gzip.compress(TEXT) + b"rubbish, and quite a lot of it", 1000)


def test_an_empty_body_needs_no_end() -> None:
    assert unpack("gzip", b"", 1) == b""


def test_a_bomb_is_stopped_before_it_fills_the_memory() -> None:
    pieces: list[int] = []
    with pytest.raises(BrokenAnswer, match="far more"):
        pieces.extend(map(len, Decoder("gzip").feed(BOMB[:65536])))
    assert sum(pieces) <= FREE_BYTES + 100 * 65536


def test_a_short_text_may_shrink_as_much_as_it_likes() -> None:
    assert unpack("gzip", gzip.compress(bytes(FREE_BYTES)), 1000) == bytes(FREE_BYTES)
