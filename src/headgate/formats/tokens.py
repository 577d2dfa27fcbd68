"""
How many tokens a piece of text has, or a picture, or a sound: estimated, for no vocabulary in particular.

Theory of operation. Tokenizers first cut a text into words, numbers and marks, all by much the same rules, and
then cut what is not common into smaller pieces. The first step is done here as they do it, by one regular
expression. For the second there is no vocabulary, so a word costs what words of its length and script cost on
the average. Words in Latin letters are common ones, if they are English, and are cut if they are not; which it
is, the share of the commonest English words tells. All figures come from comparing with real tokenizers, and
`tests/formats/test_tokens.py` says how far off they are.
"""

import base64
import re
from collections.abc import Sequence

_PIECES = re.compile(
    r"[^\w\s]?(?:[A-Z]*[a-z]+|[A-Z]+)(?![0-9À-ɏ])"
    # No alternative may look far ahead in vain: of a text of nothing but digits, or of odd blanks, each place would.
    r"|(?=[0-9]{0,20}[A-Za-z])(?=[A-Za-z]{0,20}[0-9])[A-Za-z0-9]{6,}"
    r"|[0-9]{1,3}"
    r"|[A-Za-zÀ-ɏ]+"
    r"|[\u3400-\u9fff]+|[\u3040-\u30ff]+|[\uac00-\ud7af]+"
    r"|[\u0370-\u052f]+|[\u0590-\u08ff]+|[\u0900-\u0eff]+"
    r"|\s*[\r\n]+|[^\S\r\n]{2,}|\s(?=[0-9])"
    r"|[!-/:-@\[-`{-~]+[\r\n]*"
    r"|[^\s!-~]"
)

_COMMON = frozenset(
    word
    for line in (
        "the of and to a in is it that for on with as this be are or by not from at an you your which when",
        "have has was were will can if but they there we all one so what how no more its",
    )
    for word in line.split()
)
"""They are a third of any English text, and hardly a word of any other language."""

_ENGLISH_SHARE = 0.22
"""With so many of them among its words a text is English altogether."""

_CODE, _SLOPE = 1.4, 1.2
"""With more pieces for each word than that a text is a program or data, and its words are English, too."""

_MAX_KNOWN = 50_000
"""Caps how many pieces are remembered: some megabytes."""

_ENGLISH = (0.0, *[1.0] * 7, *[1.17] * 4)
"""What an English word costs, by its letters; a longer one a token for each seven."""
_OTHER = (0.0, 1.0, 1.0, 1.0, 1.03, 1.22, 1.4, 1.5, 1.65, 1.9, 2.0, 2.1, 2.3)
"""What a word of another language in Latin letters costs; a longer one a token for each five."""
_ACCENTED = 1.08
"""How many times as much it costs with letters that are not ASCII."""
_CAPITALS = 2.6
"""Letters per token of a word in capitals."""
_MIXED = 0.58
"""Tokens per character where letters and digits are mixed: hashes, keys, base64."""
_JOINED = 0.6
"""What the mark before a word costs, as in `.name` or `_name`: often the two are one token."""
_REPEATED = 0.35
"""What each mark costs beyond the second of a row."""

_PER_LETTER = (
    ("\u0370", "\u0400", 0.45),  # Greek
    ("\u0400", "\u0590", 0.29),  # Cyrillic
    ("\u0590", "\u0900", 0.34),  # Hebrew, Arabic
    ("\u0900", "\u0f00", 0.33),  # those of India, and Thai
    ("\u3040", "\u3100", 0.85),  # Japanese
    ("\u3400", "\ua000", 0.78),  # Chinese
    ("\uac00", "\ud7b0", 0.75),  # Korean
)


class _Costs(dict[str, float]):
    """What pieces cost, remembered: most of a text is pieces that come again and again."""

    def __init__(self, words: tuple[float, ...], letters: float) -> None:
        self._words, self._letters = words, letters

    def __missing__(self, piece: str) -> float:
        if len(self) >= _MAX_KNOWN:
            self.clear()
        cost = self[piece] = self._of_ascii(piece) if piece.isascii() else _of_others(piece)
        return cost

    def _of_ascii(self, piece: str) -> float:
        if piece.isalpha():
            return self._of_word(piece)
        if piece.isdigit():
            return 1.0
        if piece.isalnum():
            return len(piece) * _MIXED
        if piece[-1].isalpha():
            return _JOINED + self._of_word(piece[1:])
        marks = len(piece.rstrip())
        return 1.0 if marks <= 2 else 1 + (marks - 2) * _REPEATED

    def _of_word(self, word: str) -> float:
        size = len(word)
        if word.isupper():
            return max(1.0, size / _CAPITALS)
        return self._words[size] if size < len(self._words) else max(self._words[-1], size / self._letters)


