"""What is said is heard."""

import io

import pytest
from pocketsphinx import Decoder

from headgate.providers.local.decoding import Recording, Unreadable
from headgate.providers.local.ears import Ears
from headgate.providers.local.sounds import sounds_of
from headgate.providers.local.wire import Heard, Timed
from tests.local.sounds import PHRASES, spoken, voicebox


def heard(ears: Ears, text: str, format: str = "wav", voice: str = "en-us") -> list[Heard | Timed]:
    file = Recording(io.BytesIO(spoken(text, format, voice)), f".{format}", 600.0)
    return list(ears.listen(file.samples()))


def text_of(events: list[Heard | Timed]) -> str:
    return "".join(event.delta for event in events if isinstance(event, Heard))


@pytest.fixture(scope="module")
def ears() -> Ears:
    """That know some phrases."""
    ears = Ears()
    ears.expect([*PHRASES, "Restart Kubernetes on Grafana!"], "")
    return ears


@pytest.mark.parametrize("voice", ["en-us", "en-us+f3", "en-us+m3", "en-gb"])
@pytest.mark.parametrize("phrase", PHRASES)
def test_a_known_phrase_is_heard_exactly(ears: Ears, phrase: str, voice: str) -> None:
    events = heard(ears, phrase, voice=voice)
    assert text_of(events) == phrase
    timed = events[-1]
    assert isinstance(timed, Timed)
    assert timed.text == phrase
    assert [word for word, _, _ in timed.words] == phrase.split()
    times = [time for _, start, end in timed.words for time in (start, end)]
    assert times == sorted(times)
    assert (timed.start, timed.end) == (times[0], times[-1])


def test_words_of_no_dictionary_are_known_by_their_letters(ears: Ears) -> None:
    assert text_of(heard(ears, "Restart Kubernetes on Grafana!")) == "Restart Kubernetes on Grafana!"


def test_words_are_told_while_somebody_speaks(ears: Ears) -> None:
    """Whole phrases, which stay as they are."""
    text = ", ".join(PHRASES * 2)
    events = heard(ears, text)
    assert len([event for event in events if isinstance(event, Heard)]) > 2
    assert text_of(events) == text.replace(",", "")


def test_pauses_divide_a_recording(ears: Ears) -> None:
    first, second = (spoken(phrase, "pcm") for phrase in PHRASES[:2])
    file = Recording(io.BytesIO(first + bytes(2 * 48_000) + second), ".pcm", 600.0)
    events = list(ears.listen(file.samples()))
    one, two = (event for event in events if isinstance(event, Timed))
    assert (one.text, two.text) == PHRASES[:2]
    assert two.start > one.end + 1.5
    assert text_of(events) == " ".join(PHRASES[:2])


def test_silence_is_nothing(ears: Ears) -> None:
    file = Recording(io.BytesIO(bytes(5 * 48_000)), ".pcm", 600.0)
    assert list(ears.listen(file.samples())) == []


@pytest.mark.slow
def test_anything_may_be_said_where_nothing_is_expected() -> None:
    """It is not understood well: what espeak-ng says is no voice that the model was made from."""
    ears = Ears()
    ears.expect((), "")
    events = heard(ears, "what is the weather tomorrow. " * 2)
    assert "weather" in text_of(events)
    assert len([event for event in events if isinstance(event, Heard)]) > 1
    assert text_of(events).split() == [
        word for event in events if isinstance(event, Timed) for word, _, _ in event.words
    ]


def test_a_grammar_says_what_may_be_heard() -> None:
    ears = Ears()
    ears.expect((), "#JSGF V1.0;\ngrammar home;\npublic <order> = (open | turn on) the (light | window);\n")
    assert text_of(heard(ears, "open the window")) == "open the window"


@pytest.mark.parametrize(
    ("grammar", "why"),
    [
        ("#JSGF V1.0;\ngrammar a;\npublic <a> = (x", "it cannot be read"),
        ("#JSGF V1.0;\ngrammar a;\npublic <a> = x <b>;", "there is no rule <b>"),
    ],
)
def test_a_grammar_that_makes_no_sense_is_refused(grammar: str, why: str) -> None:
    with pytest.raises(Unreadable) as refused:
        Ears().expect((), grammar)
    trouble = refused.value.trouble
    assert (trouble.status, trouble.param) == (400, "prompt")
    assert trouble.message.endswith(f": {why}.")


@pytest.mark.parametrize(
    "word",
    [
        "hello",
        "church",
        "judge",
        "vision",
        "thought",
        "boy",
        "cow",
        "fire",
        "better",
        "tomorrow",
        "yes",
        "measure",
        "car",
    ],
)
def test_letters_have_the_sounds_that_the_dictionary_says(word: str) -> None:
    voicebox().choose("en-us")
    assert sounds_of(word, voicebox()) == Decoder(lm=None, loglevel="FATAL").lookup_word(word)
