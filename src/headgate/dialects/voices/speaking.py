"""POST /v1/audio/speech: a text goes in, and a sound comes out as it is made."""

from headgate.calls import Call
from headgate.dialects.openai import Bounds, check_text
from headgate.dialects.voices.placing import Placing, speaks
from headgate.dialects.voices.telling import Telling
from headgate.formats import openai_speech
from headgate.keys import Keys
from headgate.runs import Engine, Run
from headgate.web.answers import Face, answer
from headgate.web.http import Request
from headgate.web.starting import begin

AT_ONCE = 16
"""Events of sound that go into one piece: at most a megabyte."""


def kind_of(call: Call, run: Run, request: Request) -> bytes:
    """What the sound is."""
    request.add_headers(
        f"content-disposition: attachment; filename=speech.{openai_speech.speech(call).format}\r\n".encode()
    )
    return openai_speech.content_type(call, run.started).encode("latin-1", "replace")


SOUND = Face(
    openai_speech.read,
    openai_speech.Writer,
    openai_speech.whole,
    cuts=True,
    keep_alive=b"",
    kind_of=kind_of,
    at_once=AT_ONCE,
)
EVENTS = Face(openai_speech.read, openai_speech.EventWriter, openai_speech.whole, cuts=True, at_once=AT_ONCE)


class Speaking:
    """The endpoint."""

    def __init__(self, engine: Engine, keys: Keys, bounds: Bounds, telling: Telling, lack: str) -> None:
        self._engine, self._keys, self._bounds, self._telling = engine, keys, bounds, telling
        self._placing = Placing(engine.catalogue, speaks, "speak", "espeak-ng", lack)

    async def speak(self, request: Request) -> None:
        """Have a text spoken."""
        owner = self._keys.owner(request.headers)
        body = await request.body(self._bounds.bytes, self._bounds.seconds)
        check_text(body)
        call = await self._placing.placed(openai_speech.read(body), request.scope)
        wishes = self._telling.wishes(owner, request.headers)
        begun = await begin(self._engine, request, call, owner=owner, body=body, wishes=wishes)
        if begun is not None:
            if begun.is_new:
                await self._telling.begin(begun.run)
            face = EVENTS if openai_speech.is_sse(call) else SOUND
            await answer(self._engine, begun.run, call, face, request)
