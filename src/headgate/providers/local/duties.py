"""What workers do. Speech and hearing are loaded apart: who only ever speaks has no use for a model of English."""

import itertools
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from headgate.providers.local import confinement, wire
from headgate.providers.local.wire import Done, Hear, Job, Opened, Speak, Tell, Tongues, Trouble


class Duty(Protocol):
    """A kind of work."""

    def prepare(self) -> None:
        """Load what only some jobs need."""

    def work(self, line: socket.socket, files: Sequence[int]) -> None:
        """Do the job that comes on the line."""


class Speaking:
    """Text to sound."""

    def __init__(self) -> None:
        from headgate.providers.local import encoding, tongues, voicebox

        self._encoding, self._tongues = encoding, tongues
        self._voicebox = voicebox.Voicebox()
        self._known, self._variants = self._voicebox.tongues, self._voicebox.variants()
        self._voicebox.choose(tongues.DEFAULT)

    def prepare(self) -> None:
        """There is nothing else."""

    def work(self, line: socket.socket, files: Sequence[int]) -> None:
        """Speak, or say which voices there are."""
        match job_of(line):
            case Speak() as job:
                confinement.confine(_SPEAKING, opens=True)
                self._speak(job, line)
            case Tell():
                line.sendall(wire.words(Tongues(tuple(self._known))) + wire.words(Done()))
            case Hear():
                raise ValueError("not a job of this nursery")

    def _speak(self, job: Speak, line: socket.socket) -> None:
        voice = self._tongues.find(job.voice, job.text, self._known, self._variants)
        if voice is None:
            line.sendall(wire.words(_no_voice(job.voice, list(self._tongues.FAMILIAR))))
            return
        paced = min(max(job.speed, _SLOWEST), _FASTEST)
        self._voicebox.choose(voice, paced)
        encoder = self._encoding.Encoder(job.format, self._voicebox.rate, job.speed / paced)
        pieces = _Pieces(line)
        pieces.add(wire.words(Opened()), is_sound=False)
        self._voicebox.say(job.text, lambda samples: pieces.add(encoder.feed(samples)))
        if encoder.seconds < _LEAST:
            pieces.add(encoder.feed(bytes(2 * round(_LEAST * self._voicebox.rate))))
        pieces.add(encoder.finish())
        pieces.close(Done(encoder.seconds))


class Hearing:
    """Sound to text."""

    def __init__(self) -> None:
        from headgate.providers.local import decoding, ears

        self._decoding = decoding
        self._ears = ears.Ears()
        decoding.warm_up()

    def prepare(self) -> None:
        """What it takes to hear anything."""
        self._ears.learn_english()

    def work(self, line: socket.socket, files: Sequence[int]) -> None:
        """Listen to the file that came along."""
        job = job_of(line)
        if not isinstance(job, Hear):
            raise ValueError("not a job of this nursery")
        os.nice(confinement.NICE)
        most = _LOOKING + _LEARNING + confinement.HEARING * job.most_seconds
        confinement.confine(_LOOKING, opens=False, most=most)
        try:
            self._listen(job, line, files[0])
        except self._decoding.Unreadable as error:
            line.sendall(wire.words(error.trouble))

    def _listen(self, job: Hear, line: socket.socket, file: int) -> None:
        with open(file, "rb") as opened:
            recording = self._decoding.Recording(opened, job.name, job.most_seconds)
            confinement.allow(_LEARNING)
            self._ears.expect(job.phrases, job.grammar)
            confinement.allow(_LOOKING + confinement.HEARING * recording.length)
            samples = recording.samples()
            first = next(samples)
            line.sendall(wire.words(Opened()))
            for heard in self._ears.listen(itertools.chain((first,), samples)):
                line.sendall(wire.words(heard))
            line.sendall(wire.words(Done(recording.seconds)))


_SLOWEST, _FASTEST = 0.5, 2.5
"""How slow and how fast espeak-ng speaks well; beyond that its sound is stretched or pressed."""

_SPEAKING = 120.0
"""Seconds of the processor: some two hours of sound."""

_LEAST = 0.1
"""Seconds of sound there are in any case: a file of none cannot be played."""

_LOOKING = 30.0
"""Seconds of the processor to look through a recording."""

_LEARNING = 10.0
"""The same to make sense of what may be heard: short grammars can stand for endless ones."""


class _Pieces:
    """Sends sound in pieces: the first at once, then each twice as large, so that a long speech is few events."""

    FIRST, LARGEST = 512, 32 * 1024

    def __init__(self, line: socket.socket) -> None:
        self._line, self._waiting, self._size = line, bytearray(), self.FIRST

    def add(self, data: bytes, *, is_sound: bool = True) -> None:
        if not is_sound:
            self._line.sendall(data)
            return
        self._waiting += data
        while len(self._waiting) >= self._size:
            self._line.sendall(wire.sound(bytes(self._waiting[: self._size])))
            if self._size == self.FIRST:
                os.nice(confinement.NICE)  # Whoever has not said anything yet comes first.
            del self._waiting[: self._size]
            self._size = min(2 * self._size, self.LARGEST)

    def close(self, done: Done) -> None:
        rest = wire.sound(bytes(self._waiting)) if self._waiting else b""
        self._line.sendall(rest + wire.words(done))


def _no_voice(voice: str, familiar: Sequence[str]) -> Trouble:
    return Trouble(
        f"There is no voice '{voice[:100]}'. Voices are {', '.join(familiar)}, and those of GET /v1/audio/voices,"
        " also with a variant of espeak-ng's after a plus, as in en-gb+f3.",
        code="voice_not_found",
        param="voice",
    )


def job_of(line: socket.socket) -> Job:
    """What comes on the line."""
    return wire.read_job(_exactly(line, wire.head(_exactly(line, wire.HEAD))))


def _exactly(line: socket.socket, number: int) -> bytes:
    data = bytearray()
    while len(data) < number:
        more = line.recv(number - len(data))
        if not more:
            raise BrokenPipeError
        data += more
    return bytes(data)


DUTIES: Mapping[str, Callable[[], Duty]] = {"speech": Speaking, "hearing": Hearing}
