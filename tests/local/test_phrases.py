"""What may be heard, where that is known."""

import pytest

from headgate.providers.local.phrases import Spelling, grammar_of, lacking, narrowing, words_of, words_of_grammar

GRAMMAR = """#JSGF V1.0 UTF-8 en;
grammar home; // of one house
/* and so <on> */
public <order> = <polite>* turn (on | off) [the] <thing> {tag = "x;"};
<polite> = /0.5/ please | /0.1/ kindly;
<thing> = light | "radio";
"""


@pytest.mark.parametrize(
    ("prompt", "known"),
    [
        ("", ()),
        ("open the door", ("open the door",)),
        ("Open the door!\n\n  Close it. \n", ("Open the door!", "Close it.")),
        ("yes\n---", ()),
        ("This is a talk about gateways, models and streams, in which nobody says anything else.", ()),
        ("open the door\nThis is a talk about gateways, models and streams, where nobody says anything else.", ()),
    ],
)
def test_lines_of_a_prompt_are_phrases_and_prose_is_none(prompt: str, known: tuple[str, ...]) -> None:
    assert narrowing(prompt) == (known, "")


def test_a_prompt_may_be_a_grammar() -> None:
    assert narrowing(f"\n{GRAMMAR}") == ((), f"\n{GRAMMAR}")
    assert words_of_grammar(GRAMMAR) == {"please", "kindly", "turn", "on", "off", "the", "light", "radio"}
    assert lacking(GRAMMAR) is None


@pytest.mark.parametrize(
    ("grammar", "wrong"),
    [
        ("#JSGF V1.0;\ngrammar a;\nimport <b.*>;\npublic <a> = x;", "rules of other grammars are not imported"),
        ("#JSGF V1.0;\ngrammar a;\npublic <a> = x <b>;", "there is no rule <b>"),
        ("#JSGF V1.0;" + " " * 70_000, "a grammar has at most 65536 characters"),
    ],
)
def test_what_is_wrong_with_a_grammar_is_said(grammar: str, wrong: str) -> None:
    assert lacking(grammar) == wrong


def test_words_are_what_stands_between_everything_else() -> None:
    assert words_of("Don't STOP - “now”, 2_nd time’s!") == ["don't", "stop", "now", "2", "nd", "time's"]
    assert grammar_of(["Yes!", "No, no.", "Yes!"]).splitlines()[-1] == "public <said> = ( yes | no no )+;"


def test_phrases_come_out_as_they_were_written() -> None:
    """The longest that fits; words between them as they are."""
    spelling = Spelling(["Open it.", "Open", "OK: close it!"])
    assert spelling.of(["open", "it", "ok", "close", "it", "open", "then"]) == "Open it. OK: close it! Open then"


def test_only_whole_phrases_are_told_early_and_never_the_last() -> None:
    """It may become another one."""
    spelling = Spelling(["yes", "yes please", "no"])
    assert [spelling.settled(words.split()) for words in ("", "yes", "yes no", "yes please no", "no please")] == [
        0,
        0,
        1,
        2,
        0,
    ]
    assert Spelling.of_anything().settled(["any", "words"]) == 2
