"""
Sentences made up by a small grammar: what the simulator says when nobody told it what to say.

There is a template for every number of words up to ten, and every slot is one word. So an answer has
exactly as many words as were asked for and still ends with a whole sentence.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TypeAlias

Grammar: TypeAlias = Mapping[int, Sequence[str]]
"""Templates by how many words they make."""

_LONGEST = 10
_USUAL = range(4, _LONGEST + 1)
"""Lengths of sentences that are pleasant in a row; shorter ones only end an answer."""

_APART = 8
"""So many sentences lie between two of the same template, where there are enough."""

# What may follow "a" begins with a consonant.
_PLACES = (
    "river",
    "stream",
    "gate",
    "lighthouse",
    "harbour",
    "bridge",
    "lock",
    "weir",
    "brook",
    "pier",
    "cove",
    "meadow",
    "ford",
    "millpond",
)
_MOVERS = ("ferry", "heron", "keeper", "swan", "rower", "barge", "pilot", "tide", "lantern", "breeze", "otter")
_RESTS = ("waits", "listens", "glows", "remembers", "sleeps", "shines", "sings", "holds")
_MOVES = ("drifts", "turns", "returns", "whispers", "passes", "sways", "hums", "lingers")
_MEETS = ("passes", "follows", "watches", "greets", "remembers", "guards", "admires")
_KINDS = ("quiet", "patient", "silver", "slow", "bright", "steady", "distant", "gentle", "weathered", "small")
_TIMES = ("dawn", "dusk", "noon", "midnight", "daybreak", "nightfall")


def _by_length(*templates: str) -> Grammar:
    grammar: dict[int, list[str]] = {}
    for template in templates:
        grammar.setdefault(len(template.split()), []).append(template)
    return grammar


# Letters of more than one byte are here on purpose: they find those who cut a stream inside of one.
SPOKEN = _by_length(
    "Listen.",
    "Patience.",
    "Water remembers.",
    "Buenos días.",
    "The {place} {rests}.",
    "The {one} {moves}.",
    "The {kind} {place} {rests}.",
    "The {kind} {one} {moves}.",
    "Somewhere a {one} {moves}.",
    "Mañana the {one} {moves}.",
    "At {time} the {one} {moves}.",
    "The {one} {meets} the {place}.",
    "Behind the {place}, something {moves}.",
    "Every {one} knows the {place}.",
    "Nothing hurries the {kind} {place}.",
    "A {kind} {one} {meets} the {place}.",
    "Señora Núñez keeps the {place} open.",
    "A horse 🐎 crosses at {time}.",
    "The café by the {place} {rests}.",
    "Nobody asks the {one} to hurry.",
    "All the {place} needs is water.",
    "The {place} {rests}, and the {one} {moves}.",
    "Whoever finds the {place} meets the {one}.",
    "All night the {one} {meets} the {place}.",
    "Between {place} and {there}, the water rises.",
    "At {time} the {kind} {one} {meets} the {place}.",
    "From the {place} you can hear the {there}.",
    "The {one} brings {kind} news from the {place}.",
    "Ask the {one} for a table at the café.",
    "When the {one} {moves}, a {kind} {other} {moves} too.",
    "Past the {place}, every {one} finds its own {there}.",
    "Every stream begins as one {kind} drop of rain.",
    "The lighthouse counts the boats and forgets the numbers.",
    "Beyond the {place}, a {one} waits until the {other} {moves}.",
    "The {place} leads to the {there}, and the {there} onward.",
    "A gate is only a wall that learned to listen.",
    "No river reads the map, yet each finds the sea.",
)

THOUGHT = _by_length(
    "Hmm.",
    "Well.",
    "Let's see.",
    "Think slowly.",
    "The {place} first.",
    "Not the {one}.",
    "Perhaps the {one} {moves}.",
    "Start with the {place}.",
    "Wait, no: the {one}.",
    "What if the {one} {moves}?",
    "Surely the {one} {meets} something.",
    "Then the {place} must come later.",
    "The {one} may know the {place}.",
    "Nobody said that the {one} {moves}, though.",
    "That leaves the {place} and the {one}.",
    "So the {kind} {place} is not the answer.",
    "Is there a {one} before the {place}, then?",
    "If the {place} {rests}, then the {there} {rests} too.",
    "First the {place}, then the {one}, and last the {there}.",
)


def sentences(rng: Random, words: int, grammar: Grammar = SPOKEN) -> Iterator[str]:
    """Sentences of exactly that many words in all, each but the first with a space before it."""
    recent: deque[str] = deque(maxlen=_APART)
    space = ""
    while words:
        templates = [template for length in _lengths(words) for template in grammar[length]]
        template = rng.choice([template for template in templates if template not in recent] or templates)
        recent.append(template)
        yield space + _filled(rng, template)
        words -= len(template.split())
        space = " "


def phrase(rng: Random) -> str:
    """Two words, where a sentence would be too much."""
    return f"{rng.choice(_KINDS)} {rng.choice(_PLACES)}"


def word(rng: Random) -> str:
    """One word."""
    return rng.choice(_PLACES)


def _lengths(words: int) -> Sequence[int]:
    if words <= _LONGEST:
        return (words,)
    # A rest of one or two words would sound like a hiccup.
    return [length for length in _USUAL if words - length > 2]


def _filled(rng: Random, template: str) -> str:
    place, there = rng.sample(_PLACES, 2)
    one, other = rng.sample(_MOVERS, 2)
    return template.format(
        place=place,
        there=there,
        one=one,
        other=other,
        rests=rng.choice(_RESTS),
        moves=rng.choice(_MOVES),
        meets=rng.choice(_MEETS),
        kind=rng.choice(_KINDS),
        time=rng.choice(_TIMES),
    )
