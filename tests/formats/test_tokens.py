"""Tokens as they are estimated, against those of real tokenizers."""

import base64

import pytest

from headgate.calls import AudioPart, FilePart, ImagePart, Message, Prompt, TextPart, Tool, ToolUse
from headgate.events import AnyEvent, Audio, Reasoning, Started, Text, ToolCall, ToolInput
from headgate.formats import counting, tokens
from tests.formats import languages

# As OpenAI's o200k_base counts (GPT-4o and later), its cl100k_base (GPT-4), and Mistral's Tekken of September 2024:
# counted once with gpt-tokenizer 4.0 and mistral-common 1.13, and written down. None of these texts was looked at when
# the figures of the estimate were chosen.
COUNTED = {
    "ENGLISH": (193, 193, 195),
    "GERMAN": (207, 239, 213),
    "FRENCH": (132, 155, 130),
    "CHINESE": (200, 287, 223),
    "JAPANESE": (150, 208, 138),
    "RUSSIAN": (134, 233, 145),
    "PYTHON": (229, 229, 238),
    "TYPESCRIPT": (181, 181, 184),
    "JSON": (229, 223, 275),
    "MARKDOWN": (160, 160, 171),
    "HASHES": (173, 171, 251),
}


@pytest.mark.parametrize("kind", COUNTED)
def test_a_text_has_about_as_many_tokens_as_a_tokenizer_finds(kind: str) -> None:
    """Within a tenth of OpenAI's newer one, which is most like those of other vendors today."""
    newer, older, other = COUNTED[kind]
    found = tokens.count(getattr(languages, kind))
    assert abs(found / newer - 1) <= 0.1
    # The others cut languages that are not English into more pieces, each in its own way.
    assert 0.5 * min(older, other) <= found <= 1.25 * max(older, other)


def test_a_long_text_is_counted_in_parts_and_a_very_long_one_by_samples() -> None:
    text = languages.ENGLISH + languages.JSON + languages.CHINESE
    once = counting.take(counting.of_text(text))
    size = len(text)
    for times in (10, 1000):
        assert counting.take(counting.of_text(text * times)) == pytest.approx(once * times, rel=0.05)
    assert len(list(counting.of_text(text * 10))) == size * 10 // counting.SLICE
    assert len(list(counting.of_text(text * 1000))) <= counting.SAMPLE // counting.SLICE + 1


def test_many_texts_are_counted_like_one() -> None:
    """A few of them in one step, and of very many a part."""
    once = counting.take(counting.of_text(languages.ENGLISH))
    for times in (3, 1000, 5000):
        texts = [languages.ENGLISH] * times
        assert counting.take(counting.of_texts(texts)) == pytest.approx(once * times, rel=0.05)
        steps = min(times * len(languages.ENGLISH), 1.1 * counting.SAMPLE) // counting.SLICE
        assert len(list(counting.of_texts(texts))) <= steps
    assert counting.take(counting.of_texts(["", "a", ""])) == 1


def test_nothing_has_no_tokens() -> None:
    assert counting.take(counting.of_text("")) == 0
    assert counting.take(counting.of_answer([Started("p", "m", "", 0)])) == (0, 0, 0)


@pytest.mark.parametrize(
    ("begins", "bytes_a_second"),
    [
        (b"RIFF" + bytes(24) + (32_000).to_bytes(4, "little"), 32_000),
        (b"OggS", 4_000),
        (b"fLaC", 24_000),
        (b"\xff\xf3\x84\xc4", 8_000),
        (b"\xff\xf1\x58\x40", 8_000),
        (b"\x01\x00", 48_000),
    ],
)
def test_a_sound_counts_by_its_length(begins: bytes, bytes_a_second: int) -> None:
    """A speech that was stopped has to be paid for, too."""
    events = [Audio(begins), Audio(bytes(bytes_a_second * 6 - len(begins)))]
    assert counting.take(counting.of_answer(events)) == (0, 125, 0)


@pytest.mark.parametrize("text", ["\x00\ud800", "\U0001f642" * 50, " " * 5000, "\n" * 5000, "a" * 5000, "\u0301" * 9])
def test_no_text_is_too_strange(text: str) -> None:
    assert 0 < counting.take(counting.of_text(text)) <= 2 * len(text)


def png(width: int, height: int) -> str:
    """The beginning of such a picture."""
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\x00\x00\x00"
    return "data:image/png;base64," + base64.b64encode(head + b"\x00" * 3000).decode()


PICTURES = {
    "small": (png(300, 200), None, 85),
    "of its size": (png(1000, 600), None, 800),
    "made smaller": (png(8000, 8000), None, 1600),
    "somewhere else": ("https://example.com/a.png", None, 1600),
    "with little detail": (png(1000, 600), "low", 85),
    "broken": ("data:image/png;base64,%%%%", None, 1600),
    "no picture": ("data:,hello", None, 1600),
}


