"""
pocketsphinx, which hears English.

A recording falls into utterances, by the pauses in it; each is a segment of the answer. Words are told before their
utterance is over, once they stopped changing; where phrases are known, whole ones. What a grammar allows is told at the
end of each utterance: its last word may make it mean something else.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from pocketsphinx import Decoder, Endpointer, get_model_path

from headgate.providers.local import phrases
from headgate.providers.local.decoding import RATE, Unreadable
from headgate.providers.local.phrases import Spelling
from headgate.providers.local.sounds import sounds_of
from headgate.providers.local.voicebox import Voicebox
from headgate.providers.local.wire import Heard, Timed, Trouble

_ANYTHING, _KNOWN = "anything", "known"
_ENGLISH = "en-us"
_MODEL = "en-us/en-us.lm.bin"

_EXACT = {"beam": 1e-100, "wbeam": 1e-80, "pbeam": 1e-100, "bestpath": False}
"""For phrases: so few ways are open that none has to be given up early. Their best path is already known."""

_FRAMES = 100
"""Of the decoder, in a second."""

_LONGEST = 20 * RATE * 2
"""Bytes of an utterance; what goes on for longer is cut there, since its memory grows with it."""

_LOOK = RATE
"""Bytes, half a second, between two looks at what is heard so far."""

_SETTLED = 100
"""Frames since a word ended, after which it is told if it has not changed since the last look."""

_AROUND = 0.3
_SILENCE = bytes(2 * round(_AROUND * RATE))
"""Before the beginning and after the end of a recording: a word that touches either is often lost."""


class Word(NamedTuple):
    """A word, and its frames within its utterance."""

    text: str
    start: int
    end: int


class Ears:
    """A decoder with its models."""

    def __init__(self) -> None:
        self._decoder = Decoder(lm=None, loglevel="FATAL")
        # All files are read here: a worker may open none, also to say a word that no dictionary has.
        self._voicebox = Voicebox()
        self._voicebox.choose(_ENGLISH)
        self._spelling = Spelling.of_anything()
        self._knows_english = False

    def learn_english(self) -> None:
        """Load what it takes to hear anything: 60 MB."""
        if not self._knows_english:
            self._decoder.add_lm_file(_ANYTHING, get_model_path(_MODEL))
            self._knows_english = True

    def expect(self, known: Sequence[str], grammar: str) -> None:
        """What may be heard; anything, where that is nothing. Raises Unreadable where it makes no sense."""
        if not known and not grammar:
            self.learn_english()
            self._decoder.activate_search(_ANYTHING)
            return
        if (lacking := phrases.lacking(grammar)) is not None:
            raise _no_grammar(lacking)
        words = phrases.words_of_grammar(grammar) if grammar else {w for each in known for w in phrases.words_of(each)}
        for word in sorted(words):
            self._learn(word)
        for name, value in _EXACT.items():
            self._decoder.config[name] = value
        try:
            self._decoder.add_jsgf_string(_KNOWN, grammar or phrases.grammar_of(known))
            self._decoder.activate_search(_KNOWN)
        except (RuntimeError, ValueError, KeyError):
            raise _no_grammar("it cannot be read") from None
        self._spelling = Spelling(known)

    def listen(self, samples: Iterable[bytes]) -> Iterator[Heard | Timed]:
        """What is said, as it is understood."""
        ends = Endpointer(sample_rate=RATE)
        told = False
        for piece in _framed(samples, ends.frame_bytes):
            was_at_it = ends.in_speech
            speech = ends.process(piece) if len(piece) == ends.frame_bytes else ends.end_stream(piece)
            if speech is None:
                continue
            if not was_at_it:
                utterance = _Utterance(self._decoder, ends.speech_start, self._spelling, is_first=not told)
            yield from utterance.feed(speech)
            if not ends.in_speech or utterance.size > _LONGEST:
                yield from utterance.close()
                told = told or utterance.has_told
                if ends.in_speech:
                    start = utterance.start + utterance.size / (2 * RATE)
                    utterance = _Utterance(self._decoder, start, self._spelling, is_first=not told)

    def _learn(self, word: str) -> None:
        """Make sure that it is known how the word is said."""
        if self._decoder.lookup_word(word) is not None:
            return
        sounds = self._decoder.lookup_word(word.lower())
        if sounds is None:
            sounds = sounds_of(word, self._voicebox)
        if not sounds:
            raise _no_grammar(f"nobody knows how to say '{word[:100]}'")
        self._decoder.add_word(word, sounds, False)


class _Utterance:
    """What is said between two pauses."""

    def __init__(self, decoder: Decoder, start: float, spelling: Spelling, *, is_first: bool) -> None:
        self._decoder, self.start, self._spelling, self._is_first = decoder, start, spelling, is_first
        self.size = 0
        self._looked = 0
        self._seen: list[Word] = []
        self._told: list[Word] = []
        decoder.start_utt()

    @property
    def has_told(self) -> bool:
        """Whether there were words in it."""
        return bool(self._told)

    def feed(self, speech: bytes) -> Iterator[Heard]:
        """More of it; what is certain now."""
        if not speech:
            return
        self._decoder.process_raw(speech)
        self.size += len(speech)
        if self.size - self._looked >= _LOOK:
            self._looked = self.size
            yield from self._look()

    def close(self) -> Iterator[Heard | Timed]:
        """It is over."""
        self._decoder.end_utt()
        yield from self._tell(self._after(self._words()))
        if self._told:
            yield self._timed()

    def _look(self) -> Iterator[Heard]:
        now = self.size * _FRAMES // (2 * RATE)
        words = [word for word in self._after(self._words()) if word.end < now - _SETTLED]
        same = [new for new, _ in takewhile(lambda both: both[0] == both[1], zip(words, self._seen, strict=False))]
        same = same[: self._spelling.settled([word.text for word in same])]
        self._seen = words[len(same) :]
        yield from self._tell(same)

    def _after(self, words: Sequence[Word]) -> list[Word]:
        """Those after what was told, which stays as it is, whatever is thought of it now."""
        end = self._told[-1].end if self._told else -1
        return [word for word in words if (word.start + word.end) / 2 > end]

    def _tell(self, words: Sequence[Word]) -> Iterator[Heard]:
        if words:
            text = self._spelling.of([word.text for word in words])
            yield Heard(text if self._is_first and not self._told else f" {text}")
            self._told += words

    def _timed(self) -> Timed:
        words = tuple((word.text, self._at(word.start), self._at(word.end + 1)) for word in self._told)
        return Timed(words[0][1], words[-1][2], self._spelling.of([word.text for word in self._told]), words)

    def _at(self, frame: int) -> float:
        return round(max(0.0, self.start - _AROUND + frame / _FRAMES), 2)

    def _words(self) -> list[Word]:
        if self._decoder.hyp() is None:
            return []
        return [
            Word(part.word.partition("(")[0], part.start_frame, part.end_frame)
            for part in self._decoder.seg()
            if part.word[0] not in "<[+("
        ]


def _framed(samples: Iterable[bytes], size: int) -> Iterator[bytes]:
    """In pieces of one size, with a little silence around; the last one is shorter."""
    waiting = bytearray(_SILENCE)
    for piece in samples:
        waiting += piece
        at = 0
        while len(waiting) - at >= size:
            yield bytes(waiting[at : at + size])
            at += size
        del waiting[:at]
    waiting += _SILENCE if (len(waiting) + len(_SILENCE)) % size else _SILENCE + b"\0\0"
    for at in range(0, len(waiting) - size + 1, size):
        yield bytes(waiting[at : at + size])
    yield bytes(waiting[len(waiting) - len(waiting) % size :])


def _no_grammar(why: str) -> Unreadable:
    return Unreadable(
        Trouble(f"The phrases or grammar to listen for are of no use: {why}.", "invalid_value", 400, "prompt")
    )
