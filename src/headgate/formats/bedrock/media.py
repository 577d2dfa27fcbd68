"""Pictures, documents and sounds as Converse takes them: their bytes, or where they lie at Amazon."""

import binascii
import re
from collections.abc import Mapping
from typing import Any

from headgate.calls import AudioPart, FilePart, ImagePart
from headgate.formats import strict

Json = dict[str, Any]

_DATA_URL = re.compile(r"data:([^;,]*)(?:;[^;,]*?)*?;base64,(.*)", re.DOTALL)

_IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
_VIDEOS = {
    "video/x-matroska": "mkv",
    "video/quicktime": "mov",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/x-flv": "flv",
    "video/mpeg": "mpeg",
    "video/x-ms-wmv": "wmv",
    "video/3gpp": "three_gp",
}
_ENDINGS = {"jpg": "jpeg", "markdown": "md", "htm": "html", "text": "txt"}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 ()\[\]-]+")
_MAX_NAME = 200


def picture(part: ImagePart, where: str = "image_url") -> Json:
    """A picture's block."""
    url = part.url
    if url.startswith("s3://"):
        return {"image": {"format": _format(_ending(url), _IMAGES, "jpeg"), "source": _at_amazon(url)}}
    found = _DATA_URL.fullmatch(url)
    if found is None:
        raise strict.unsupported(where, "must be a data: URL in base64 for this provider, which fetches nothing.")
    kind = _IMAGES.get(found[1].lower())
    if kind is None:
        raise strict.unsupported(where, f"must be a PNG, JPEG, GIF or WebP for this provider, not '{found[1][:100]}'.")
    return {"image": {"format": kind, "source": {"bytes": _checked(found[2], where)}}}


def sound(part: AudioPart) -> Json:
    """A sound's block."""
    return {"audio": {"format": part.format, "source": {"bytes": _checked(part.data, "input_audio.data")}}}


def file(part: FilePart, number: int) -> Json:
    """The block of a document, or of a picture or film that was sent as one; documents need names of their own."""
    at = part.url if part.url is not None else part.data
    if at is None:
        raise strict.unsupported("file_id", "is of no use with this provider; send the file's content.")
    if at.startswith("s3://"):
        kind, source = "", _at_amazon(at)
    elif "://" in at:
        raise strict.unsupported("file", "must be sent with its content for this provider, which fetches nothing.")
    else:
        found = _DATA_URL.fullmatch(at)
        if found is None and at.startswith("data:"):
            raise strict.unsupported("file_data", "must hold its content as base64 for this provider.")
        # OpenAI's `file_data` may be bare base64.
        kind, data = ("", at) if found is None else (found[1].lower(), found[2])
        source = {"bytes": _checked(data, "file_data")}
    if kind in _IMAGES:
        return {"image": {"format": _IMAGES[kind], "source": source}}
    if kind in _VIDEOS:
        return {"video": {"format": _VIDEOS[kind], "source": source}}
    name = part.name or (part.url or "").rpartition("/")[2]
    return {"document": {"format": _document(kind, name), "name": _name(name, number), "source": source}}


def _document(kind: str, name: str) -> str:
    known = _DOCUMENTS.get(kind)
    if known is not None:
        return known
    return _format(_ending(name), _DOCUMENTS, "txt" if kind.startswith("text/") else "pdf")


def _format(ending: str, known: Mapping[str, str], otherwise: str) -> str:
    ending = _ENDINGS.get(ending, ending)
    return ending if ending in known.values() else otherwise


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _name(name: str, number: int) -> str:
    """A name that Amazon accepts, told apart from the others' by its number."""
    stem = name.rpartition(".")[0] or name
    plain = " ".join(_NOT_IN_NAMES.sub(" ", stem).split())[: _MAX_NAME - 10].strip()
    return f"{plain or 'document'} {number}"


def _at_amazon(url: str) -> Json:
    return {"s3Location": {"uri": url}}


def _checked(data: str, where: str) -> str:
    """The content, found to be base64: Amazon's own message about any other names no field."""
    text = "".join(data.split())
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        raise strict.unsupported(where, "is not valid base64.") from None
    return text
