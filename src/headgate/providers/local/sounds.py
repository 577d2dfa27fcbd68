"""How words are said that no dictionary has: as espeak-ng would, in the sounds that the model of English knows."""

from collections.abc import Mapping

from headgate.providers.local.voicebox import Voicebox

_SOUNDS: Mapping[str, str] = {
    # Those of two letters first: the longest that fits is taken.
    "tʃ": "CH",
    "dʒ": "JH",
    "iː": "IY",
    "uː": "UW",
    "ɑː": "AA",
    "ɔː": "AO",
    "oː": "AO",
    "ɜː": "ER",
    "eɪ": "EY",
    "aɪ": "AY",
    "ɔɪ": "OY",
    "oʊ": "OW",
    "aʊ": "AW",
    "n̩": "AH N",
    "l̩": "AH L",
    "p": "P",
    "b": "B",
    "t": "T",
    "ɾ": "T",
    "ʔ": "T",
    "d": "D",
    "k": "K",
    "x": "K",
    "ɡ": "G",
    "g": "G",
    "f": "F",
    "v": "V",
    "θ": "TH",
    "ð": "DH",
    "s": "S",
    "z": "Z",
    "ʃ": "SH",
    "ʒ": "ZH",
    "h": "HH",
    "m": "M",
    "n": "N",
    "ŋ": "NG",
    "l": "L",
    "ɹ": "R",
    "r": "R",
    "w": "W",
    "j": "Y",
    "i": "IY",
    "ɪ": "IH",
    "ᵻ": "IH",
    "e": "EY",
    "ɛ": "EH",
    "æ": "AE",
    "a": "AE",
    "ɑ": "AA",
    "ɔ": "AO",
    "o": "OW",
    "ʊ": "UH",
    "u": "UW",
    "ʌ": "AH",
    "ə": "AH",
    "ɐ": "AH",
    "ɚ": "ER",
    "ɜ": "ER",
}
"""What is written in the international alphabet, in that of the dictionary."""


def sounds_of(word: str, voicebox: Voicebox) -> str:
    """As the dictionary would have it; "" for what has no sound."""
    written, found, at = voicebox.phonemes(word), list[str](), 0
    while at < len(written):
        length = 2 if written[at : at + 2] in _SOUNDS else 1
        sound = _SOUNDS.get(written[at : at + length])
        if sound is not None:
            found.append(sound)
        at += length
    return " ".join(found)
