"""What names mean under OpenAI's prefixes."""

import json

from headgate.calls import Call
from headgate.dialects import drop_in
from headgate.formats import openai_chat
from headgate.runs import Catalogue
from tests.purai.asked import HELLO
from tests.runs.fakes import Fake

PROVIDERS = {name: Fake(name=name) for name in ("claude", "openai")}
CATALOGUE = Catalogue(PROVIDERS, {"fast": "claude/haiku"}, (("claude-", "claude"),))


def call(model: str, *fallbacks: str) -> Call:
    more = {"fallbacks": fallbacks} if fallbacks else {}
    return openai_chat.read(json.dumps({"model": model, "messages": [HELLO], **more}).encode())


def test_names_mean_there_what_they_mean_nowhere_else() -> None:
    """In the request too, which is kept, and may be read again after a crash."""
    asked = call("text-9", "fast", "claude-2", "openai/gpt", "gpt-4")
    meant = drop_in.meant(CATALOGUE, {"headgate.home": True}, asked)
    assert meant.model == "openai/text-9"
    assert meant.fallbacks == ("fast", "claude/claude-2", "openai/gpt", "openai/gpt-4")
    again = openai_chat.read(json.dumps({name: json.loads(bytes(raw)) for name, raw in meant.fields.items()}).encode())
    assert (again.model, again.fallbacks) == (meant.model, meant.fallbacks)
    assert drop_in.meant(CATALOGUE, {}, asked) is asked


def test_a_request_without_fallbacks_gets_none() -> None:
    meant = drop_in.meant(CATALOGUE, {"headgate.home": True}, call("gpt-4"))
    assert "fallbacks" not in meant.fields


def test_without_the_provider_names_are_as_everywhere() -> None:
    alone = Catalogue({"claude": PROVIDERS["claude"]}, {}, ())
    assert drop_in.named(alone, {"headgate.home": True}, "gpt-4") == "gpt-4"
