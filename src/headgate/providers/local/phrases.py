"""What may be heard: phrases, or a grammar that says how they are put together."""

import re
from collections.abc import Iterator, Sequence

MOST_PHRASES = 1000
MOST_WORDS = 12
"""Of a line that is a phrase; a longer one is prose, which narrows nothing."""

MOST_GRAMMAR = 64 * 1024

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_GRAMMAR = "#JSGF"
_ASIDES = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_NOT_WORDS = re.compile(
    r"#JSGF[^;]*;|\bgrammar\s+[^;]*;|\bpublic\b"
    r"|<[^>]*>|\{(?:\\.|[^}\\])*\}|/[\d.eE+-]+/"  # rules, tags, weights
    r"|[()\[\]|*+=;]",
    re.DOTALL,
)


def is_grammar(text: str) -> bool:
    """Whether it is one, in the Java Speech Grammar Format."""
    return text.lstrip().startswith(_GRAMMAR)


def narrowing(prompt: str) -> tuple[tuple[str, ...], str]:
    """
    What a request's prompt says that may be heard: phrases, one a line, or a grammar.

    Neither, for a prompt that is prose: it was meant for a model that reads.
    """
    if is_grammar(prompt):
        return (), prompt
    lines = tuple(line.strip() for line in prompt.splitlines() if line.strip())
    if any(not 0 < len(words_of(line)) <= MOST_WORDS for line in lines):
        return (), ""
    return lines, ""


def words_of(phrase: str) -> list[str]:
    """The words of a phrase, as they are looked up."""
    return [word.lower().replace("’", "'") for word in _WORD.findall(phrase)]


def words_of_grammar(grammar: str) -> set[str]:
    """The words of a grammar, as they are written there."""
    return {word.strip('"') for word in _NOT_WORDS.sub(" ", _ASIDES.sub(" ", grammar)).split()} - {""}


def lacking(grammar: str) -> str | None:
    """What is wrong with a grammar, of what whoever reads it does not say."""
    bare = _ASIDES.sub(" ", grammar)
    if len(grammar) > MOST_GRAMMAR:
        return f"a grammar has at most {MOST_GRAMMAR} characters"
    if re.search(r"\bimport\s*<", bare):
        return "rules of other grammars are not imported"
    made = set(re.findall(r"<([^>]*)>\s*=", bare)) | {"NULL", "VOID"}
    gone = next((name for name in re.findall(r"<([^>]*)>", bare) if name not in made), None)
    return None if gone is None else f"there is no rule <{gone[:100]}>"


def grammar_of(phrases: Sequence[str]) -> str:
    """The grammar of one phrase after the other, in any order."""
    ways = " | ".join(" ".join(words_of(phrase)) for phrase in dict.fromkeys(phrases))
    return f"#JSGF V1.0;\ngrammar phrases;\npublic <said> = ( {ways} )+;\n"


class Spelling:
    """Words as they are written out: phrases as they were given, found again among the words that were heard."""

    def __init__(self, phrases: Sequence[str] = (), *, settles: bool = False) -> None:
        self._phrases = {tuple(words_of(phrase)): phrase for phrase in reversed(phrases)}
        self._longest = max(map(len, self._phrases), default=0)
        self._settles = settles

    @classmethod
    def of_anything(cls) -> "Spelling":
        """Of words that belong to no phrases."""
        return cls(settles=True)

    def of(self, words: Sequence[str]) -> str:
        """What these words are, written out."""
        return " ".join(text for _, text in self._parts(words))

    def settled(self, words: Sequence[str]) -> int:
        """How many of these words, the first of more, may be told already: of phrases, whole ones but the last."""
        if self._settles:
            return len(words)
        whole, before = 0, 0
        for end, _ in self._parts(words):
            if tuple(words[before:end]) not in self._phrases:
                break
            whole, before = before, end
        return whole

    def _parts(self, words: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Phrases, and words that belong to none, each with where it ends."""
        at = 0
        while at < len(words):
            length, text = 1, words[at]
            for longer in range(min(self._longest, len(words) - at), 0, -1):
                if (phrase := self._phrases.get(tuple(words[at : at + longer]))) is not None:
                    length, text = longer, phrase
                    break
            at += length
            yield at, text
