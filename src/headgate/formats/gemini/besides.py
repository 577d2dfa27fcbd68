"""What Gemini's clients ask besides answers and vectors: counts of tokens, read strictly."""

import msgspec

from headgate.calls import Call
from headgate.formats import strict
from headgate.formats.gemini.fields import GeminiRequest, RequestContent, asked
from headgate.formats.gemini.names import regular


class CountRequest(msgspec.Struct, rename="camel"):
    """Turns to count, or a whole request."""

    contents: list[RequestContent] | None = None
    generate_content_request: GeminiRequest | None = None


_count = msgspec.json.Decoder(CountRequest)


def counted(body: bytes, model: str) -> Call:
    """The request that is to be counted; raises BadRequest naming the first field that is wrong."""
    fields = strict.fields(body)
    read = strict.decode(_count, msgspec.json.encode(regular(fields)))
    if read.generate_content_request is None:
        return asked(body, model, stream=False)
    inner = next(raw for name, raw in fields.items() if name in ("generateContentRequest", "generate_content_request"))
    return asked(bytes(inner), model, stream=False)
