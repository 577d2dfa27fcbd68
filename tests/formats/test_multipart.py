"""Forms with files, read as they come."""

import pytest

from headgate.errors import BadRequest
from headgate.formats.multipart import MAX_HEAD, MAX_PARTS, Parser, Part, Piece, around, boundary_of

FORM = (
    b"a preamble\r\n"
    b'--xYz\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
    b'--xYz\r\ncontent-disposition: form-data; name="file"; filename="a\\"b.mp3"\r\nContent-Type: audio/mpeg\r\n\r\n'
    b"\r\n--xY\x00 sound \r\n-\r\n--\r\n\r\n"
    b"--xYz \t\r\nContent-Disposition: form-data; name=bare\r\n\r\n\r\n"
    b"--xYz--\r\nan epilogue"
)
READ: list[Piece] = [
    Part("model", None, ""),
    b"whisper-1",
    Part("file", 'a"b.mp3', "audio/mpeg"),
    b"\r\n--xY\x00 sound \r\n-\r\n--\r\n",
    Part("bare", None, ""),
]


def read(*pieces: bytes, boundary: bytes = b"xYz") -> list[Piece]:
    """What a parser makes of them, each part's bytes joined."""
    parser, found = Parser(boundary), list[Piece]()
    for piece in pieces:
        for each in parser.feed(piece):
            before = found[-1] if found else None
            if isinstance(each, bytes) and isinstance(before, bytes):
                found[-1] = before + each
            else:
                found.append(each)
    parser.close()
    return found


def test_a_form_is_read_however_it_is_cut() -> None:
    assert read(FORM) == READ
    for cut in range(len(FORM) + 1):
        assert read(FORM[:cut], FORM[cut:]) == READ
    assert read(*(bytes((byte,)) for byte in FORM)) == READ


def test_a_file_is_handed_on_while_it_comes() -> None:
    parser = Parser(b"xYz")
    parser.feed(b'--xYz\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n')
    held = 0
    for _ in range(100):
        held += 10_000 - sum(len(piece) for piece in parser.feed(bytes(10_000)))
    assert held < len(b"\r\n--xYz")


@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"no boundary at all",
        FORM[: FORM.index(b"--xYz--")],
        b"--xYz and more\r\n\r\n\r\n--xYz--",
        b"--xYz\r\nContent-Type: text/plain\r\n\r\nnameless\r\n--xYz--",
        b'--xYz\r\nContent-Disposition: form-data; name="a"; x="' + b"x" * MAX_HEAD,
        b'--xYz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * (MAX_PARTS + 1) + b"--xYz--",
    ],
)
def test_what_is_no_form_is_refused(form: bytes) -> None:
    with pytest.raises(BadRequest) as refused:
        read(form)
    assert refused.value.code == "invalid_form"


def test_names_are_read_as_clients_write_them() -> None:
    def name(disposition: str) -> str | None:
        (part,) = read(f"--xYz\r\nContent-Disposition: form-data; {disposition}\r\n\r\n\r\n--xYz--".encode())
        assert isinstance(part, Part)
        return part.filename

    assert name('name="f"; filename="naïve.mp3"') == "naïve.mp3"
    assert name("name=\"f\"; filename*=UTF-8''na%C3%AFve.mp3") == "naïve.mp3"
    assert name("name=\"f\"; filename=x; filename*=utf-8''y") == "y"
    assert name('name="f"; filename="../../etc/\x00passwd\x7f"') == "../../etc/passwd"
    assert name(f'name="f"; filename="{"long" * 200}"') == ("long" * 200)[:255]


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        (b"multipart/form-data; boundary=xYz", b"xYz"),
        (b'Multipart/Form-Data; charset=utf-8; boundary="x Y:z"', b"x Y:z"),
    ],
)
def test_the_boundary_is_found(content_type: bytes, boundary: bytes) -> None:
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    "content_type",
    [
        b"",
        b"application/json",
        b"multipart/form-data",
        b"multipart/form-data; boundary=",
        b"multipart/form-data; boundary=" + b"x" * 71,
        b'multipart/form-data; boundary="x\r\ny"',
    ],
)
def test_what_names_no_boundary_is_refused(content_type: bytes) -> None:
    with pytest.raises(BadRequest):
        boundary_of(content_type)


def test_what_is_written_around_a_file_is_read_again() -> None:
    fields = [("model", "m"), ("timestamp_granularities[]", "word"), ("prompt", "two\r\nlines")]
    before, after = around("xYz", fields, "file", 'a"b\r\n.mp3', "audio/mpeg")
    assert read(before + b"sound" + after) == [
        Part("model", None, ""),
        b"m",
        Part("timestamp_granularities[]", None, ""),
        b"word",
        Part("prompt", None, ""),
        b"two\r\nlines",
        Part("file", "a%22b%0D%0A.mp3", "audio/mpeg"),
        b"sound",
    ]
