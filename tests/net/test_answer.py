"""The reader of answers: bytes in, head and body out, however the bytes are cut."""

import gzip

import pytest

from headgate.net import BrokenAnswer
from headgate.net.answer import MAX_HEADERS, MAX_INTERIM, MAX_SILENCE, Answer

from .lies import CHUNKED, CUT, LIES, LINE

SIZES = [1, 2, 7, 1_000_000]

# name: bytes, status, headers, body, whether the connection can be used again
GOOD: dict[str, tuple[bytes, int, dict[str, str], bytes, bool]] = {
    "length": (LINE + b"Content-Length: 5\r\n\r\nhello", 200, {"content-length": "5"}, b"hello", True),
    "empty": (LINE + b"content-length: 0\r\n\r\n", 200, {"content-length": "0"}, b"", True),
    "chunked": (
        CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        200,
        {"transfer-encoding": "chunked"},
        b"hello",
        True,
    ),
    "chunked_in_capitals": (
        LINE + b"Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        200,
        {"transfer-encoding": "Chunked"},
        b"hello",
        True,
    ),
    "chunk_extensions_and_trailers": (
        CHUNKED + b'005;a="b;c"\r\nhello\r\n0;x\r\nDigest: x\r\nSet-Cookie: y\r\n\r\n',
        200,
        {"transfer-encoding": "chunked"},
        b"hello",
        True,
    ),
    "chunk_size_in_capitals": (
        CHUNKED + b"0A\r\nhellohello\r\n0\r\n\r\n",
        200,
        {"transfer-encoding": "chunked"},
        b"hellohello",
        True,
    ),
    "close": (
        LINE + b"Connection: close\r\ncontent-length: 2\r\n\r\nok",
        200,
        {"connection": "close", "content-length": "2"},
        b"ok",
        False,
    ),
    "http_1_0": (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", 200, {"content-length": "2"}, b"ok", False),
    "http_1_0_kept": (
        b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok",
        200,
        {"connection": "keep-alive", "content-length": "2"},
        b"ok",
        True,
    ),
    "no_reason": (b"HTTP/1.1 500 \r\ncontent-length: 0\r\n\r\n", 500, {"content-length": "0"}, b"", True),
    "neither_reason_nor_space": (b"HTTP/1.1 500\r\ncontent-length: 0\r\n\r\n", 500, {"content-length": "0"}, b"", True),
    "odd_reason": (b"HTTP/1.1 404 \xe4\xff!\r\ncontent-length: 0\r\n\r\n", 404, {"content-length": "0"}, b"", True),
    "no_content": (b"HTTP/1.1 204 No\r\ncontent-length: 5\r\n\r\n", 204, {"content-length": "5"}, b"", True),
    "no_content_chunked": (
        b"HTTP/1.1 204 No\r\ntransfer-encoding: chunked\r\n\r\n",
        204,
        {"transfer-encoding": "chunked"},
        b"",
        True,
    ),
    "not_modified": (
        b"HTTP/1.1 304 No\r\ncontent-encoding: br\r\n\r\n",
        304,
        {"content-encoding": "br"},
        b"",
        True,
    ),
    "repeated_headers": (
        LINE + b"A: 1\r\nb: x\r\na: 2\r\ncontent-length: 0\r\n\r\n",
        200,
        {"a": "1, 2", "b": "x", "content-length": "0"},
        b"",
        True,
    ),
    "white_space": (
        LINE + b"a:  b c \t\r\ne:\r\nf: \r\ng:h\r\ncontent-length: 2 \r\n\r\nok",
        200,
        {"a": "b c", "e": "", "f": "", "g": "h", "content-length": "2"},
        b"ok",
        True,
    ),
    "not_ascii": (LINE + b"a: \xe9\r\ncontent-length: 0\r\n\r\n", 200, {"a": "é", "content-length": "0"}, b"", True),
    "interim": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\n" + LINE + b"content-length: 2\r\n\r\nok",
        200,
        {"content-length": "2"},
        b"ok",
        True,
    ),
    "as_many_interim_as_we_take": (
        b"HTTP/1.1 102 Processing\r\n\r\n" * MAX_INTERIM + LINE + b"content-length: 2\r\n\r\nok",
        200,
        {"content-length": "2"},
        b"ok",
        True,
    ),
    "upgrade_offered": (
        LINE + b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 2\r\n\r\nok",
        200,
        {"connection": "upgrade", "upgrade": "h2c", "content-length": "2"},
        b"ok",
        True,
    ),
    "as_many_headers_as_we_take": (
        LINE + b"a: b\r\n" * (MAX_HEADERS - 1) + b"content-length: 2\r\n\r\nok",
        200,
        {"a": ", ".join(["b"] * (MAX_HEADERS - 1)), "content-length": "2"},
        b"ok",
        True,
    ),
}

