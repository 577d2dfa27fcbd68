"""Voices by name."""

import pytest

from headgate.providers.local.tongues import FAMILIAR, find, language_of
from tests.local.sounds import voicebox


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello", "en-us"),
        ("Добрый день, Bob", "ru"),
        ("Γεια σου", "el"),
        ("你好，世界", "cmn"),
        ("今日は良い天気ですね", "ja"),
        ("안녕하세요", "ko"),
        ("नमस्ते", "hi"),
        ("123 !?", "en-us"),
        ("", "en-us"),
        ("The letter Ж is Russian", "en-us"),
    ],
)
def test_letters_say_which_language_is_meant(text: str, language: str) -> None:
    assert language_of(text, "en-us") == language


@pytest.mark.parametrize(
    ("voice", "found"),
    [
        ("alloy", "en-us"),
        ("Nova", "en-us+f5"),
        ("en-gb", "en-gb"),
        ("EN-GB+F3", "en-gb+f3"),
        ("English (America)", "en-us"),
        ("de", "de"),
        ("de+whisper", "de+whisper"),
        ("nobody", None),
        ("de+nobody", None),
        ("", None),
        ("../../etc/passwd", None),
        ("en-us+../../x", None),
    ],
)
def test_voices_are_those_that_are_known(voice: str, found: str | None) -> None:
    assert find(voice, "Hello", voicebox().tongues, voicebox().variants()) == found


@pytest.mark.slow
def test_every_voice_can_be_chosen() -> None:
    box = voicebox()
    names = [*FAMILIAR, *(f"{tongue.id}+f2" for tongue in box.tongues), *(f"en-gb+{way}" for way in box.variants())]
    for name in names:
        voice = find(name, "Hello", box.tongues, box.variants())
        assert voice is not None, name
        box.choose(voice)
