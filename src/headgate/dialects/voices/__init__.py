"""OpenAI's endpoints for sounds: speech, transcriptions, and the voices that there are."""

from headgate.dialects.docs import voices as docs
from headgate.dialects.openai import Bounds
from headgate.dialects.voices.hearing import Hearing, again, recover
from headgate.dialects.voices.listing import Listing
from headgate.dialects.voices.speaking import Speaking
from headgate.dialects.voices.telling import Telling, attach
from headgate.formats import openai
from headgate.keys import Keys
from headgate.runs import Engine
from headgate.web.doc import Doc
from headgate.web.routes import Handler, Route
from headgate.web.uploads import Uploads

__all__ = ["Telling", "again", "attach", "recover", "routes"]


def routes(
    engine: Engine, keys: Keys, bounds: Bounds, uploads: Uploads, telling: Telling, lack: str = ""
) -> list[Route]:
    """The routes of this dialect; `lack` says what is not installed that this machine would need for itself."""

    def route(method: str, path: str, handler: Handler, doc: Doc) -> Route:
        return Route(method=method, path=path, handler=handler, error=openai.error_body, doc=doc)

    speaking = Speaking(engine, keys, bounds, telling, lack)
    hearing = Hearing(engine, keys, uploads, telling, lack)
    return [
        route("POST", "/v1/audio/speech", speaking.speak, docs.SPEECH),
        route("POST", "/v1/audio/transcriptions", hearing.transcribe, docs.TRANSCRIPTION),
        route("GET", "/v1/audio/voices", Listing(engine.catalogue, keys).voices, docs.VOICES),
    ]
