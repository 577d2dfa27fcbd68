"""Models of every vendor that play a script of rounds: each asks for some functions, or says its last words."""

from tests.loop.models import amazon, chat, claude, google, responses
from tests.loop.models.base import Asked, Call, Model, Round

MODELS: dict[str, Model] = {
    "chat": chat.Chat(),
    "responses": responses.Responses(),
    "anthropic": claude.Claude(),
    "gemini": google.Gemini(),
    "bedrock": amazon.Converse(),
}

__all__ = ["MODELS", "Asked", "Call", "Model", "Round"]
