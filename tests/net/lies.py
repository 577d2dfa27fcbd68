"""What upstreams send that is not an answer, and what our message says of it."""

from headgate.net.answer import MAX_HEADERS, MAX_INTERIM, MAX_SILENCE

LINE = b"HTTP/1.1 200 OK\r\n"
CHUNKED = LINE + b"transfer-encoding: chunked\r\n\r\n"

LIES: dict[str, tuple[bytes, str]] = {
    # Not HTTP/1 at all.
    "greeting": (b"220 mail.example.com ESMTP\r\n", "does not speak HTTP"),
    "ssh": (b"SSH-2.0-OpenSSH_9.6\r\n", "does not speak HTTP"),
    "tls_alert": (b"\x15\x03\x01\x00\x02\x02\x16", "does not speak HTTP"),
    "http_0_9": (b"<html>hello</html>", "does not speak HTTP"),
    "http_0_9_by_name": (b"HTTP/0.9 200 OK\r\n\r\nhello", "does not speak HTTP"),
    "http_2_by_name": (b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n", "does not speak HTTP"),
    "http_2_frames": (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "does not speak HTTP"),
    "rtsp": (b"RTSP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", "does not speak HTTP"),
    "line_ends_first": (b"\r\n" + LINE + b"content-length: 0\r\n\r\n", "does not speak HTTP"),
    "small_letters": (b"http/1.1 200 ok\r\ncontent-length: 0\r\n\r\n", "does not speak HTTP"),
    # Status lines.
    "status_of_two_digits": (b"HTTP/1.1 20 OK\r\n\r\n", "not valid HTTP"),
    "status_of_four_digits": (b"HTTP/1.1 2000 OK\r\n\r\n", "not valid HTTP"),
    "status_of_letters": (b"HTTP/1.1 OK\r\n\r\n", "not valid HTTP"),
    "status_negative": (b"HTTP/1.1 -20 OK\r\n\r\n", "not valid HTTP"),
    "status_under_100": (b"HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n", "no valid status"),
    "two_spaces": (b"HTTP/1.1  200 OK\r\n\r\n", "not valid HTTP"),
    "switching": (b"HTTP/1.1 101 Sw\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nhello", "another protocol"),
    "switching_bare": (b"HTTP/1.1 101 Sw\r\n\r\n", "another protocol"),
    "interim_for_ever": (b"HTTP/1.1 103 Hints\r\n\r\n" * (MAX_INTERIM + 1), "interim answers without end"),
    "http_2_after_interim": (b"HTTP/1.1 100 C\r\n\r\nHTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n", "not speak HTTP"),
    # Headers.
    "only_line_feeds": (b"HTTP/1.1 200 OK\ncontent-length: 2\n\nok", "not valid HTTP"),
    "one_bare_line_feed": (LINE + b"content-length: 2\n\r\nok", "not valid HTTP"),
    "header_without_colon": (LINE + b"hello\r\n\r\n", "not valid HTTP"),
    "header_without_name": (LINE + b": hello\r\n\r\n", "not valid HTTP"),
    "space_before_colon": (LINE + b"content-length : 2\r\n\r\nok", "not valid HTTP"),
    "space_before_name": (LINE + b" content-length: 2\r\n\r\nok", "not valid HTTP"),
    "folded": (LINE + b"a: b\r\n c\r\ncontent-length: 2\r\n\r\nok", "not valid HTTP"),
    "nul": (LINE + b"a: b\x00c\r\ncontent-length: 2\r\n\r\nok", "not valid HTTP"),
    "bare_cr": (LINE + b"a: b\rc\r\ncontent-length: 2\r\n\r\nok", "not valid HTTP"),
    "endless_header": (LINE + b"a: " + b"b" * (MAX_SILENCE + 1), "over the size limit"),
    "endless_name": (LINE + b"b" * (MAX_SILENCE + 1), "over the size limit"),
    "endless_reason": (b"HTTP/1.1 200 " + b"b" * (MAX_SILENCE + 1), "over the size limit"),
    "too_large_a_head": (
        LINE + b"".join(b"a%d: %s\r\n" % (i, b"b" * 1000) for i in range(70)) + b"content-length: 2\r\n\r\nok",
        "over the size limit",
    ),
    "too_many_headers": (LINE + b"a: b\r\n" * (MAX_HEADERS + 1) + b"content-length: 2\r\n\r\nok", "too many headers"),
    # How long the body is.
    "length_and_chunked": (
        LINE + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "not valid HTTP",
    ),
    "chunked_and_length": (
        LINE + b"transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "not valid HTTP",
    ),
    "two_lengths": (LINE + b"content-length: 2\r\ncontent-length: 3\r\n\r\nok", "not valid HTTP"),
    "same_length_twice": (LINE + b"content-length: 2\r\ncontent-length: 2\r\n\r\nok", "not valid HTTP"),
    "list_of_lengths": (LINE + b"content-length: 2, 2\r\n\r\nok", "not valid HTTP"),
    "negative_length": (LINE + b"content-length: -2\r\n\r\nok", "not valid HTTP"),
    "signed_length": (LINE + b"content-length: +2\r\n\r\nok", "not valid HTTP"),
    "empty_length": (LINE + b"content-length:\r\n\r\nok", "not valid HTTP"),
    "huge_length": (LINE + b"content-length: 99999999999999999999\r\n\r\nok", "not valid HTTP"),
    "other_transfer_encoding": (LINE + b"transfer-encoding: gzip\r\n\r\nok", "transfer encoding"),
    "two_transfer_encodings": (LINE + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "transfer encoding"),
    "chunked_not_last": (LINE + b"transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "transfer encoding"),
    "chunked_twice": (
        LINE + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer encoding",
    ),
    "brotli": (LINE + b"content-encoding: br\r\ncontent-length: 2\r\n\r\nok", "content encoding"),
    # Chunks.
    "negative_chunk": (CHUNKED + b"-2\r\nok\r\n0\r\n\r\n", "not valid HTTP"),
    "huge_chunk": (CHUNKED + b"fffffffffffffffff\r\nok\r\n0\r\n\r\n", "not valid HTTP"),
    "chunk_in_words": (CHUNKED + b"two\r\nok\r\n0\r\n\r\n", "not valid HTTP"),
    "chunk_in_c": (CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n", "not valid HTTP"),
    "chunk_without_size": (CHUNKED + b"\r\nok\r\n0\r\n\r\n", "not valid HTTP"),
    "chunk_with_line_feeds": (CHUNKED + b"2\nok\n0\n\n", "not valid HTTP"),
    "chunk_longer_than_said": (CHUNKED + b"2\r\nokok\r\n0\r\n\r\n", "not valid HTTP"),
    "not_chunked_after_all": (CHUNKED + b'{"a": 1}', "not valid HTTP"),
    "endless_chunk_extension": (CHUNKED + b"2;" + b"a" * (MAX_SILENCE + 1), "over the size limit"),
    "length_in_a_trailer": (CHUNKED + b"0\r\ncontent-length: 2\r\n\r\n", "not valid HTTP"),
    "endless_trailers": (CHUNKED + b"0\r\n" + b"a: b\r\n" * 20000, "over the size limit"),
    "endless_trailer": (CHUNKED + b"0\r\na: " + b"b" * (MAX_SILENCE + 1), "over the size limit"),
}

CUT = {
    "nothing": (b"", "closed the connection without an answer"),
    "in_the_protocol": (b"HTTP", "cut short in its head"),
    "in_the_status": (b"HTTP/1.1 20", "cut short in its head"),
    "in_the_headers": (LINE + b"content-length: 2\r\n", "cut short in its head"),
    "after_interim": (b"HTTP/1.1 100 Continue\r\n\r\n", "cut short in its head"),
    "before_the_body": (LINE + b"content-length: 2\r\n\r\n", "cut short"),
    "in_the_body": (LINE + b"content-length: 2\r\n\r\no", "cut short"),
    "before_a_chunk": (CHUNKED, "cut short"),
    "in_a_chunk_size": (CHUNKED + b"2", "cut short"),
    "in_a_chunk": (CHUNKED + b"2\r\no", "cut short"),
    "after_a_chunk": (CHUNKED + b"2\r\nok\r\n", "cut short"),
    "before_the_last_line": (CHUNKED + b"2\r\nok\r\n0\r\n", "cut short"),
    "in_a_trailer": (CHUNKED + b"2\r\nok\r\n0\r\na: b", "cut short"),
    "in_a_gzip_of_any_length": (LINE + b"content-encoding: gzip\r\n\r\n\x1f\x8b\x08\x00", "cut short"),
    "in_a_gzip_of_known_length": (
        LINE + b"content-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00",
        "cut short",
    ),
}
"""Answers that end too soon."""
