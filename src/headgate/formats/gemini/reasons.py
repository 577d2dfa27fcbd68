"""Why an answer ended: Google's many words and OpenAI's five."""

_FILTERED = "content_filter"
"""What stands for every other end: what was said is not all that would have been said."""

_TO_OPENAI = {"STOP": "stop", "MAX_TOKENS": "length", "CONTINUATION": "length", "FUNCTION_CALL": "stop"}
"""Google ends with STOP whether it calls functions or not; others take `FUNCTION_CALL` for its word (aimock)."""

_FROM_OPENAI = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "function_call": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
}

UNSPECIFIED = "FINISH_REASON_UNSPECIFIED"
MALFORMED_CALL = "MALFORMED_FUNCTION_CALL"


def read(said: str, *, has_calls: bool) -> str:
    """OpenAI's word for a finish reason."""
    reason = _TO_OPENAI.get(said.upper(), _FILTERED)
    return "tool_calls" if has_calls and reason == "stop" else reason


def write(reason: str) -> str:
    """Google's word."""
    return _FROM_OPENAI.get(reason, "OTHER")