CLOSED_BY_THE_END: dict[str, tuple[bytes, bytes]] = {
    "plain": (LINE + b"a: b\r\n\r\nhello", b"hello"),
    "empty": (LINE + b"\r\n", b""),
    "http_1_0": (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
    "gzip": (LINE + b"content-encoding: gzip\r\n\r\n" + gzip.compress(b"hello"), b"hello"),
}


def read(answer: Answer, data: bytes, size: int) -> bytes:
    body = b"".join(answer.feed(data[i : i + size]) for i in range(0, len(data), size))
    return body if answer.decoder is None else b"".join(answer.decoder.feed(body))


@pytest.mark.parametrize(("data", "status", "headers", "body", "keeps"), GOOD.values(), ids=GOOD.keys())
def test_a_good_answer_is_read(data: bytes, status: int, headers: dict[str, str], body: bytes, keeps: bool) -> None:
    answer = Answer()
    for size in SIZES:
        # One after another on one connection, where it can be used again.
        answer = answer if keeps else Answer()
        answer.expect(has_body=True)
        assert not answer.has_begun
        assert read(answer, data, size) == body
        answer.check()
        assert (answer.status, answer.headers) == (status, headers)
        assert answer.is_whole
        assert answer.is_over
        assert answer.keeps_alive == keeps


@pytest.mark.parametrize("data", [data for data, *_ in GOOD.values()], ids=GOOD.keys())
def test_no_answer_is_over_before_its_last_byte(data: bytes) -> None:
    for size in SIZES:
        answer = Answer()
        read(answer, data[:-1], size)
        assert not answer.is_over
        assert answer.has_begun


@pytest.mark.parametrize(("data", "body"), CLOSED_BY_THE_END.values(), ids=CLOSED_BY_THE_END.keys())
def test_an_answer_without_a_length_lasts_until_the_connection_ends(data: bytes, body: bytes) -> None:
    for size in SIZES:
        answer = Answer()
        assert read(answer, data, size) == body
        assert not answer.is_over
        answer.end(is_clean=True)
        answer.check()
        assert answer.is_whole
        assert not answer.keeps_alive


def test_an_answer_without_a_length_is_cut_when_the_connection_breaks() -> None:
    answer = Answer()
    answer.feed(LINE + b"\r\nhello")
    answer.end(is_clean=False)
    assert answer.broken is not None
    assert answer.broken == "The provider's answer was cut short."


@pytest.mark.parametrize(("data", "message"), LIES.values(), ids=LIES.keys())
def test_a_lie_is_seen_through(data: bytes, message: str) -> None:
    for size in SIZES:
        answer = Answer()
        for i in range(0, len(data), size):
            answer.feed(data[i : i + size])
            if answer.is_over:
                break
        assert answer.broken is not None
        assert message in answer.broken
        assert not answer.is_whole
        assert not answer.keeps_alive


@pytest.mark.parametrize(("data", "message"), CUT.values(), ids=CUT.keys())
def test_an_answer_cut_short_is_not_whole(data: bytes, message: str) -> None:
    answer = Answer()
    read(answer, data, 1_000_000)
    answer.end(is_clean=True)
    with pytest.raises(BrokenAnswer, match=message):
        answer.check()


@pytest.mark.parametrize("extra", [b"HTTP/1.1 200 OK\r\n", b"x", b"0\r\n\r\n"])
def test_bytes_after_the_end_spoil_the_connection_but_not_the_answer(extra: bytes) -> None:
    for size in SIZES:
        answer = Answer()
        assert read(answer, LINE + b"content-length: 2\r\n\r\nok" + extra, size) == b"ok"
        answer.check()
        assert answer.is_whole
        assert not answer.keeps_alive


def test_the_answer_to_a_head_request_has_no_body() -> None:
    answer = Answer()
    answer.expect(has_body=False)
    assert answer.feed(LINE + b"content-length: 5\r\n\r\n") == b""
    assert answer.is_whole
    assert answer.headers == {"content-length": "5"}
    # llhttp would take the next answer for these five bytes.
    assert not answer.keeps_alive


def test_all_body_in_one_read_comes_as_one_piece() -> None:
    assert Answer().feed(CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n") == b"hello"


def test_body_before_a_lie_is_still_handed_out() -> None:
    answer = Answer()
    assert answer.feed(CHUNKED + b"2\r\nhe\r\nxyz") == b"he"
    assert answer.broken is not None


def test_many_small_reads_without_body_are_not_taken_for_silence() -> None:
    answer = Answer()
    answer.feed(CHUNKED)
    for _ in range(MAX_SILENCE // 2):
        answer.feed(b"1\r\n")
        answer.feed(b"x\r\n")
    assert not answer.is_over
