"""What a plain chunk looks like: a strict shape, which refuses all that needs a second look."""

import msgspec

NO_USAGE = msgspec.Raw(b"null")


class _Text(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    text: str


class _Content(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    parts: tuple[_Text]
    role: str = ""


class _Candidate(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    content: _Content
    index: int = 0


class Chunk(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A piece of text, and what was used so far."""

    candidates: tuple[_Candidate]
    usageMetadata: msgspec.Raw = NO_USAGE
    modelVersion: str = ""
    responseId: str = ""


chunk = msgspec.json.Decoder(Chunk)

ERRORS = (msgspec.DecodeError, UnicodeDecodeError)
"""What the decoder raises for anything that is not plain."""
