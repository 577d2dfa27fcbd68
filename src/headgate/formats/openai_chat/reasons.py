"""Why an answer ended: in vendors' words, and in OpenAI's five, because clients know no others."""

_STOP = ("stop", "eos", "eos_token", "end", "end_turn", "stop_sequence", "complete", "completed", "pause_turn")
_LENGTH = (
    "length",
    "max_tokens",
    "max_output_tokens",
    "max_length",
    "model_length",
    "error_limit",
    "context_length_exceeded",
    "model_context_window_exceeded",
)
_TOOL_CALLS = ("tool_calls", "tool_call", "tool_use", "function_call")
_CONTENT_FILTER = (
    "content_filter",
    "content_filtered",
    "safety",
    "sensitive",
    "recitation",
    "blocklist",
    "prohibited_content",
    "spii",
    "refusal",
    "error_toxic",
    "function_call_filter",
    "malformed_function_call",
)
_BROKEN = (
    "error",
    "failed",
    "failure",
    "abort",
    "aborted",
    "cancelled",
    "canceled",
    "network_error",
    "server_error",
    "insufficient_system_resource",
)

BROKEN = "error"
"""What stands for any word that means: what was said is not all of it."""

_REASONS = {
    word: reason
    for reason, words in {
        "stop": _STOP,
        "length": _LENGTH,
        "tool_calls": _TOOL_CALLS,
        "content_filter": _CONTENT_FILTER,
        BROKEN: _BROKEN,
    }.items()
    for word in words
}

_NONE = frozenset({"", "null", "none"})


def read(said: object) -> str | None:
    """The reason in OpenAI's words, BROKEN, or None where nothing ended yet."""
    if isinstance(said, dict):
        said = said.get("type", "stop")
    if not isinstance(said, str):
        return "stop" if said else None
    # `FinishReason.MAX_TOKENS`, `content-filter`, `content_filter: SAFETY`
    word = said.partition(":")[0].rpartition(".")[2].strip().lower().replace("-", "_").replace(" ", "_")
    return None if word in _NONE else _REASONS.get(word, "stop")


def better(old: str | None, new: str) -> str:
    """Of two reasons for one end, the one that says more: `stop` is also what a server says that knows no reason."""
    return new if old is None or new != "stop" else old


def final(reason: str | None, *, has_calls: bool) -> str:
    """Calls and `tool_calls` belong together: clients loop without end over one without the other."""
    if has_calls and reason in (None, "stop", "tool_calls"):
        return "tool_calls"
    return "stop" if reason in (None, "tool_calls") else str(reason)
