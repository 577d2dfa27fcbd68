"""
What was tried for a run, as its watchers want to know it: who, when, and what became of it.

The log has what readers of an answer need; this has times as well, and is kept in memory only, with its run.
"""

import msgspec


class Try(msgspec.Struct, frozen=True, gc=False):
    """One try at one provider."""

    provider: str
    model: str
    """By the name it was asked for."""
    key: str
    """Which of the provider's keys it was, where it has several; a label, never the key."""
    began: float
    """Unix seconds."""
    ended: float
    status: int = 200
    code: str = ""
    """Why it failed, or was given up."""
    has_spoken: bool = False
    """Whether the run was its own: it had brought output, or all there was."""
    span: str = ""
    """By what name traces know it."""


def reason(before: Try, this: Try) -> str:
    """Why this one was made, after the one before: hedge, continuation, retry, key or failover."""
    if this.began < before.ended:
        return "hedge"
    if before.has_spoken:
        return "continuation"
    if (this.provider, this.model) != (before.provider, before.model):
        return "failover"
    return "retry" if this.key == before.key else "key"
