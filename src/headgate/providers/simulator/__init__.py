"""
A provider that answers without any model: to try things out, and to rehearse what may go wrong.

Reading order: script (how to behave), plan (what to say), voice (the pieces it is said in), provider
(when each of them comes). `prose` makes sentences up, `inventing` makes up what fits a JSON schema.
The `assistant` that keeps todos: wants, hearing (words into wants), record (what tools gave), assistant.
"""

from headgate.providers.simulator.provider import EMBEDDING, Simulator
from headgate.providers.simulator.script import MODELS, Fail, Script, ScriptedCall, Tokens

__all__ = ["EMBEDDING", "MODELS", "Fail", "Script", "ScriptedCall", "Simulator", "Tokens"]