@pytest.mark.parametrize(("url", "detail", "expected"), PICTURES.values(), ids=PICTURES.keys())
def test_a_picture_counts_by_its_size_and_not_by_its_bytes(url: str, detail: str | None, expected: int) -> None:
    assert tokens.of_image(url, detail) == expected


def test_sounds_and_documents_count_by_their_length() -> None:
    second = "A" * 64_000
    assert tokens.of_sound(len(second), "wav") == pytest.approx(25)
    assert tokens.of_sound(12_500, "mp3") == pytest.approx(25)
    assert tokens.of_file(None) == tokens.of_file("data:application/pdf;base64,AAAA") == 1500
    assert tokens.of_file("A" * 750_000) == pytest.approx(15_000)


def test_a_prompt_counts_all_that_it_holds() -> None:
    """Each part of it adds something; in a request that holds nothing else, it adds all."""
    plain = Prompt(messages=(Message("user", (TextPart("Hello there!"),)),))
    base = counting.estimate(plain)
    assert 5 <= base <= 10
    call = ToolUse("call_1", "weather", '{"city":"Brno"}')
    more = [
        Message("assistant", (), calls=(call,)),
        Message(
            "user", (ImagePart(png(1000, 600)), AudioPart("A" * 12_500, "mp3"), FilePart(url="https://e.com/a.pdf"))
        ),
    ]
    assert counting.estimate(Prompt(messages=(*plain.messages, more[0]))) > base + 8
    assert counting.estimate(Prompt(messages=(*plain.messages, more[1]))) >= base + 800 + 25 + 1500
    tool = Tool("weather", "Tells the weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
    assert counting.estimate(Prompt(messages=plain.messages, tools=(tool,))) > base + 15
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": tool.schema}}
    assert counting.estimate(Prompt(messages=plain.messages, response_schema=schema)) > base + 15


def test_an_answer_counts_what_was_thought_said_and_called() -> None:
    thought: list[AnyEvent] = [Reasoning("Let me think "), Reasoning("about that.")]
    spoken: list[AnyEvent] = [Text("It is "), Text("sunny."), Text("Rain!", choice=1)]
    called: list[AnyEvent] = [ToolCall(0, "call_1", "weather"), ToolInput(0, '{"city":'), ToolInput(0, '"Brno"}')]
    counts = [counting.take(counting.of_answer(part)) for part in (thought, spoken, called)]
    assert 5 <= counts[0].output == counts[0].reasoning <= 7
    assert (counts[1].output, counts[1].reasoning) == (6, 0)
    assert counts[2].output > 10
    whole = counting.take(counting.of_answer([*thought, *spoken, *called]))
    assert whole.reasoning == counts[0].reasoning
    assert abs(whole.output - sum(count.output for count in counts)) <= 2


@pytest.mark.parametrize("model", ["claude-opus-4-8", "claude-haiku-5-5", "us.anthropic.claude-sonnet-5-v1:0"])
def test_newer_claudes_count_more(model: str) -> None:
    assert tokens.is_of_more(model)


@pytest.mark.parametrize("model", ["claude-opus-4-1", "claude-haiku-4-5-20251001", "gpt-4o", "claude-3-5-haiku", ""])
def test_all_others_do_not(model: str) -> None:
    assert not tokens.is_of_more(model)


def test_data_in_a_request_that_nobody_understands_does_not_count() -> None:
    text = '{"strange":{"blob":"' + "QUJD" * 5000 + '","note":"Hello there!"}}'
    assert counting.take(counting.of_json(text)) < 40


def test_a_glance_is_enough_to_know_roughly() -> None:
    """However long a text is; what is no language does not count."""
    text = languages.ENGLISH * 500
    assert counting.roughly("") == 0
    assert counting.roughly(text) == pytest.approx(tokens.count(languages.ENGLISH) * 500, rel=0.3)
    picture = base64.b64encode(bytes(range(256)) * 4000).decode()
    assert counting.roughly(picture + text) == pytest.approx(counting.roughly(text), rel=0.3)


ODD = ("\xa0", "\u2003", "\x0b ", "5", "5" * 30 + "a", "A", "a" * 30 + "1", "\u0301", "-\n", "A" * 99 + "é")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ODD, ids=ascii)
def test_odd_texts_take_no_longer_than_others(piece: str) -> None:
    """Looking at each place for what stands at the end would take minutes."""
    text = (piece * 100_000)[:100_000]
    assert 0 < tokens.count(text) <= 100_000
    assert tokens.without_data("+" * 399 + "." + text).startswith("+")
