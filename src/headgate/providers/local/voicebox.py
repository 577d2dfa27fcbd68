"""
espeak-ng's shared library, by ctypes. Only ever loaded into a worker, or where workers come from: it keeps one voice,
one rate and one text for the whole process.
"""

import ctypes
from collections.abc import Callable, Iterator

import espeakng_loader

from headgate.providers.local.wire import Tongue

_RETRIEVAL, _SYNCHRONOUS = 1, 2
_DONT_EXIT = 0x8000
"""Of espeak_Initialize: come back with an error where the data is missing, instead of ending the process."""
_UTF8 = 1
_RATE = 1
_WORDS_A_MINUTE = 175
_INTERNATIONAL = 2

PIECE_MS = 50
"""How much is made before it is handed on, at most."""

_CONTROLS = {code: " " for code in range(32) if chr(code) not in "\t\n\r"}
"""Letters that say nothing: with some of them espeak-ng is told to change its speed, its voice, or to play a file."""

_Sink = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
_GENDERS = {1: "male", 2: "female"}


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class Voicebox:
    """Speaks, and spells as it would speak."""

    def __init__(self) -> None:
        self._library = library = ctypes.CDLL(espeakng_loader.get_library_path())
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        data = espeakng_loader.get_data_path().encode()
        self.rate = int(library.espeak_Initialize(_SYNCHRONOUS, PIECE_MS, data, _DONT_EXIT))
        """Samples a second."""
        if self.rate <= 0:
            raise OSError("espeak-ng did not find its data.")
        found = [voice for voice in self._voices(None) if _has_files(voice)]
        self._files = {_text(voice.languages[1:]): _text(voice.identifier) for voice in found}
        # A language is no sure name: what it calls en-gb is found by itself, but with no variant.
        self.tongues = [_tongue(voice) for voice in found]
        """The languages it speaks."""

    def variants(self) -> list[str]:
        """The ways it speaks them in."""
        wanted = _Voice(languages=b"variant")
        return [_text(voice.identifier).removeprefix("!v/") for voice in self._voices(wanted)]

    def choose(self, voice: str, speed: float = 1.0) -> None:
        """From now on with that voice: the id of a tongue, and perhaps a variant after a plus."""
        language, plus, variant = voice.partition("+")
        if self._library.espeak_SetVoiceByName((self._files[language] + plus + variant).encode()) != 0:
            raise LookupError(voice)
        self._library.espeak_SetParameter(_RATE, round(_WORDS_A_MINUTE * speed), 0)

    def say(self, text: str, take: Callable[[bytes], None]) -> None:
        """Say it, handing on each piece of sound as it is made."""

        troubles: list[BaseException] = []

        def took(samples: int | None, number: int, events: object) -> int:
            try:
                if samples and number:
                    take(ctypes.string_at(samples, 2 * number))
            except BaseException as trouble:
                # It would be lost on its way through the library, and a piece of the sound with it.
                troubles.append(trouble)
            return len(troubles)

        sink = _Sink(took)
        self._library.espeak_SetSynthCallback(sink)
        said = _plain(text)
        result = self._library.espeak_Synth(said, len(said) + 1, 0, 1, 0, _UTF8, None, None)
        if troubles:
            raise troubles[0]
        if result != 0:
            raise OSError("espeak-ng could not speak.")

    def phonemes(self, text: str) -> str:
        """How it would say that, in the international phonetic alphabet."""
        return " ".join(self._clauses(text))

    def _clauses(self, text: str) -> Iterator[str]:
        rest = ctypes.c_char_p(_plain(text))
        while rest.value:
            yield _text(self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _INTERNATIONAL) or b"")

    def _voices(self, wanted: _Voice | None) -> Iterator[_Voice]:
        found = self._library.espeak_ListVoices(None if wanted is None else ctypes.byref(wanted))
        place = 0
        while found[place]:
            yield found[place].contents
            place += 1


def _has_files(voice: _Voice) -> bool:
    """Whether all that it needs comes along: not the recorded voices of others, nor three dictionaries."""
    return not voice.identifier.startswith(b"mb/") and voice.languages[1:] not in (b"fo", b"kaa", b"xex")


def _tongue(voice: _Voice) -> Tongue:
    language = _text(voice.languages[1:])
    return Tongue(language, _text(voice.name), language, _GENDERS.get(voice.gender, ""))


def _plain(text: str) -> bytes:
    return text.translate(_CONTROLS).encode("utf-8", "replace")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
