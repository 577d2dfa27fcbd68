"""In whose format an answer is, told by how it begins."""

import pytest

from headgate.formats import openai_chat
from headgate.formats.spoken import ENOUGH, mistake, spoken
from tests.upstreams.chaos.formats import STREAMED, WHOLE

NAMES = {
    "chat": "openai.chat",
    "responses": "openai.responses",
    "messages": "anthropic.messages",
    "generate": "gemini.generate",
}


@pytest.mark.parametrize("format", NAMES)
def test_answers_are_told_apart(format: str) -> None:
    for start in (STREAMED[format], WHOLE[format], WHOLE[format].replace(b": ", b":")):
        assert spoken(start) == NAMES[format]
    assert spoken(b'{"object": "text_completion"') == "openai.completions"


@pytest.mark.parametrize("start", [b"", b"{}", b"<html>", b"data: ", b"\xff\xfe", b" " * ENOUGH + WHOLE["chat"]])
def test_nobody_can_tell(start: bytes) -> None:
    assert spoken(start) is None


def test_a_mistake_is_told_in_a_sentence() -> None:
    said = mistake(WHOLE["messages"], openai_chat.Reader, "up")
    assert said is not None
    assert said.startswith("up was asked in the format of OpenAI's chat completions and answered in that of Anthr")
    assert mistake(WHOLE["chat"], openai_chat.Reader, "up") is None
    assert mistake(WHOLE["chat"], object, "up") is None