_english, _other = _Costs(_ENGLISH, 7), _Costs(_OTHER, 5.2)


def _of_others(piece: str) -> float:
    first, size = piece[0], len(piece)
    if first <= "\u024f":
        return max(1.0, (_OTHER[size] if size < len(_OTHER) else size / 5.2) * _ACCENTED)
    for low, high, cost in _PER_LETTER:
        if low <= first < high:
            return max(1.0, size * cost)
    return 1.0 if first <= "\uffff" else 2.0


def count(text: str) -> float:
    """Those of a text of some thousand characters at most."""
    pieces = _PIECES.findall(text)
    words = sum(map(str.isalpha, pieces)) + 1
    weight = _weight(len(pieces), words, sum(map(_COMMON.__contains__, pieces)))
    if weight >= 1:
        return sum(map(_english.__getitem__, pieces))
    if weight <= 0:
        return sum(map(_other.__getitem__, pieces))
    return weight * sum(map(_english.__getitem__, pieces)) + (1 - weight) * sum(map(_other.__getitem__, pieces))


def _weight(pieces: int, words: int, common: int) -> float:
    """How much of a text is English, or a program: 1 and more is all of it."""
    return max(common / words / _ENGLISH_SHARE, (pieces / words - _CODE) * _SLOPE)


class _Parts(dict[str, tuple[int, int, int, float, float]]):
    """Of parts of a text: pieces, words, common ones, what they cost in English and else; remembered as pieces are."""

    def __missing__(self, part: str) -> tuple[int, int, int, float, float]:
        if len(self) >= _MAX_KNOWN:
            self.clear()
        pieces = _PIECES.findall(part)
        words, common = sum(map(str.isalpha, pieces)), sum(map(_COMMON.__contains__, pieces))
        costs = sum(map(_english.__getitem__, pieces)), sum(map(_other.__getitem__, pieces))
        found = self[part] = (len(pieces), words, common, *costs)
        return found


_parts = _Parts()

LONGEST_PART = 24
"""Characters of a part that is remembered."""


def count_parts(parts: Sequence[str]) -> float:
    """Those of a text that came in short parts, which are words or tokens: most of them were seen before."""
    pieces, words, common, english, other = map(sum, zip(*map(_parts.__getitem__, parts), strict=True))
    weight = min(1.0, max(0.0, _weight(pieces, words + 1, common)))
    return weight * english + (1 - weight) * other


def is_of_more(model: str) -> bool:
    """Whether a model cuts everything into more tokens than others: Claude does, since 4.7."""
    return _CLAUDE.search(model) is not None


_CLAUDE = re.compile(r"claude-(?:opus|sonnet|haiku|fable|mythos)-(?:4-[7-9]|[5-9])")

MORE = 1.3
"""How many times as many; its maker says so: https://platform.claude.com/docs/en/models/haiku-5-5/overview"""

_DATA = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{400,}={0,2}")


def without_data(text: str) -> str:
    """The text but for its base64."""
    return _DATA.sub("", text)


PER_PICTURE = 1600
"""Those of the largest picture that is not made smaller first; most are not far from that."""
PER_SMALL_PICTURE = 85
"""With OpenAI's `detail: low`."""
PIXELS_PER_TOKEN = 750


def of_image(url: str, detail: str | None) -> float:
    """Those of a picture: by its size, where that can be seen without looking at the picture."""
    if detail == "low":
        return PER_SMALL_PICTURE
    head = _head(url)
    if head[:8] == b"\x89PNG\r\n\x1a\n" and len(head) >= 24:
        width, height = int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
        return min(PER_PICTURE, max(PER_SMALL_PICTURE, width * height / PIXELS_PER_TOKEN))
    return PER_PICTURE


def _head(url: str) -> bytes:
    if not url.startswith("data:"):
        return b""
    start = url.find(",") + 1
    try:
        return base64.b64decode(url[start : start + 32])
    except ValueError:
        return b""


PER_SECOND = 25
"""Those of a second of sound: OpenAI counts 10, Google 32."""
_PLAIN, _COMPRESSED = 64_000, 12_500
"""Characters of base64 in a second of it: 24,000 samples of 16 bits, or 75 kbit."""


def of_sound(size: int, format: str) -> float:
    """Those of a sound, by the size of its base64."""
    return size * PER_SECOND / (_PLAIN if format in ("wav", "pcm16") else _COMPRESSED)


PER_DOCUMENT = 1500
"""Those of one page."""
PER_CHARACTER = 1 / 50
"""Those of the base64 of a document: a page has some 75,000 characters, most of them fonts and pictures."""


def of_file(data: str | None) -> float:
    """Those of a document; of one that lies elsewhere nobody knows, and a page is better than nothing."""
    return max(PER_DOCUMENT, len(data or "") * PER_CHARACTER)
