"""Voices by name: those that OpenAI's clients know, and espeak-ng's own."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from headgate.providers.local.wire import Tongue

DEFAULT = "en-us"

FAMILIAR: Mapping[str, tuple[str, str]] = {
    "alloy": ("en-us", ""),
    "ash": ("en-us", "m1"),
    "ballad": ("en-gb", "m3"),
    "cedar": ("en-us", "m5"),
    "coral": ("en-us", "f2"),
    "echo": ("en-us", "m3"),
    "fable": ("en-gb", ""),
    "marin": ("en-us", "f1"),
    "nova": ("en-us", "f5"),
    "onyx": ("en-us", "m7"),
    "sage": ("en-us", "f3"),
    "shimmer": ("en-us", "f4"),
    "verse": ("en-us", "m4"),
}
"""OpenAI's names, each a language and a variant of espeak-ng's: what clients ask for speaks, if not in that voice."""

_BY_SCRIPT: Mapping[str, str] = {
    "ARABIC": "ar",
    "ARMENIAN": "hy",
    "BENGALI": "bn",
    "CJK": "cmn",
    "CYRILLIC": "ru",
    "DEVANAGARI": "hi",
    "GEORGIAN": "ka",
    "GREEK": "el",
    "GUJARATI": "gu",
    "HANGUL": "ko",
    "HEBREW": "he",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAI": "th",
}
"""The language that is meant, most likely, by letters that English has no sounds for."""

_LOOKED_AT = 500
"""Characters from which the language is guessed."""


def language_of(text: str, otherwise: str) -> str:
    """The language that most of the letters belong to, as far as they tell."""
    scripts = Counter(
        unicodedata.name(letter, "").split(" ")[0].split("-")[0] for letter in text[:_LOOKED_AT] if letter.isalpha()
    )
    if not scripts:
        return otherwise
    # Japanese is written with Chinese letters too, but never without its own.
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > scripts["CJK"] / 10:
        return "ja" if scripts["HIRAGANA"] + scripts["KATAKANA"] + scripts["CJK"] > scripts["LATIN"] else otherwise
    return _BY_SCRIPT.get(scripts.most_common(1)[0][0], otherwise)


def find(voice: str, text: str, tongues: Sequence[Tongue], variants: Sequence[str]) -> str | None:
    """What espeak-ng calls that voice; None where there is no such."""
    wanted = voice.strip().lower()
    if wanted in FAMILIAR:
        language, variant = FAMILIAR[wanted]
        return _joined(language_of(text, language), variant)
    language, _, variant = wanted.partition("+")
    languages = {name.lower(): each.id for each in tongues for name in (each.name, each.id)}
    ways = {each.lower(): each for each in variants}
    if language not in languages or (variant and variant not in ways):
        return None
    return _joined(languages[language], ways.get(variant, ""))


def _joined(language: str, variant: str) -> str:
    return f"{language}+{variant}" if variant else language
